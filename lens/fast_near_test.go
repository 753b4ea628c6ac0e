package lens

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golens/golens/internal/untested"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// nearOf returns the kernel tf32x3 on the head of tiles, for any number of rows.
func nearOf(t testing.TB, on *tiles) *near {
	t.Helper()
	wide := *on
	n, err := openNear(&wide)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.lengths.Close() }) // the head is the caller's
	n.few = 0
	return n
}

// equalNear compares a reading of tf32x3 with the oracle's on logits summed in float64:
// ids, logits and ranks that can be decided among the candidates to the bit, other ranks
// and the sums within the margin, which is derived in near.py.
func equalNear(t *testing.T, n *near, states []*torch.Tensor, got, want *reading, targets []int64) {
	t.Helper()
	margins := marginsOf(t, n, states)
	V := int(n.head.Weight.Shape()[0])
	x := allLogits(t, n, states)
	same(t, "top ids", got.TopIDs, want.TopIDs)
	same(t, "top logits", bitsOf(got.TopLogits), bitsOf(want.TopLogits))
	same(t, "target logits", bitsOf(got.TargetLogit), bitsOf(want.TargetLogit))
	for at, m := range margins {
		// A mean of logarithms is off by 2 m times one more than their own size (see nearResult).
		means := (2*m + 2*sumTolerance) * (2 + 2*math.Log(float64(V)))
		own := margins[len(margins)-1]
		for _, m := range margins {
			own = max(own, m)
		}
		finals := (2*own + 2*sumTolerance) * (2 + 2*math.Log(float64(V)))
		close64(t, "log-sum-exp", got.LogSumExp[at:at+1], want.LogSumExp[at:at+1], m+sumTolerance)
		close64(t, "entropy", got.Entropy[at:at+1], want.Entropy[at:at+1], means)
		close64(t, "KL", got.KL[at:at+1], want.KL[at:at+1], finals)
		for j := range got.count {
			i, id := at*got.count+j, targets[at%got.positions*got.count+j]
			if id < 0 {
				same(t, "no target's rank", got.TargetRank[i:i+1], want.TargetRank[i:i+1])
				continue
			}
			row := x[at*V : (at+1)*V]
			least, most, equal := int64(1), int64(0), int64(-1)
			for _, y := range row {
				gap := float64(y) - float64(row[id])
				if gap > 2*m {
					least++
				}
				if gap >= -2*m {
					most++
				}
				if math.Abs(gap) <= 2*m {
					equal++
				}
			}
			if most < int64(got.top+n.spare) || 4*(got.top+n.spare) > V {
				same(t, "rank", got.TargetRank[i:i+1], want.TargetRank[i:i+1])
				same(t, "ties", got.TargetTies[i:i+1], want.TargetTies[i:i+1])
			} else if rank := got.TargetRank[i]; rank < least || rank > most || got.TargetTies[i] < 0 || got.TargetTies[i] > equal {
				t.Errorf("cell %d: the rank %d is not from %d to %d, or there are not %d ties", at, rank, least, most, got.TargetTies[i])
			}
		}
	}
}

// marginsOf returns the margins of states, [S,P], by the definition in near.py.
func marginsOf(t *testing.T, n *near, states []*torch.Tensor) []float64 {
	t.Helper()
	w, err := torch.Values[float32](n.head.Weight)
	if err != nil {
		t.Fatal(err)
	}
	C, bias := int(n.head.Weight.Shape()[1]), 0.0
	if n.head.Bias != nil {
		v, err := torch.Values[float32](n.head.Bias)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range v {
			bias = max(bias, math.Abs(float64(b)))
		}
	}
	var out []float64
	for _, h := range states {
		v, err := torch.Values[float32](h)
		if err != nil {
			t.Fatal(err)
		}
		for row := range slices.Chunk(v, C) {
			a, b := longest(row, C), longest(w, C)
			out = append(out, (1.02*float64(C)+12)*math.Exp2(-23)*(a*b+bias)+1e-30*(a+b+1))
		}
	}
	return out
}

// hardHeads are heads and rows whose products are hard to tell apart: name to weights
// [V,C], bias and rows [n,C].
func hardHeads(r *rand.Rand, V, C, rows int) map[string][3][]float32 {
	each := func(n int, f func(i int) float64) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(f(i))
		}
		return out
	}
	common := normal(r, C, 3)
	near := func(n int, by float64) []float32 {
		return each(n*C, func(i int) float64 { return float64(common[i%C]) * (1 + by*r.NormFloat64()) })
	}
	twins := normal(r, V*C, 1)
	for i := range V / 2 {
		copy(twins[(V-1-i)*C:(V-i)*C], twins[i*C:(i+1)*C])
		if i%3 == 0 { // and some that are the next number
			at := (V-1-i)*C + i%C
			twins[at] = math.Nextafter32(twins[at], 100)
		}
	}
	return map[string][3][]float32{
		"random":            {normal(r, V*C, 1), normal(r, V, 1), normal(r, rows*C, 2)},
		"twins":             {twins, nil, normal(r, rows*C, 2)},
		"all but equal":     {near(V, 1e-7), nil, near(rows, 1e-7)},
		"one direction":     {near(V, 1e-3), nil, near(rows, 1e-1)},
		"large":             {normal(r, V*C, 1e15), nil, normal(r, rows*C, 1e15)},
		"beyond TF32":       {normal(r, V*C, 1e-30), nil, normal(r, rows*C, 1e37)},
		"small":             {normal(r, V*C, 1e-18), nil, normal(r, rows*C, 1e-18)},
		"denormal":          {normal(r, V*C, 1e-40), nil, normal(r, rows*C, 1)},
		"zero":              {make([]float32, V*C), nil, normal(r, rows*C, 1)},
		"zero rows":         {normal(r, V*C, 1), normal(r, V, 1), make([]float32, rows*C)},
		"bias alone counts": {normal(r, V*C, 1e-6), each(V, func(int) float64 { return 1e3 * r.NormFloat64() }), normal(r, rows*C, 1)},
		"many scales":       {each(V*C, func(int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(40)-20) }), nil, each(rows*C, func(int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(40)-20) })},
	}
}

