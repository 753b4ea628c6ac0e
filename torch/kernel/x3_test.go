package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/golens/golens/internal/untested"
)

// x3Sets are all that there are here: on hardware, and emulated.
func x3Sets() []Set { return append(X3(), EmulatedX3()...) }

// in32 is the float32 set with a set's own vectors, to which it hands rows. The sums of two
// float32 sets differ by roundings, which of a KL of thousands are more than 5e-4.
func in32(s Set) Set {
	if !strings.HasPrefix(s.Name(), "x3-emulated") {
		return Best()
	}
	all := Sets()
	return all[len(all)-1] // plain
}

// near checks a reading in split bfloat16 against one in float32: bits of all that is
// promised bitwise, and the sums within their bounds.
func near(t *testing.T, name string, want, got *Reading) (lse, entropy, kl float64) {
	t.Helper()
	for i, id := range want.TopIDs {
		if a, b := want.TopLogits[i], got.TopLogits[i]; got.TopIDs[i] != id || !same(a, b) && (a == a || b == b) {
			t.Fatalf("%s: candidate %d is %d (%v), not %d (%v)", name, i, got.TopIDs[i], b, id, a)
		}
	}
	for i := range want.TargetRank {
		if a, b := want.TargetLogit[i], got.TargetLogit[i]; !same(a, b) && (a == a || b == b) {
			t.Fatalf("%s: target %d has the logit %v, not %v", name, i, b, a)
		}
		if want.TargetRank[i] != got.TargetRank[i] || want.TargetTies[i] != got.TargetTies[i] {
			t.Fatalf("%s: target %d has rank %d and %d ties, not %d and %d", name, i, got.TargetRank[i], got.TargetTies[i], want.TargetRank[i], want.TargetTies[i])
		}
	}
	for i := range want.KL {
		for _, f := range []struct {
			name            string
			got, want, most float64
			worst           *float64
		}{
			{"log-sum-exp", got.LogSumExp[i], want.LogSumExp[i], 2e-4, &lse},
			{"entropy", got.Entropy[i], want.Entropy[i], 2e-4, &entropy},
			{"KL", got.KL[i], want.KL[i], 5e-4, &kl},
		} {
			if f.got == f.want || math.IsNaN(f.got) && math.IsNaN(f.want) {
				continue
			}
			off := math.Abs(f.got - f.want)
			if !(off <= f.most) {
				t.Fatalf("%s: %s of cell %d is %.9g, not %.9g: %g off", name, f.name, i, f.got, f.want, off)
			}
			*f.worst = max(*f.worst, off)
		}
	}
	return lse, entropy, kl
}

// Float32's candidates, logits, ranks and ties, bit for bit, and near sums.
func TestX3(t *testing.T) {
	for _, c := range []struct {
		V, K, R, T, N, top int
		scale              float64
		biased             bool
	}{
		{1, 1, 1, 1, 1, 1, 1, false},
		{40, 8, 3, 5, 2, 40, 1, true},
		{1000, 96, 13, 14, 1, 10, 1, false},
		{3001, 33, 5, 40, 3, 5, 2, true},
		{2500, 16, 2, 3, 0, 2000, 1, false},
		{2500, 401, 7, 2, 1, 100, 0.5, false},
	} {
		r := rand.New(rand.NewPCG(uint64(c.V), 2))
		var bias []float32
		if c.biased {
			bias = normal(r, c.V, 1)
		}
		p := newProblem(c.V, c.K, c.R, c.T, c.N, c.top, normal(r, c.V*c.K, 1), bias, normal(r, c.R*c.T*c.K, c.scale))
		for _, s := range x3Sets() {
			for _, final := range []int{c.R - 1, 0} {
				p.query.Final = final
				a, b, d := near(t, fmt.Sprintf("%s %+v", s.Name(), c), read(t, in32(s), p.query), read(t, s, p.query))
				t.Logf("%s %v: off by at most %.2g (log-sum-exp), %.2g (entropy), %.2g (KL)", s.Name(), c.V, a, b, d)
			}
		}
	}
}

// Ten thousand rows against float32's, nearly all of which split bfloat16 serves: no row is
// compared with itself.
func TestX3ManyRows(t *testing.T) {
	if len(X3()) == 0 {
		untested.Here(t, "the processor multiplies no bfloat16; emulated it is slow")
	}
	const V, K, R, T = 997, 256, 10, 1000
	r := rand.New(rand.NewPCG(9, 9))
	p := newProblem(V, K, R, T, 1, 5, normal(r, V*K, 0.5), nil, normal(r, R*T*K, 0.5))
	for _, s := range X3() {
		got := read(t, s, p.query)
		a, b, c := near(t, s.Name(), read(t, in32(s), p.query), got)
		t.Logf("%s: off by at most %.2g (log-sum-exp), %.2g (entropy), %.2g (KL); %.1f words a row are computed again, and %d of %d rows",
			s.Name(), a, b, c, float64(got.Recomputed)/(R*T), got.Reread, R*T)
		if got.Recomputed < 5*R*T { // the candidates
			t.Errorf("%s: only %d words were computed again", s.Name(), got.Recomputed)
		}
		if got.Reread > R*T/10 {
			t.Errorf("%s: %d of %d rows are those of float32", s.Name(), got.Reread, R*T)
		}
	}
}

