package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A problem is a readout and what it is made of.
type problem struct {
	V, K, R, T, N int
	w, bias, h    []float32 // [V,K], [V] or nil, [R,T,K]
	query         Query
}

func newProblem(V, K, R, T, N, top int, w, bias, h []float32) *problem {
	p := &problem{V: V, K: K, R: R, T: T, N: N, w: w, bias: bias, h: h}
	p.query = Query{Head: rows(w, V, K), Order: 192, Length: int64(T), Step: int64(K), Final: R - 1, Top: top, Count: N}
	if bias != nil {
		p.query.Bias = &bias[0]
	}
	for i := range R {
		p.query.States = append(p.query.States, &h[i*T*K])
	}
	for i := range T * N {
		p.query.Targets = append(p.query.Targets, int64(i*7919)%int64(V))
	}
	if N > 1 {
		p.query.Targets[1] = -1
	}
	return p
}

// check compares a reading with the definitions. Tops, logits, ranks and ties are the
// oracle's own. For the sums: the logits are the same, and what remains is float32
// rounding of u = x - m, exp and tile sums. u of size |u| has an error of |u| 2^-24, exp
// two units more; both are taken for twice that. KL's terms are exp(uf) (uf - u).
func (p *problem) check(t *testing.T, s Set, out *Reading) {
	t.Helper()
	logits, err := s.Linear(p.h, p.query.Head, p.bias, p.query.Order, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := func(r, pos int) []float32 { i := (r*p.T + pos) * p.V; return logits[i : i+p.V] }
	for c := range p.R * p.T {
		r, pos := c/p.T, c%p.T
		x, final := row(r, pos), row(p.query.Final, pos)
		want := definitions(x, final, p.query.Top, p.query.Targets[pos*p.N:(pos+1)*p.N])
		at := fmt.Sprintf("%s, state %d, position %d", s.Name(), r, pos)
		for k, id := range want.ids {
			if got := out.TopIDs[c*p.query.Top+k]; got != id {
				t.Fatalf("%s: candidate %d is %d (%v), not %d (%v)", at, k, got, x[got], id, x[id])
			}
			if got := out.TopLogits[c*p.query.Top+k]; !same(got, x[id]) && got == got {
				t.Fatalf("%s: candidate %d has the logit %v, not %v", at, k, got, x[id])
			}
		}
		for k := range p.N {
			i, id := c*p.N+k, p.query.Targets[pos*p.N+k]
			if out.TargetRank[i] != want.rank[k] || out.TargetTies[i] != want.ties[k] {
				t.Fatalf("%s: target %d has rank %d and %d ties, not %d and %d", at, id, out.TargetRank[i], out.TargetTies[i], want.rank[k], want.ties[k])
			}
			if got := out.TargetLogit[i]; id < 0 && got == got || id >= 0 && got == got && !same(got, x[id]) {
				t.Fatalf("%s: target %d has the logit %v", at, id, got)
			}
		}
		spread, between := 0.0, 0.0
		for i := range x {
			l := math.Abs(float64(x[i]) - want.lse)
			if e := math.Exp(-l); e > 0 {
				spread = max(spread, l*min(1, float64(p.V)*e))
			}
			between = max(between, math.Abs(float64(final[i])-float64(x[i])))
		}
		unit := math.Ldexp(1, -22)
		scale := max(1, math.Abs(want.lse)*math.Ldexp(1, -30)) // lse itself is float64
		for _, f := range []struct {
			name       string
			got, want  float64
			allowed, _ float64
		}{
			{"lse", out.LogSumExp[c], want.lse, unit * (8 + spread) * scale, 0},
			{"entropy", out.Entropy[c], want.entropy, unit * (8 + spread) * (2 + want.entropy), 0},
			{"kl", out.KL[c], want.kl, unit * (8 + spread + between) * (2 + math.Abs(want.kl)), 0},
		} {
			if f.got == f.want || math.IsNaN(f.got) && math.IsNaN(f.want) {
				continue
			}
			if !(math.Abs(f.got-f.want) <= f.allowed) {
				t.Fatalf("%s: %s is %.9g, not %.9g: %g off, where %g is allowed", at, f.name, f.got, f.want, f.got-f.want, f.allowed)
			}
		}
	}
}

func read(t *testing.T, s Set, q Query) *Reading {
	t.Helper()
	out, err := s.Read(q, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReadout(t *testing.T) {
	for _, c := range []struct {
		V, K, R, T, N, top int
		scale              float64
		biased             bool
	}{
		{1, 1, 1, 1, 1, 1, 1, false},
		{40, 8, 3, 5, 2, 40, 1, true},
		{200, 4, 6, 30, 1, 10, 1, false}, // a single tile
		{1000, 96, 13, 14, 1, 10, 1, false},
		{3001, 33, 5, 40, 3, 5, 2, true},
		{2500, 16, 2, 3, 0, 2000, 1, false},
		{5000, 200, 25, 2, 1, 100, 0.1, false},
	} {
		r := rand.New(rand.NewPCG(uint64(c.V), 2))
		var bias []float32
		if c.biased {
			bias = normal(r, c.V, 1)
		}
		p := newProblem(c.V, c.K, c.R, c.T, c.N, c.top, normal(r, c.V*c.K, 1), bias, normal(r, c.R*c.T*c.K, c.scale))
		for _, s := range Sets() {
			p.check(t, s, read(t, s, p.query))
			p.query.Final = 0
			p.check(t, s, read(t, s, p.query))
			p.query.Final = c.R - 1
		}
	}
}

// Ten thousand rows, in the instruction set that is used.
func TestReadoutManyRows(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	p := newProblem(997, 24, 10, 1000, 1, 5, normal(r, 997*24, 1), nil, normal(r, 10000*24, 1.5))
	p.check(t, Best(), read(t, Best(), p.query))
}

// extremes are rows of 2100 logits of every kind, and the noise that some are made of.
func extremes() (columns map[string][]float32, noise []float32) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	fill := func(f func(i int) float32) []float32 {
		v := make([]float32, 2100)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	r := rand.New(rand.NewPCG(5, 5))
	noise = normal(r, 2100, 3)
	but := func(at int, v float32) []float32 {
		return fill(func(i int) float32 {
			if i == at {
				return v
			}
			return noise[i]
		})
	}
	columns = map[string][]float32{
		"all equal":           fill(func(int) float32 { return 2 }),
		"all zero":            fill(func(int) float32 { return 0 }),
		"one huge":            but(1500, 1e6),
		"one enormous":        but(2099, 3e38),
		"one far below":       but(3, -1e30),
		"ties by the hundred": fill(func(i int) float32 { return float32(i % 7) }),
		"rising":              fill(func(i int) float32 { return float32(i) }),
		"falling":             fill(func(i int) float32 { return float32(-i) }),
		"denormals":           fill(func(i int) float32 { return float32(i) * 1e-42 }),
		"NaN":                 but(700, nan),
		"NaN twice":           fill(func(i int) float32 { return []float32{noise[i], nan}[i%1000/999] }),
		"infinite":            but(64, inf),
		"infinite twice":      fill(func(i int) float32 { return []float32{noise[i], inf}[i%1000/999] }),
		"minus infinity":      but(64, -inf),
		"all minus infinity":  fill(func(int) float32 { return -inf }),
		"far apart":           fill(func(i int) float32 { return 3e38 * float32(1-i%2*2) }),
	}
	return columns, noise
}

// With one input, the logits of a row are x times a column of choice, which makes any
// extreme row: what the definitions say of it is what is read.
func TestReadoutExtremes(t *testing.T) {
	columns, noise := extremes()
	for name, w := range columns {
		t.Run(name, func(t *testing.T) {
			// The noise is the other column: state (1,0) has the extreme row, (0,1) noise,
			// and each is the model's own output once. 0 times infinity is NaN, so rows
			// with infinities are made by the bias alone.
			V := len(w)
			both := make([]float32, 2*V)
			var bias []float32
			for i := range V {
				both[2*i], both[2*i+1] = w[i], noise[i]
			}
			h := []float32{1, 0, 0, 1}
			if special := name[0] == 'N' || name[0] == 'i' || name[0] == 'm' || name == "all minus infinity"; special {
				bias = w
				for i := range V {
					both[2*i] = 0
				}
				h = []float32{0, 0, 0, 1}
			}
			p := newProblem(V, 2, 2, 1, 3, 10, both, bias, h)
			p.query.Targets = []int64{64, 700, 2099}
			for _, s := range Sets() {
				for _, final := range []int{0, 1} {
					p.query.Final = final
					p.check(t, s, read(t, s, p.query))
				}
			}
		})
	}
}

// Tops, logits, ranks are the same bits, and sums the same numbers, whatever the tile,
// the block and the company of other positions.
func TestReadoutInvariance(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	p := newProblem(4100, 40, 4, 37, 1, 7, normal(r, 4100*40, 1), nil, normal(r, 4*37*40, 1))
	for _, s := range Sets() {
		base := read(t, s, p.query)
		for _, c := range []struct{ tile, block int64 }{{32, 0}, {64, 4}, {1024, 1000}, {96, 9}, {0, 1}} {
			q := p.query
			q.Tile, q.Block = c.tile, c.block
			got := read(t, s, q)
			alike(t, fmt.Sprintf("%s %+v", s.Name(), c), base, got, c.tile == 0)
		}
		packed := make([]float32, p.query.Head.PackedSize())
		if err := s.Pack(p.query.Head, packed, nil); err != nil {
			t.Fatal(err)
		}
		q := p.query
		q.Head.W, q.Head.Packed = nil, &packed[0]
		alike(t, s.Name()+" packed", base, read(t, s, q), true)
		// One position alone.
		q = p.query
		q.Length, q.Targets = 1, p.query.Targets[20:21]
		q.States = nil
		for i := range p.R {
			q.States = append(q.States, &p.h[(i*p.T+20)*p.K])
		}
		one := read(t, s, q)
		for i := range p.R {
			c := i*p.T + 20
			if one.TargetRank[i] != base.TargetRank[c] || one.TopIDs[i*7+6] != base.TopIDs[c*7+6] || one.LogSumExp[i] != base.LogSumExp[c] || one.KL[i] != base.KL[c] {
				t.Errorf("%s: state %d at position 20 differs alone", s.Name(), i)
			}
		}
	}
}

// alike compares readings: bits of what is promised bitwise, and of the sums as well
// where the tiles are the same; else they differ by float32 roundings of tile sums.
func alike(t *testing.T, name string, a, b *Reading, bitwise bool) {
	t.Helper()
	for i := range a.TopIDs {
		if a.TopIDs[i] != b.TopIDs[i] || !same(a.TopLogits[i], b.TopLogits[i]) {
			t.Fatalf("%s: candidate %d differs", name, i)
		}
	}
	for i := range a.TargetRank {
		if a.TargetRank[i] != b.TargetRank[i] || a.TargetTies[i] != b.TargetTies[i] || !same(a.TargetLogit[i], b.TargetLogit[i]) {
			t.Fatalf("%s: target %d differs", name, i)
		}
	}
	near := 1e-6
	if bitwise {
		near = 0
	}
	for i := range a.KL {
		for _, d := range []float64{a.LogSumExp[i] - b.LogSumExp[i], a.Entropy[i] - b.Entropy[i], (a.KL[i] - b.KL[i]) / (1 + math.Abs(a.KL[i]))} {
			if !(math.Abs(d) <= near) {
				t.Fatalf("%s: sums of cell %d differ by %g", name, i, d)
			}
		}
	}
}

func FuzzReadout(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint8(8), uint8(3), uint8(2), uint8(4), uint16(64), uint8(0))
	f.Add(uint64(2), uint16(2050), uint8(2), uint8(1), uint8(9), uint8(200), uint16(0), uint8(7))
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
		if how&16 != 0 { // something that is no number
			special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, 1e-45}
			w[r.IntN(len(w))] = special[r.IntN(len(special))]
			h[r.IntN(len(h))] = special[r.IntN(len(special))]
		}
		p := newProblem(V, K, R, T, 1, min(V, int(top)+1), w, nil, h)
		p.query.Tile, p.query.Block = int64(tile%1500), int64(how)
		p.query.Final = int(how) % R
		for _, s := range Sets() {
			p.check(t, s, read(t, s, p.query))
		}
	})
}
