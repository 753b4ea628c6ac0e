package torch_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// layer is a model of one module m, which can be computed by kernels.
func layer(b *bench, text string, slots ...torch.Slot) (model, m *torch.Module) {
	b.Helper()
	u := must(torch.NewUnit())(b)
	m = keep(b, must(u.Define("Layer", text, slots...))(b))
	model = keep(b, must(u.Define("Model", "def forward(self, x: Tensor) -> Tensor:\n    return self.m.forward(x)\n", torch.Slot{Name: "m", Value: m}))(b))
	if err := model.Interpose(); err != nil {
		b.Fatal(err)
	}
	return model, m
}

func normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// bits tells zeros of both signs apart.
func bits(v []float32) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = math.Float32bits(x)
	}
	return out
}

// using returns what a model makes of x with products.
func using(b *bench, model *torch.Module, p *torch.Products, x *torch.Tensor) *torch.Tensor {
	b.Helper()
	return keep(b, must(model.CallUsing(p, "forward", nil, x))(b)).Results[0]
}

// chained returns x [rows,K] times weights given by w(n,k): fused multiply-adds in chains.
func chained(x []float32, rows, N, K int, w func(n, k int) float32, bias []float32, chain int) []float32 {
	out := make([]float32, rows*N)
	for i := range rows {
		for n := range N {
			y, begun := float32(0), false
			if bias != nil {
				y, begun = bias[n], true
			}
			for from := 0; from < K; from += chain {
				c := float32(0)
				for k := from; k < min(K, from+chain); k++ {
					c = fused(x[i*K+k], w(n, k), c)
				}
				if !begun {
					y, begun = c, true
				} else {
					y += c
				}
			}
			out[i*N+n] = y
		}
	}
	return out
}

// fused is a*b+c rounded once. The product is exact in float64; where the sum's rounding
// there falls between two float32, the second rounding may err, so it is done to odd.
func fused(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	bb := s - p
	e := (p - (s - bb)) + (q - bb)
	if e != 0 && math.Float64bits(s)&1 == 0 {
		if (e > 0) == (s > 0) {
			s = math.Float64frombits(math.Float64bits(s) + 1)
		} else {
			s = math.Float64frombits(math.Float64bits(s) - 1)
		}
	}
	return float32(s)
}

// TestProducts: a product has the bits of its order, for both layouts of the weights,
// packed and in place, with and without a bias, at any number of rows and threads.
func TestProducts(t *testing.T) {
	b := work(t)
	defer torch.SetThreads(torch.Threads())
	for _, c := range []struct {
		N, K    int
		byInput bool
		bias    bool
	}{{70, 50, true, true}, {64, 33, false, true}, {1, 7, false, false}, {96, 400, true, true}} {
		weights := normal(1, c.N*c.K)
		w := func(n, k int) float32 { return weights[n*c.K+k] }
		shape := []int64{int64(c.N), int64(c.K)}
		text := "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight)\n"
		if c.byInput {
			w = func(n, k int) float32 { return weights[k*c.N+n] }
			shape[0], shape[1] = shape[1], shape[0]
			text = "def forward(self, x: Tensor) -> Tensor:\n    return torch.matmul(x, self.weight) + self.bias\n"
		}
		weight := b.tensor(weights, shape...)
		slots := []torch.Slot{{Name: "weight", Value: weight}}
		var bias *torch.Tensor
		var biases []float32
		if c.bias {
			biases = normal(2, c.N)
			bias = b.tensor(biases, int64(c.N))
			slots = append(slots, torch.Slot{Name: "bias", Value: bias})
		}
		model, m := layer(b, text, slots...)
		for how, lies := range map[string]*torch.Weight{"packed": keep(b, must(torch.Pack(weight, c.byInput))(b)), "in place": keep(b, must(torch.InPlace(weight, c.byInput))(b))} {
			for _, threads := range []int{1, 2} {
				if err := torch.SetThreads(threads); err != nil {
					t.Fatal(err)
				}
				for _, chain := range []int{16, 192, 500} {
					p := keep(b, must(torch.NewProducts())(b))
					if err := p.Linear(m, lies, bias, kernel.Order(chain), 0); err != nil {
						t.Fatal(err)
					}
					for _, rows := range []int{1, 3, 14, 29} {
						x := normal(uint64(rows), rows*c.K)
						y := using(b, model, p, b.tensor(x, 1, int64(rows), int64(c.K)))
						equal(t, "shape", y.Shape(), 1, int64(rows), int64(c.N))
						equal(t, fmt.Sprintf("%dx%d %s, chain %d rows %d threads %d", c.N, c.K, how, chain, rows, threads),
							bits(must(torch.Values[float32](y))(b)), bits(chained(x, rows, c.N, c.K, w, biases, chain))...)
					}
				}
			}
		}
	}
}