// Rows that split bfloat16 does not serve are float32's.
func TestX3Extremes(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	r := rand.New(rand.NewPCG(5, 5))
	const V = 4100
	noise := normal(r, V, 3)
	but := func(v float32, here bool, other float32) float32 {
		if here {
			return other
		}
		return v
	}
	for name, f := range map[string]func(i int) float32{
		"all equal":            func(int) float32 { return 2 },
		"all zero":             func(int) float32 { return 0 },
		"one huge":             func(i int) float32 { return but(noise[i], i == 1500, 1e6) },
		"one at the end":       func(i int) float32 { return but(noise[i], i == V-1, 3e38) },
		"ties by the thousand": func(i int) float32 { return float32(i % 3) },
		"close by":             func(i int) float32 { return 1 + float32(i%512)*0x1p-23 },
		"rising":               func(i int) float32 { return float32(i) / 100 },
		"denormals":            func(i int) float32 { return float32(i) * 1e-42 },
		"small":                func(i int) float32 { return noise[i] * 1e-30 },
		"large":                func(i int) float32 { return noise[i] * 1e5 },
		"NaN":                  func(i int) float32 { return but(noise[i], i == V-1, nan) },
		"infinite":             func(i int) float32 { return but(noise[i], i == V-1, inf) },
		"minus infinity":       func(i int) float32 { return but(noise[i], i == V-1, -inf) },
		"beyond bfloat16":      func(i int) float32 { return 3.4e38 * float32(1-i%2*2) },
	} {
		for _, way := range []string{"weights", "bias"} {
			both, bias := make([]float32, 2*V), make([]float32, V)
			for i := range V {
				both[2*i+1] = noise[i]
				if way == "bias" {
					bias[i] = f(i)
				} else {
					both[2*i] = f(i)
				}
			}
			// State 0 has the extreme row, state 2 noise, and state 1 a mixture.
			p := newProblem(V, 2, 3, 1, 3, 10, both, bias, []float32{1, 0, 1, 1, 0, 1})
			p.query.Targets = []int64{64, 700, V - 1}
			for final := range 3 {
				p.query.Final = final
				for _, s := range x3Sets() {
					near(t, fmt.Sprintf("%s: %s in the %s, state %d final", s.Name(), name, way, final), read(t, in32(s), p.query), read(t, s, p.query))
				}
			}
		}
	}
}

// The same bits in what is promised, whatever the tile, the block and the layout.
func TestX3Invariance(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	p := newProblem(2100, 40, 4, 19, 1, 7, normal(r, 2100*40, 1), nil, normal(r, 4*19*40, 1))
	packed := make([]float32, p.query.Head.PackedSize())
	if err := Best().Pack(p.query.Head, packed, nil); err != nil {
		t.Fatal(err)
	}
	for _, s := range x3Sets() {
		base := read(t, s, p.query)
		for _, c := range []struct{ tile, block int64 }{{32, 0}, {64, 4}, {1024, 1000}, {96, 9}, {0, 1}} {
			q := p.query
			q.Tile, q.Block = c.tile, c.block
			near(t, fmt.Sprintf("%s %+v", s.Name(), c), base, read(t, s, q))
		}
		q := p.query
		q.Head.W, q.Head.Packed = nil, &packed[0]
		alike(t, s.Name()+" packed", base, read(t, s, q), true)
		q = p.query
		q.Block = 1
		alike(t, s.Name()+" position by position", base, read(t, s, q), true)
	}
}

// The emulated pairs are the hardware's: their sums differ by float32 roundings of tiles.
func TestX3Emulated(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	p := newProblem(1200, 500, 3, 7, 1, 9, normal(r, 1200*500, 0.3), nil, normal(r, 3*7*500, 1))
	for _, s := range X3() {
		for _, e := range EmulatedX3() {
			if e.Name() == map[string]string{"x3-avx512bf16": "x3-emulated-pairs", "x3-amx": "x3-emulated-tiles"}[s.Name()] {
				alike(t, s.Name()+" and "+e.Name(), read(t, s, p.query), read(t, e, p.query), false)
			}
		}
	}
}

func FuzzX3(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint8(8), uint8(3), uint8(2), uint8(4), uint16(64), uint8(0))
	f.Add(uint64(2), uint16(2050), uint8(2), uint8(1), uint8(9), uint8(200), uint16(0), uint8(7))
	f.Add(uint64(3), uint16(1500), uint8(20), uint8(4), uint8(3), uint8(9), uint16(96), uint8(12))
	f.Add(uint64(4), uint16(900), uint8(20), uint8(4), uint8(3), uint8(9), uint16(96), uint8(20))
	f.Fuzz(func(t *testing.T, seed uint64, v uint16, k, states, length, top uint8, tile uint16, how uint8) {
		V, K, R, T := int(v%2500)+1, int(k%64)+1, int(states%6)+1, int(length%12)+1
		r := rand.New(rand.NewPCG(seed, 1))
		w, h := normal(r, V*K, 1), normal(r, R*T*K, math.Exp(float64(how%8)-4))
		if how&8 != 0 { // many ties
			for i := range w {
				w[i] = float32(math.Round(float64(w[i])))
			}
			for i := range h {
				h[i] = float32(math.Round(float64(h[i])))
			}
		}
		if how&16 != 0 { // something that is no number, or no usual one
			special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, 1e-45, 1e19}
			w[r.IntN(len(w))] = special[r.IntN(len(special))]
			h[r.IntN(len(h))] = special[r.IntN(len(special))]
		}
		p := newProblem(V, K, R, T, 1, min(V, int(top)+1), w, nil, h)
		p.query.Tile, p.query.Block = int64(tile%1500), int64(how)
		p.query.Final = int(how) % R
		sets := X3()
		if V*K*R*T < 1<<18 {
			sets = x3Sets()
		}
		for _, s := range sets {
			near(t, s.Name(), read(t, in32(s), p.query), read(t, s, p.query))
		}
	})
}
