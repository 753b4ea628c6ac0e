package lens

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

func openModel(t testing.TB, dir string, o model.Options) *model.Model {
	t.Helper()
	m, err := builtin.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func read(t testing.TB, m *model.Model, ids []int64, o Options) *Result {
	t.Helper()
	r, err := Read(context.Background(), m, ids, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// apart returns by how much two orders of summation can differ in a logit of a model's
// lens: each is off by no more than (C+3) 2^-24 sum |h||w|, and sum |h||w| <= |h| |w|.
// In 16 bits a logit is rounded again, by half of one in so many digits.
func apart(t testing.TB, m *model.Model, exact *Result) float64 {
	t.Helper()
	p, err := ProjectionOf(exact.Manifest.Lens)
	if err != nil {
		t.Fatal(err)
	}
	return apartBy(t, m, exact, p)
}

func apartBy(t testing.TB, m *model.Model, exact *Result, p Projection) float64 {
	t.Helper()
	u, err := m.Unembedding()
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	w, err := model.Floats(u.Weight)
	if err != nil {
		t.Fatal(err)
	}
	N := int(u.Weight.Shape()[1])
	h := exact.Hidden
	d := 1e-5 // of a projection to fewer, whose rows are bounded by what they make
	if N == exact.Width {
		d = 2 * float64(N+3) * math.Exp2(-24) * longest(w, N) * longest(h, N)
	}
	if N == exact.Width {
		err := m.Hold(context.Background(), func(s model.Session) error {
			for i, row := range exact.Rows {
				size := len(h) / len(exact.Rows)
				x, err := torch.New(h[i*size:(i+1)*size], 1, int64(size/N), int64(N))
				if err != nil {
					return err
				}
				defer x.Close()
				if x, err = x.To(m.DType, m.Device); err != nil {
					return err
				}
				defer x.Close()
				y, err := p.State(s, row, x)
				if err != nil {
					return err
				}
				defer y.Close()
				v, err := model.Floats(y)
				if err != nil {
					return err
				}
				d = max(d, 2*float64(N+3)*math.Exp2(-24)*longest(w, N)*longest(v, N))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	digits := map[torch.DType]float64{torch.BFloat16: 8, torch.Float16: 11}[m.DType]
	if digits > 0 {
		largest := 0.0
		for _, x := range exact.Logits {
			largest = max(largest, math.Abs(float64(x)))
		}
		// One unit in the last place, and one more for each step of a bound.
		d += 3 * largest * math.Exp2(1-digits)
	}
	return d
}

// off is by how many times what two orders of summation can differ (apart) a kernel's
// sums can be off: tf32x3 computes them from logits within (1.02 C + 12) 2^-23 |h||w| of
// those of no rounding, which with the exact mode's own error is less than twice as much
// from C = 27 on.
func off(k Kernel) float64 {
	if k == TF32X3 {
		return 2
	}
	return 1
}

// longest returns the largest norm of rows of n numbers.
func longest(x []float32, n int) float64 {
	most := 0.0
	for i := 0; i < len(x); i += n {
		sum := 0.0
		for _, v := range x[i : i+n] {
			sum += float64(v) * float64(v)
		}
		most = max(most, sum)
	}
	return math.Sqrt(most)
}

// nearResult compares a fast result with an exact one that has its logits, given that
// no logit differs by more than d. Probabilities then differ by a factor of exp(2d) at
// most, and means of logarithms by 2d times one more than their own size, which is at
// most log V; to which comes what float32 sums lose (see sumTolerance).
func nearResult(t *testing.T, fast, exact *Result, d float64) {
	t.Helper()
	R, P, K, V := len(exact.Rows), len(exact.Positions), exact.K, exact.Vocab
	if len(fast.Rows) != R || !slices.Equal(fast.Positions, exact.Positions) || fast.K != K {
		t.Fatalf("rows %v, positions %v, want %v and %v", fast.Rows, fast.Positions, exact.Rows, exact.Positions)
	}
	logV := math.Log(float64(V))
	means := (2*d + 2*sumTolerance) * (2 + 2*logV)
	near := func(name string, got, want []float32, tol float64) {
		t.Helper()
		a, b := make([]float64, len(got)), make([]float64, len(want))
		for i, v := range got {
			a[i] = float64(v)
		}
		for i, v := range want {
			b[i] = float64(v)
		}
		close64(t, name, a, b, tol)
	}
	near("top logits", fast.TopLogits, exact.TopLogits, d)
	near("top probs", fast.TopProbs, exact.TopProbs, 2*d+sumTolerance)
	near("log-sum-exp", fast.LogSumExp, exact.LogSumExp, d+sumTolerance)
	near("entropy", fast.Entropy, exact.Entropy, means)
	near("KL", fast.KL, exact.KL, means)
	logits := func(row, position int) []float32 {
		at := row*P + slices.Index(exact.Positions, position)
		return exact.Logits[at*V : (at+1)*V]
	}
	for c := range R * P {
		for k := range K {
			id, x := fast.TopIDs[c*K+k], fast.TopLogits[c*K+k]
			if want := exact.Logits[c*V+int(id)]; !(math.Abs(float64(x)-float64(want)) <= d*max(1, math.Abs(float64(x)))) {
				t.Fatalf("cell %d: candidate %d is %d with %v, whose logit is %v", c, k, id, x, want)
			}
		}
		clear := K > 1 && exact.TopLogits[c*K]-exact.TopLogits[c*K+1] > float32(2*d)
		if clear && fast.Agree[c] != exact.Agree[c] {
			own := exact.Logits[(R-1)*P*V:][(c%P)*V:][:V]
			if x := largest(own); !(own[x[0]]-own[x[1]] <= float32(2*d)) {
				t.Errorf("cell %d: agreement is %v", c, fast.Agree[c])
			}
		}
	}
	nearStats(t, fast, exact, d)
	if (fast.Targets == nil) != (exact.Targets == nil) {
		t.Fatal("targets of one alone")
	}
	if a, b := fast.Targets, exact.Targets; a != nil {
		same(t, "target ids", a.IDs, b.IDs)
		same(t, "target positions", a.Positions, b.Positions)
		near("target log-probabilities", a.LogProb, b.LogProb, 2*d+sumTolerance)
		near("target probabilities", a.Prob, b.Prob, 2*d+sumTolerance)
		for i, rank := range a.Rank {
			cell := i / a.N
			row, p := cell/len(a.Positions), cell%len(a.Positions)
			id := a.IDs[i%a.N]
			if a.Next {
				id = a.IDs[p]
			}
			if id < 0 {
				if rank != 0 || a.Ties[i] != 0 {
					t.Errorf("no target at position %d: rank %d", p, rank)
				}
				continue
			}
			x := logits(row, a.Positions[p])
			least, most, equal := int64(1), int64(1), int64(-1)
			for _, y := range x {
				gap := float64(y) - float64(x[id])
				if gap > 2*d {
					least++
				}
				if gap > -2*d {
					most++
				}
				if math.Abs(gap) <= 2*d {
					equal++
				}
			}
			if rank < least || rank > most || a.Ties[i] < 0 || a.Ties[i] > equal {
				t.Errorf("target %d of %d: rank %d is not from %d to %d, or there are not %d ties", id, i, rank, least, most, a.Ties[i])
			}
		}
	}
	if (fast.Tracks == nil) != (exact.Tracks == nil) {
		t.Fatal("tracks of one alone")
	}
	if a, b := fast.Tracks, exact.Tracks; a != nil && slices.Equal(a.IDs, b.IDs) {
		near("followed log-probabilities", a.LogProb, b.LogProb, 2*d+sumTolerance)
		near("followed probabilities", a.Prob, b.Prob, 2*d+sumTolerance)
	} else if a != nil && !(d >= 1e-3) { // in 16 bits ties are common
		t.Errorf("followed tokens are %v, want %v", a.IDs, b.IDs)
	}
	if len(fast.Logits) > 0 {
		near("logits", fast.Logits, exact.Logits, d)
	}
	same(t, "warnings", fast.Warnings, exact.Warnings)
	if len(fast.Hidden) > 0 {
		same(t, "states", bitsOf(fast.Hidden), bitsOf(exact.Hidden))
	}
}

// TestFast compares the fast mode with the exact one: every lens and site, chosen rows
// and positions, targets of both kinds, and followed tokens.
func TestFast(t *testing.T) {
	// The longer texts of the smaller vocabulary are read in several blocks.
	for name, lengths := range map[string][]int{"12x96": {1, 14}, "4x64-untied": {2, 100}} {
		m := openModel(t, reference.Model(t, name), model.Options{})
		for _, T := range lengths {
			ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
			for _, kind := range []Projection{Notebook, Raw, Normed} {
				for _, o := range []Options{
					{Next: true, Top: 7},
					{Words: []Word{{"a", 17}, {"b", int64(m.Sizes.Vocab - 1)}}, Track: 3},
					{Rows: []int{0, 2}, Positions: []int{0, -1}, Words: []Word{{"a", ids[0]}}},
					{At: Attn, Next: true}, {At: MLP, Positions: []int{-1}, Next: true}, {At: ResidMid, Track: 1, Top: 1},
				} {
					o.Projection, o.Logits, o.Hidden, o.Stats = kind, true, true, statsFor(o)
					t.Run(fmt.Sprintf("%s/T=%d/%s/%s/%v", name, T, kind.Name(), o.At, o.Positions), func(t *testing.T) {
						exact := read(t, m, ids, o)
						o.Fast = true
						d := apart(t, m, exact)
						for _, o.Kernel = range []Kernel{ATen, F32, TF32X3} {
							o.Logits, o.Hidden = true, true
							fast := read(t, m, ids, o)
							nearResult(t, fast, exact, off(o.Kernel)*d)
							if fast.Manifest.Mode != "fast" || fast.Manifest.Kernel != string(o.Kernel) || exact.Manifest.Mode != "exact" {
								t.Errorf("the manifests say %s, %s and %s", fast.Manifest.Mode, fast.Manifest.Kernel, exact.Manifest.Mode)
							}
							o.Logits, o.Hidden = false, false
							if again := read(t, m, ids, o); again.Logits != nil || again.Hidden != nil || !slices.Equal(bitsOf(again.TopProbs), bitsOf(fast.TopProbs)) {
								t.Error("without logits and states the reading is another")
							}
						}
					})
				}
			}
		}
	}
}

// TestFastFamilies: heads with a bias, within a bound and behind a projection, in
// every type.
func TestFastFamilies(t *testing.T) {
	for _, name := range []string{"phi", "neox", "llama3", "opt", "opt-projected", "gptj", "gemma2", "gemma3"} {
		dir := reference.Model(t, name+"-96")
		for _, d := range []model.DType{"float32", "bfloat16", "float16"} {
			m := openModel(t, dir, model.Options{DType: d})
			for _, kind := range []Projection{Notebook, Normed} {
				if name == "opt-projected" && kind == Normed {
					continue // it has no final norm
				}
				for _, T := range []int{1, 14} {
					t.Run(fmt.Sprintf("%s/%s/%s/T=%d", name, d, kind.Name(), T), func(t *testing.T) {
						ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
						o := Options{Projection: kind, Next: true, Logits: true, Hidden: true, Stats: statsFor(Options{Next: true})}
						exact := read(t, m, ids, o)
						o.Fast = true
						for _, o.Kernel = range []Kernel{ATen, F32, TF32X3} {
							served := o.Kernel == ATen || d == "float32" && name != "gemma2"
							if _, err := Read(context.Background(), m, ids, o); !served {
								if choice := new(ChoiceError); !errors.As(err, &choice) {
									t.Errorf("%s: error %v", o.Kernel, err)
								}
								continue
							}
							nearResult(t, read(t, m, ids, o), exact, off(o.Kernel)*apart(t, m, exact))
						}
					})
				}
			}
		}
	}
}