// TestProductsLeaveRest: what kernels cannot read runs by its own text, and fails as it does; hooks act
// as they do otherwise; a call without products has none.
func TestProductsLeaveRest(t *testing.T) {
	b := work(t)
	weight := b.tensor([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	model, m := layer(b, "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight.to(x.dtype)) * 10\n", torch.Slot{Name: "weight", Value: weight})
	packed := keep(b, must(torch.Pack(weight, false))(b))
	p := keep(b, must(torch.NewProducts())(b))
	if err := p.Linear(m, packed, nil, 8, 0); err != nil {
		t.Fatal(err)
	}
	packed.Close() // the products keep the weights
	where := must(weight.Clone())(b)
	lies := must(torch.InPlace(where, false))(b)
	inPlace := keep(b, must(torch.NewProducts())(b))
	if err := inPlace.Linear(m, lies, nil, 8, 0); err != nil {
		t.Fatal(err)
	}
	where.Close() // and so do they where it lies
	lies.Close()
	x := b.tensor([]float32{1, 1, 1, 1, 0, 0}, 2, 3)
	for rows, want := range map[int][]float32{2: {6, 15, 1, 4}, 1: {60, 150, 10, 40}} {
		of := keep(b, must(torch.NewProducts())(b))
		if err := of.Linear(m, keep(b, must(torch.Pack(weight, false))(b)), nil, 8, rows); err != nil {
			t.Fatal(err)
		}
		equal(t, fmt.Sprintf("for %d rows alone", rows), must(torch.Values[float32](using(b, model, of, x)))(b), want...)
	}
	equal(t, "by the kernel", must(torch.Values[float32](using(b, model, p, x)))(b), 6, 15, 1, 4)
	equal(t, "in place", must(torch.Values[float32](using(b, model, inPlace, x)))(b), 6, 15, 1, 4)
	equal(t, "by the text", must(torch.Values[float32](using(b, model, nil, x)))(b), 60, 150, 10, 40)
	column := keep(b, must(keep(b, must(b.tensor([]float32{1, 9, 1, 9, 1, 9}, 3, 2).Narrow(1, 0, 1))(b)).Clone())(b))
	wide := b.tensor([]float32{1, 9, 1, 1, 0, 9, 0, 0}, 2, 4)
	gap := keep(b, must(wide.Narrow(1, 1, 3))(b))
	equal(t, "rows with gaps", must(torch.Values[float32](using(b, model, p, gap)))(b), 14, 47, 9, 36)
	double := keep(b, must(x.To(torch.Float64, torch.CPU))(b))
	equal(t, "float64", must(torch.Values[float64](using(b, model, p, double)))(b), 60, 150, 10, 40)
	if _, err := model.CallUsing(p, "forward", nil, column); err == nil {
		t.Error("rows of another width were no error")
	}
	ops := b.module("def twice(self, x: Tensor) -> Tensor:\n    return x * 2\n")
	steps := []torch.Step{{At: m, Input: true, Fn: ops, Method: "twice"}, {At: m, Fn: ops, Method: "twice"}, {At: m, Capture: true}}
	o := keep(b, must(model.CallUsing(p, "forward", steps, x))(b))
	equal(t, "with hooks", must(torch.Values[float32](o.Results[0]))(b), 24, 60, 4, 16)
	equal(t, "captured", must(torch.Values[float32](o.Captures[2]))(b), 24, 60, 4, 16)
	equal(t, "hits", o.Hits, 1, 1, 1)
}

// TestProductsRowByRow: a module that looks at the whole batch sees one row at a time.
func TestProductsRowByRow(t *testing.T) {
	b := work(t)
	model, m := layer(b, "def forward(self, x: Tensor) -> Tensor:\n    return x + x.sum()\n")
	p := keep(b, must(torch.NewProducts())(b))
	if err := p.Each(m); err != nil {
		t.Fatal(err)
	}
	x := b.tensor([]float32{1, 2, 10, 20}, 2, 1, 2)
	equal(t, "row by row", must(torch.Values[float32](using(b, model, p, x)))(b), 4, 5, 40, 50)
	equal(t, "as one", must(torch.Values[float32](using(b, model, nil, x)))(b), 34, 35, 43, 53)
}

const geluNew = "def forward(self, x: Tensor) -> Tensor:\n    return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))\n"

// TestGELU: by parts it has the bits of the text, at any size and thread count; in one pass
// it is the formula within 4e-7 max(1, |x|).
func TestGELU(t *testing.T) {
	b := work(t)
	defer torch.SetThreads(torch.Threads())
	model, m := layer(b, geluNew)
	parts, one := keep(b, must(torch.NewProducts())(b)), keep(b, must(torch.NewProducts())(b))
	if err := errors.Join(parts.GELUNew(m), one.GELU(m)); err != nil {
		t.Fatal(err)
	}
	odd := []float32{0, float32(math.Copysign(0, -1)), 1e-40, -1e-40, 1e38, -1e38, 3, -3, 9, -9, 20, -20, float32(math.Inf(1))}
	for _, threads := range []int{1, 2} {
		if err := torch.SetThreads(threads); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 15, 3072, 5 * 3072, 32768, 32769, 14*3072 + 7, 256*3072 + 1} {
			v := normal(uint64(n), n)
			for i := range v {
				v[i] *= 3
			}
			copy(v, odd)
			x := b.tensor(v, 1, int64(n))
			want := must(torch.Values[float32](using(b, model, nil, x)))(b)
			equal(t, fmt.Sprintf("%d elements, %d threads", n, threads), bits(must(torch.Values[float32](using(b, model, parts, x)))(b)), bits(want)...)
			for i, y := range must(torch.Values[float32](using(b, model, one, x)))(b) {
				x := float64(v[i])
				formula := 0.5 * x * (1 + math.Tanh(0.7978845608028654*(x+0.044715*x*x*x)))
				if d := math.Abs(float64(y) - formula); !(d <= 4e-7*max(1, math.Abs(x))) && float64(y) != formula {
					t.Fatalf("gelu(%g) is %g in one pass, and %g by the formula", v[i], y, formula)
				}
			}
		}
	}
}

// TestProductsRefuse: what cannot be packed or computed is an error in words.
func TestProductsRefuse(t *testing.T) {
	b := work(t)
	weight := b.tensor([]float32{1, 2, 3, 4}, 2, 2)
	_, m := layer(b, "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight)\n", torch.Slot{Name: "weight", Value: weight})
	other := b.module("def forward(self, x: Tensor) -> Tensor:\n    return x\n")
	p := keep(b, must(torch.NewProducts())(b))
	packed := keep(b, must(torch.Pack(weight, false))(b))
	half := keep(b, must(weight.To(torch.BFloat16, torch.CPU))(b))
	done := must(torch.NewProducts())(b)
	done.Close()
	for name, err := range map[string]error{
		"16 bits":                 second(torch.Pack(half, false)),
		"three dimensions":        second(torch.Pack(b.tensor([]float32{1}, 1, 1, 1), false)),
		"16 bits in place":        second(torch.InPlace(half, false)),
		"no weight":               second(torch.Pack(nil, false)),
		"a bias of another size":  p.Linear(m, packed, b.tensor([]float32{1}, 1), 8, 0),
		"lanes":                   p.Linear(m, packed, nil, kernel.Lanes, 0),
		"rows below 0":            p.Linear(m, packed, nil, 8, -1),
		"no order":                p.Linear(m, packed, nil, 0, 0),
		"no weight of a product":  p.Linear(m, nil, nil, 8, 0),
		"a module not made ready": p.GELU(other),
		"closed products":         done.GELU(m),
		"a call with closed ones": second(m.CallUsing(done, "forward", nil, weight)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		t.Log(err)
	}
}

func second[T any](_ T, err error) error { return err }