// TestNear: what tf32x3 says is what products in float64 say, on every device that is here.
func TestNear(t *testing.T) {
	const S, P, V, C, N = 3, 5, 1501, 48, 3
	for _, name := range []string{"cpu", "cuda"} {
		t.Run(name, func(t *testing.T) {
			device, err := torch.OpenDevice(name)
			if err != nil {
				untested.Here(t, "there is no GPU to read on: %v", err)
			}
			r := rand.New(rand.NewPCG(9, 1))
			for name, c := range hardHeads(r, V, C, S*P) {
				for _, top := range []int{1, 9, 70} {
					t.Run(fmt.Sprintf("%s/%d", name, top), func(t *testing.T) {
						on := tilesOf(t, c[0], c[1], V, C, 400)
						n := nearOf(t, onDevice(t, on, device))
						states := statesOf(t, c[2], S, P, C)
						for i := range states {
							states[i] = moved(t, states[i], device)
						}
						x := allLogits(t, n, states)
						targets := make([]int64, P*N)
						for p := range P { // one is among the first, one behind the candidates, one anywhere
							best := largest(x[p*V : (p+1)*V])
							copy(targets[p*N:], []int64{int64(best[r.IntN(5)]), int64(best[top+r.IntN(200)]), int64(r.IntN(V+1)) - 1})
						}
						err := device.Exclusive(context.Background(), func() error {
							got, err := n.read(states, 1, top, targets, N)
							if err == nil {
								equalNear(t, n, states, got, plainReading(x, S, P, V, 1, top, targets, N), targets)
							}
							return err
						})
						if err != nil {
							t.Fatal(err)
						}
					})
				}
			}
		})
	}
}

// onDevice returns tiles with their head on a device.
func onDevice(t *testing.T, on *tiles, d torch.Device) *tiles {
	t.Helper()
	to := *on
	to.device, to.head = d, &model.Unembedding{Weight: moved(t, on.head.Weight, d)}
	if on.head.Bias != nil {
		to.head.Bias = moved(t, on.head.Bias, d)
	}
	return &to
}

func moved(t *testing.T, x *torch.Tensor, d torch.Device) *torch.Tensor {
	t.Helper()
	y, err := x.To(torch.Float32, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.Close() })
	return y
}

// TestNearSums: where one or two words have all the probability, the sums are those of
// their logits in float64, whatever near ones are off by.
func TestNearSums(t *testing.T) {
	const V, C, P = 900, 256, 40
	r := rand.New(rand.NewPCG(6, 1))
	weight, row := normal(r, V*C, 0.1), normal(r, C, 4)
	var rows []float32
	for p := range P { // each is like another word, and a little like the next one
		for i := range C {
			weight[p*C+i] = row[(i+p)%C]
			rows = append(rows, row[(i+p)%C]*(1+1e-3*float32(p)))
		}
	}
	copy(weight[C:2*C], weight[:C])
	weight[C] += 1e-5
	n := nearOf(t, tilesOf(t, weight, nil, V, C, 0))
	states := statesOf(t, rows, 1, P, C)
	n.wide = &tiles{text: new(torch.Program), head: n.head} // fails where it is used
	got, err := n.read(states, 0, 4, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for p := range P {
		top := got.TopLogits[p*4 : p*4+2]
		apart := float64(top[1]) - float64(top[0])
		second := 1 / (1 + math.Exp(-apart))
		lse := float64(top[0]) - math.Log1p(-second)
		entropy := -math.Log1p(-second) - second*apart
		// Beside the two there are exponentials below exp(-50), and sums are of a few float32
		// numbers from 0 to 1.
		if off := math.Abs(got.LogSumExp[p] - lse); !(off <= 1e-6) {
			t.Errorf("position %d: log-sum-exp is %v, not %v: off by %.3g", p, got.LogSumExp[p], lse, off)
		}
		if off := math.Abs(got.Entropy[p] - entropy); !(off <= 1e-6) {
			t.Errorf("position %d: entropy is %v, not %v: off by %.3g", p, got.Entropy[p], entropy, off)
		}
	}
}

// TestNearAlone: rows as models have them are read without float64's tiles, and a margin
// that does not hold is noticed.
func TestNearAlone(t *testing.T) {
	const S, P, V, C = 2, 20, 3000, 64
	r := rand.New(rand.NewPCG(2, 9))
	on := tilesOf(t, normal(r, V*C, 1), nil, V, C, 0)
	states := statesOf(t, normal(r, S*P*C, 1), S, P, C)
	n := nearOf(t, on)
	wide := n.wide
	want, err := n.read(states, 0, 10, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n.wide = &tiles{text: new(torch.Program), head: on.head} // fails where it is used
	if _, err := n.read(states, 0, 10, nil, 0); err != nil {
		t.Errorf("plain rows: %v", err)
	}
	n.lengths = newTensor64(t, 0, 0)
	if _, err := n.read(states, 0, 10, nil, 0); err == nil {
		t.Error("a margin of nothing was not noticed")
	}
	n.wide = wide
	got, err := n.read(states, 0, 10, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "top ids", got.TopIDs, want.TopIDs)
	same(t, "top logits", bitsOf(got.TopLogits), bitsOf(want.TopLogits))
}

func newTensor64(t *testing.T, v ...float64) *torch.Tensor {
	t.Helper()
	x, err := torch.New(v, int64(len(v)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}
