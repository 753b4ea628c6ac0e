package sumorder

import (
	"fmt"
	"math"
	"testing"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

type shape struct {
	N, K, rows int64
	byInput    bool
	biased     bool
}

func (s shape) String() string {
	return fmt.Sprintf("%d rows, %d inputs, %d outputs, by input %v, bias %v", s.rows, s.K, s.N, s.byInput, s.biased)
}

func shapes() []shape {
	var out []shape
	for _, K := range []int64{1, 2, 4, 15, 16, 17, 33, 193, 400} {
		for _, N := range []int64{1, 2, 3, 6, 101} {
			for _, rows := range []int64{1, 2, 3} {
				if K > 17 && (N == 2 || N == 3 || rows == 2) {
					continue
				}
				s := shape{N: N, K: K, rows: rows, byInput: (N+rows)%2 == 0}
				out = append(out, s)
				s.biased = true
				out = append(out, s)
			}
		}
	}
	return out
}

// product returns a product that a library makes in its own way.
func (s shape) product(t *testing.T, seed uint64, by way) Product {
	t.Helper()
	return s.productAt(t, seed, func(int64, int64) way { return by })
}

// productAt has a way of its own for each row and output.
func (s shape) productAt(t *testing.T, seed uint64, by func(row, out int64) way) Product {
	t.Helper()
	r := random(seed, uint64(s.K))
	w := make([]float32, s.N*s.K)
	for i := range w {
		w[i] = float32(r.NormFloat64()) * 0.3
	}
	var bias []float32
	if s.biased {
		bias = make([]float32, s.N)
		for i := range bias {
			bias[i] = float32(r.NormFloat64()) * 0.1
		}
	}
	return s.productOf(t, w, bias, by)
}

// productOf has weights w, element (i,j) at i K + j, in the layout of the shape.
func (s shape) productOf(t *testing.T, w, bias []float32, by func(row, out int64) way) Product {
	t.Helper()
	p := Product{Rows: int(s.rows)}
	p.ByInput = s.byInput
	stored, dims := w, []int64{s.N, s.K}
	if s.byInput {
		stored, dims = make([]float32, len(w)), []int64{s.K, s.N}
		for i := range s.N {
			for j := range s.K {
				stored[j*s.N+i] = w[i*s.K+j]
			}
		}
	}
	p.Weight = tensor(t, stored, dims...)
	if bias != nil {
		p.Bias = tensor(t, bias, s.N)
	}
	p.Make = func(x *torch.Tensor) (*torch.Tensor, error) {
		h, err := torch.Values[float32](x)
		if err != nil {
			return nil, err
		}
		y := make([]float32, s.rows*s.N)
		for i := range y {
			row, out := int64(i)/s.N, int64(i)%s.N
			var b float32
			if bias != nil {
				b = bias[out]
			}
			y[i] = by(row, out)(h[row*s.K:(row+1)*s.K], w[out*s.K:(out+1)*s.K], b, bias != nil)
		}
		return torch.New(y, 1, s.rows, s.N)
	}
	return p
}

func tensor(t *testing.T, v []float32, dims ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.New(v, dims...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func find(t *testing.T, p Product) kernel.Order {
	t.Helper()
	o, err := Table{}.Find(p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// An order that kernels have is found, whatever the shape, but for few inputs.
func TestFind(t *testing.T) {
	for i, s := range shapes() {
		for _, o := range []int{192, 256, 384, 512} {
			want := kernel.Order(min(int64(o), s.K))
			if s.K < Fewest {
				want = 0
			}
			if got := find(t, s.product(t, uint64(i), chainsOf(o))); got != want {
				t.Errorf("%v: %d is found for %v", s, got, want)
			}
		}
		want := kernel.Lanes
		if s.byInput || s.K < Fewest {
			want = 0 // kernels do not have them
		}
		if got := find(t, s.product(t, uint64(i), lanes16)); got != want {
			t.Errorf("%v: %d is found for 16 lanes", s, got)
		}
	}
}

// A trial that lets another way pass is no trial: where an order is found for a fault, it
// must be the same function, in sums that cancel as well.
func TestFaults(t *testing.T) {
	passed := map[string]int{}
	for i, s := range shapes() {
		for name, by := range faults {
			o := find(t, s.product(t, uint64(i), by))
			if o == 0 {
				continue
			}
			passed[name]++
			if x, w, b := s.differ(by, definition(o)); x != nil {
				t.Errorf("%v: %s passes for %v; they differ for x %v, w %v, bias %v", s, name, o, x, w, b)
			}
		}
	}
	if passed["last chain by itself"] == 0 { // of few chains it is the candidate
		t.Error("nothing passes that should")
	}
}

// A library that adds its last outputs, or its last row, in another way is found out,
// however many of them there are.
func TestTails(t *testing.T) {
	for i, s := range shapes() {
		for _, name := range []string{"backwards", "two lanes", "products rounded", "16 lanes, other fold", "chains of 3"} {
			for _, tail := range []int64{1, 2, 15} {
				for _, rows := range []bool{false, true} {
					if rows && tail >= s.rows || !rows && tail >= s.N {
						continue
					}
					p := s.productAt(t, uint64(i), func(row, out int64) way {
						if rows && row >= s.rows-tail || !rows && out >= s.N-tail {
							return faults[name]
						}
						return chainsOf(192)
					})
					if o := find(t, p); o != 0 {
						t.Errorf("%v: %v is found, though the last %d (rows: %v) are summed %s", s, o, tail, rows, name)
					}
				}
			}
		}
	}
}

func definition(o kernel.Order) way {
	if o == kernel.Lanes {
		return lanes16
	}
	return chainsOf(int(o))
}

// differ looks for terms that two ways add to other bits.
func (s shape) differ(a, b way) (x, w []float32, bias float32) {
	r := random(99, uint64(s.K))
	x, w = make([]float32, s.K), make([]float32, s.K)
	for try := range 1000 {
		for i := range x {
			x[i], w[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
		}
		if s.biased {
			bias = float32(r.NormFloat64())
		}
		if try%2 == 1 {
			rest := float64(bias)
			for i := range len(x) - 1 {
				rest += float64(x[i]) * float64(w[i])
			}
			if rest != 0 {
				x[len(x)-1] = float32(-rest / float64(w[len(w)-1]))
			}
		}
		if math.Float32bits(a(x, w, bias, s.biased)) != math.Float32bits(b(x, w, bias, s.biased)) {
			return x, w, bias
		}
	}
	return nil, nil, 0
}

// Weights of which no input tells how they are added leave the order open.
func TestTellNothing(t *testing.T) {
	for _, s := range []shape{{N: 6, K: 16, rows: 3, biased: true}, {N: 101, K: 96, rows: 1}, {N: 4, K: 17, rows: 2, byInput: true}} {
		for name, f := range map[string]func(i int) float32{
			"zeros":         func(int) float32 { return 0 },
			"powers of two": func(i int) float32 { return float32(math.Ldexp(1, i%5-2)) },
			"one input":     func(i int) float32 { return float32(1-min(1, int64(i)%s.K)) * 0.3 },
		} {
			w := make([]float32, s.N*s.K)
			for i := range w {
				w[i] = f(i)
			}
			var bias []float32
			if s.biased {
				bias = make([]float32, s.N)
				bias[s.N-1] = 0.1
			}
			if o := find(t, s.productOf(t, w, bias, func(int64, int64) way { return chainsOf(192) })); o != 0 {
				t.Errorf("%v: %s show that the order is %v", s, name, o)
			}
		}
	}
}

// A product at hand saves one; NaN of other bits in it leaves the order open, and a state of zeros, in which
// any order is the same, does not settle on one.
func TestLearn(t *testing.T) {
	s := shape{N: 700, K: 300, rows: 4}
	p := s.product(t, 1, chainsOf(192))
	made := 0
	own := p.Make
	p.Make = func(x *torch.Tensor) (*torch.Tensor, error) { made++; return own(x) }
	table := Table{}
	learn := func(v []float32) kernel.Order {
		x := tensor(t, v, 1, 4, 300)
		y, err := own(x)
		if err != nil {
			t.Fatal(err)
		}
		defer y.Close()
		o, err := table.Learn(p, x, y)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	v := make([]float32, 1200)
	r := random(1, 1)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	nan := append([]float32{float32(math.NaN())}, v[1:]...)
	plain := own
	own = func(x *torch.Tensor) (*torch.Tensor, error) { // a library whose NaN has other bits
		y, err := plain(x)
		if err != nil {
			return nil, err
		}
		defer y.Close()
		z := must(torch.Values[float32](y))
		for i := range z {
			if z[i] != z[i] {
				z[i] = math.Float32frombits(0x7fc12345)
			}
		}
		return torch.New(z, y.Shape()...)
	}
	if o := learn(nan); o != 0 || len(table) != 0 {
		t.Errorf("of NaN %v was learnt, and %d orders are remembered", o, len(table))
	}
	if o := learn(v); o != 192 || made != 0 {
		t.Errorf("%v was learnt, with %d more products", o, made)
	}
	if o, known, err := table.Known(p); o != 192 || !known || err != nil {
		t.Errorf("%v is remembered (%v, %v)", o, known, err)
	}
	table = Table{}
	p.Make = func(x *torch.Tensor) (*torch.Tensor, error) {
		made++
		return s.productOf(t, must(torch.Values[float32](p.Weight)), nil, func(int64, int64) way { return chainsOf(7) }).Make(x)
	}
	if o := learn(make([]float32, 1200)); o != 0 || made == 0 {
		t.Errorf("of zeros %v was learnt, with %d more products", o, made)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// fma is the one of the processor, by exact arithmetic.
func TestFMA(t *testing.T) {
	r := random(5, 5)
	for range 100000 {
		x, y := float32(r.NormFloat64()), float32(r.NormFloat64())
		z := float32(r.NormFloat64() * math.Exp2(float64(r.IntN(60)-30)))
		if r.IntN(2) == 0 {
			z = -x * y
		}
		if got, want := fma(x, y, z), exactFMA(x, y, z); got != want {
			t.Fatalf("%v %v + %v is %v, not %v", x, y, z, got, want)
		}
	}
}

// libtorch's own products: an order that is found gives all bits of other inputs and weights
// of that shape, in every layout. Where the machine's order is none that kernels have there
// is nothing to compare.
func TestLibrary(t *testing.T) {
	defer torch.SetThreads(torch.Threads())
	found := 0
	for _, threads := range []int{1, 2} {
		if err := torch.SetThreads(threads); err != nil {
			t.Fatal(err)
		}
		for _, s := range []shape{{N: 1000, K: 96, rows: 16}, {N: 3001, K: 768, rows: 16}, {N: 101, K: 2, rows: 1}, {N: 101, K: 2, rows: 3},
			{N: 6, K: 2, rows: 1}, {N: 8, K: 2, rows: 3}, {N: 2, K: 8, rows: 1}, {N: 9, K: 3, rows: 2}, {N: 12, K: 4, rows: 1}} {
			for _, s.biased = range []bool{false, true} {
				p := s.product(t, 1, nil)
				p.Make = nil
				o := find(t, p)
				if o == 0 {
					continue
				}
				found++
				for seed := range uint64(max(2, 20000/(s.N*s.K))) {
					q := s.product(t, seed+2, nil)
					r := random(seed, 7)
					v := make([]float32, s.rows*s.K)
					for i := range v {
						v[i] = float32(r.NormFloat64())
					}
					x := tensor(t, v, 1, s.rows, s.K)
					want := must(torch.LibraryLinear(x, q.Weight, q.Bias))
					got := must(q.Times(x, o))
					if same, err := torch.SameBits(want, got); err != nil || !same {
						t.Fatalf("%v: %v was found, and other weights have other bits (%v)", s, o, err)
					}
					want.Close()
					got.Close()
				}
			}
		}
	}
	t.Logf("%d orders were found", found)
}
