package sumorder

import (
	"fmt"
	"math"
	"slices"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// enough is how many elements a trial compares at least. An order that differs from the
// candidate in one element of twenty passes with probability 0.95^512, 4e-12.
const enough = 512

// each returns how often a trial meets each output and each row at least, since a library may
// treat the last of them in another way. Two orders of K terms end in the same bits more often
// where K is small: by chance for a third of the elements at 16, for a fifth at 256.
func (k Key) each() int64 {
	if k.Inputs < 256 {
		return 16
	}
	return 4
}

// least is how many products of R rows a trial makes at least.
func (t *trial) least() int64 {
	up := func(a, b int64) int64 { return (a + b - 1) / b }
	R, N := int64(t.p.Rows), t.k.Outputs
	return max(up(enough, R*N), up(t.k.each(), R), up(t.k.each(), N))
}

// spare is how many more products a trial makes where its inputs do not tell enough.
const spare = 8

// A trial is the search for the order of one product.
type trial struct {
	p          Product
	k          Key
	candidates []kernel.Order
	rivals     []rival

	// A window of outputs, by which inputs are chosen and rivals computed: weights
	// [n][K] and bias [n], from one on. It is the last ones, unless they have no bias.
	from, n int64
	w, bias []float32
}

func newTrial(p Product, k Key, biased int64) (*trial, error) {
	t := &trial{p: p, k: k, candidates: k.candidates(), rivals: k.rivals()}
	t.n = min(k.Outputs, max(32, 256/int64(p.Rows)))
	t.from = k.Outputs - t.n
	if k.Bias == RealBias {
		t.from = min(t.from, biased)
	}
	dim := 0
	if k.ByInput {
		dim = 1
	}
	var err error
	if t.w, err = values(p.Weight, dim, t.from, t.n); err != nil {
		return nil, err
	}
	if k.ByInput { // [K,n] to [n,K]
		w := make([]float32, len(t.w))
		for i := range k.Inputs {
			for j := range t.n {
				w[j*k.Inputs+i] = t.w[i*t.n+j]
			}
		}
		t.w = w
	}
	if k.Bias != NoBias {
		t.bias, err = values(p.Bias, 0, t.from, t.n)
	}
	return t, err
}

// run returns the order, and whether the trial decided: 0 is none that kernels have. x and
// y are a product at hand, or nil.
func (t *trial) run(x, y *torch.Tensor) (kernel.Order, bool, error) {
	least := t.least()
	for round := range least + spare {
		given := round == 0 && x != nil
		told, err := t.round(int(round), x, y, given)
		if err != nil {
			return 0, false, err
		}
		switch {
		case !told: // NaN, or an infinity
			return 0, false, nil
		case len(t.candidates) == 0:
			return 0, true, nil
		case len(t.candidates) == 1 && len(t.rivals) == 0 && round+1 >= least:
			return t.candidates[0], true, nil
		}
	}
	return 0, true, nil
}

// round compares one product. It is false where a product at hand tells nothing.
func (t *trial) round(round int, x, y *torch.Tensor, given bool) (bool, error) {
	var sc torch.Scope
	defer sc.Close()
	if !given {
		var err error
		if x, err = torch.New(t.inputs(round), 1, int64(t.p.Rows), t.k.Inputs); err != nil {
			return false, err
		}
		torch.Keep(&sc, x)
		if y, err = t.make(x); err != nil {
			return false, err
		}
		torch.Keep(&sc, y)
	}
	if n := y.Numel(); n != int64(t.p.Rows)*t.k.Outputs || x.Numel() != int64(t.p.Rows)*t.k.Inputs {
		return false, fmt.Errorf("sumorder: the product of %v is %v, and not of %d rows by %d outputs", x.Shape(), y.Shape(), t.p.Rows, t.k.Outputs)
	}
	var left []kernel.Order
	for _, o := range t.candidates {
		same, err := t.sumsIn(o, x, y)
		if err != nil {
			return false, err
		}
		if same {
			left = append(left, o)
		}
	}
	if len(left) == 0 && given {
		if finite, err := torch.Finite(y); err != nil || !finite {
			return false, err
		}
	}
	t.candidates = left
	if len(left) == 0 {
		return true, nil
	}
	return true, t.dropRivals(x, y)
}

func (t *trial) make(x *torch.Tensor) (*torch.Tensor, error) {
	if t.p.Make != nil {
		return t.p.Make(x)
	}
	return torch.LibraryLinear(x, t.p.Weight, t.p.Bias)
}

// sumsIn reports whether a product has all bits of y in an order. Some outputs tell most
// orders apart; only all of them prove one.
func (t *trial) sumsIn(o kernel.Order, x, y *torch.Tensor) (bool, error) {
	for _, n := range []int64{min(screened, t.k.Outputs), t.k.Outputs} {
		if same, err := t.sameOutputs(o, n, x, y); err != nil || !same {
			return false, err
		}
		if n == t.k.Outputs {
			break
		}
	}
	return true, nil
}

// screened is how many outputs are compared before all of them are.
const screened = 512

// sameOutputs compares the first n outputs.
func (t *trial) sameOutputs(o kernel.Order, n int64, x, y *torch.Tensor) (bool, error) {
	f := t.p.Factor
	f.Outputs = n
	z, err := f.Times(x, o)
	if err != nil {
		return false, err
	}
	defer z.Close()
	want, err := y.Narrow(len(y.Shape())-1, 0, n)
	if err != nil {
		return false, err
	}
	defer want.Close()
	return torch.SameBits(want, z)
}

// dropRivals drops those rivals from which a product is told apart.
func (t *trial) dropRivals(x, y *torch.Tensor) error {
	rows := min(int64(t.p.Rows), 8)
	h, err := values(x, len(x.Shape())-2, 0, rows)
	if err != nil {
		return err
	}
	window, err := y.Narrow(len(y.Shape())-1, t.from, t.n)
	if err != nil {
		return err
	}
	defer window.Close()
	want, err := values(window, len(y.Shape())-2, 0, rows)
	if err != nil {
		return err
	}
	var left []rival
	for _, r := range t.rivals {
		apart := t.tells(r, h, want)
		// A chain that the window does not tell apart is seen by more outputs.
		for n := int64(screened); !apart && r.order != 0 && n/8 < t.k.Outputs; n *= 8 {
			same, err := t.sameOutputs(r.order, min(n, t.k.Outputs), x, y)
			if err != nil {
				return err
			}
			apart = !same
		}
		if !apart {
			left = append(left, r)
		}
	}
	t.rivals = left
	return nil
}

// tells reports whether rows h of the window have other bits in a rival order somewhere.
func (t *trial) tells(r rival, h, want []float32) bool {
	if r.sum == nil {
		return false
	}
	K := int(t.k.Inputs)
	for i := range len(want) {
		row, out := i/int(t.n), i%int(t.n)
		var b float32
		if t.bias != nil {
			b = t.bias[out]
		}
		got := r.sum(h[row*K:(row+1)*K], t.w[out*K:(out+1)*K], b)
		if math.Float32bits(got) != math.Float32bits(want[i]) {
			return true
		}
	}
	return false
}

// inputs returns rows [R,K] in which the order of a sum shows: numbers without a pattern,
// the first and last ones large enough that their roundings count. In every second row one
// input makes the terms of one output cancel each other and the bias, so that what is left
// is nothing but roundings.
func (t *trial) inputs(round int) []float32 {
	K, R := int(t.k.Inputs), t.p.Rows
	r := random(uint64(round), uint64(K))
	x := make([]float32, R*K)
	large := float32(1)
	if K > 16 {
		large = float32(math.Sqrt(float64(K)) / 2)
	}
	for i := range R {
		row := x[i*K : (i+1)*K]
		for k := range row {
			row[k] = 2*r.Float32() - 1
			if k < 2 || k >= K-2 {
				row[k] *= large
			}
		}
		if (i+round)%2 == 1 {
			out := r.IntN(int(t.n))
			if r.IntN(2) == 0 { // one of the last ones
				out = int(t.n) - 1 - out%16%int(t.n)
			}
			t.cancel(row, out, r.IntN(K))
		}
	}
	return x
}

// cancel changes input k of a row, or a later one, so that an output of the window is nearly 0.
func (t *trial) cancel(row []float32, out, k int) {
	K := len(row)
	w := t.w[out*K : (out+1)*K]
	at := slices.IndexFunc(w[k:], func(v float32) bool { return v != 0 })
	if at < 0 {
		return
	}
	at += k
	sum := 0.0
	if t.bias != nil {
		sum = float64(t.bias[out])
	}
	for i, v := range w {
		if i != at {
			sum += float64(v) * float64(row[i])
		}
	}
	if v := float32(-sum / float64(w[at])); v != 0 && math.Abs(float64(v)) < 1e6 {
		row[at] = v
	}
}
