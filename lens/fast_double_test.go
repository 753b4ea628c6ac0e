package lens

import (
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// The definitions in float64, of logits x [P,V]; l and f are the row's and the model's own
// log-probabilities, and p is exp(f).
const doubleText = `
def double(self, x: Tensor) -> Tensor:
    return x.to(7)

def logits(self, h: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(h.to(7), w, bias)

def final(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    f = torch.log_softmax(x.to(7), -1)
    return f, f.exp()

def read(self, x: Tensor, f: Tensor, p: Tensor, ids: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    # Log-sum-exp, entropy, KL, log-probability of targets ids [P].
    x = x.to(7)
    z = torch.logsumexp(x, -1)
    l = x - z[:, None]
    return z, -(l.exp() * l).sum(-1), (p * (f - l)).sum(-1), l.gather(-1, ids[:, None])[:, 0]

def ranks(self, x: Tensor, ids: Tensor, d: Tensor) -> Tuple[Tensor, Tensor]:
    # How many logits are larger than those of targets ids [P] by more than d [P], and no
    # smaller than they are less d.
    x = x.to(7)
    t = x.gather(-1, ids[:, None])
    return torch.count_nonzero(x > t + d[:, None], -1), torch.count_nonzero(x >= t - d[:, None], -1)

def larger(self, x: Tensor, least: Tensor) -> Tensor:
    return torch.count_nonzero(x > least[:, None], -1)

def chosen(self, x: Tensor, ids: Tensor) -> Tensor:
    return x.to(7).gather(-1, ids)
`

// A doubled is a model's lens in float64, some positions of a row at a time.
type doubled struct {
	t       *testing.T
	module  *torch.Module
	m       *model.Model
	u       *model.Unembedding
	w       *torch.Tensor // the head's weights in float64
	bias    any           // its bias in float64, or nil
	longest float64       // the largest norm of a word's weights
	order   kernel.Order  // in which the kernels sum
	worst   map[string]float64
}

func newDoubled(t *testing.T, m *model.Model) *doubled {
	t.Helper()
	unit, err := torch.NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	d := &doubled{t: t, m: m, worst: map[string]float64{}}
	if d.module, err = unit.Define("Double", doubleText); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.module.Close() })
	if d.u, err = m.Unembedding(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.u.Close() })
	var kept torch.Scope
	t.Cleanup(func() { kept.Close() })
	d.w = d.call(&kept, "double", d.u.Weight)[0]
	if d.u.Bias != nil {
		d.bias = d.call(&kept, "double", d.u.Bias)[0]
	}
	w, err := torch.Values[float32](d.u.Weight)
	if err != nil {
		t.Fatal(err)
	}
	d.longest = longest(w, int(d.u.Weight.Shape()[1]))
	o, err := orderOf(d.u)
	if err != nil {
		t.Fatal(err)
	}
	d.order = o.order
	return d
}

func (d *doubled) call(keep *torch.Scope, method string, args ...any) []*torch.Tensor {
	d.t.Helper()
	out, err := d.module.Call(method, args...)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, x := range out {
		torch.Keep(keep, x)
	}
	return out
}

// tensorIn returns a tensor that lives as long as the scope.
func tensorIn[T torch.Element](t *testing.T, keep *torch.Scope, v []T, shape ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.New(v, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return torch.Keep(keep, x)
}

// TestFastDouble compares the kernels with float64 over more than ten thousand rows of a
// trained model that reads a text, and over some of random weights: from the product on,
// and from the logits on that they have.
func TestFastDouble(t *testing.T) {
	trained := openModel(t, "", model.Options{DType: "float32"})
	tokenizer, err := trained.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/text.md")
	if err != nil {
		t.Fatal(err)
	}
	const length = 200
	windows := 4
	if os.Getenv("GOLENS_TESTED_ONCE") != "" { // with another torch, of which this knows one kernel only
		windows = 1
	}
	ids := tokenizer.Encode(string(text))
	if len(ids) < windows*length {
		t.Fatalf("the text has %d tokens, and %d are read", len(ids), windows*length)
	}
	d, rows := newDoubled(t, trained), 0
	for w := range windows {
		rows += d.compare(ids[w*length : (w+1)*length])
	}
	if rows < 2_500*windows {
		t.Errorf("%d rows of the trained model, fewer than are promised", rows)
	}
	d.log(rows)

	for _, c := range []struct {
		name string
		T    int
	}{{"3x768", 20}, {"phi-96", 60}} {
		m := openModel(t, reference.Model(t, c.name), model.Options{DType: "float32"})
		d := newDoubled(t, m)
		d.log(d.compare(reference.IDs(3, c.T, m.Sizes.Vocab)))
	}
}

func (d *doubled) log(rows int) {
	for _, name := range slices.Sorted(maps.Keys(d.worst)) {
		d.t.Logf("%s, %d rows: %s is off by at most %.2g", d.m.Name, rows, name, d.worst[name])
	}
}

// compare reads a text with every kernel that runs here, compares all cells with
// float64, and returns their number.
func (d *doubled) compare(ids []int64) int {
	d.t.Helper()
	kernels := []Kernel{ATen, F32, TF32X3}
	if len(kernel.X3()) > 0 {
		kernels = append(kernels, X3)
	}
	var results []*Result
	for _, k := range kernels {
		r := read(d.t, d.m, ids, Options{Fast: true, Kernel: k, Next: true, Hidden: true, Top: 10})
		if len(results) > 0 && !slices.Equal(r.Hidden, results[0].Hidden) {
			d.t.Fatalf("%s: the states are not those of %s", k, kernels[0])
		}
		results = append(results, r)
	}
	const chunk = 20 // positions: logits in float64 take 8 MB, and stay near the processor
	for from := 0; from < len(ids); from += chunk {
		d.positions(results, from, min(len(ids), from+chunk))
	}
	return len(results[0].Rows) * len(ids)
}

// positions compares all rows of positions from to to-1.
func (d *doubled) positions(results []*Result, from, to int) {
	d.t.Helper()
	var sc torch.Scope
	defer sc.Close()
	r := results[0]
	P, C, R, n := len(r.Positions), r.Width, len(r.Rows), int64(to-from)
	next := slices.Clone(r.Targets.IDs[from:to])
	if to == P {
		next[n-1] = 0 // the last one has no target
	}
	targets := tensorIn(d.t, &sc, next, n)
	none := tensorIn(d.t, &sc, make([]float64, n), n)
	product := func(keep *torch.Scope, h *torch.Tensor) (float32s, float64s *torch.Tensor) {
		x, err := torch.Linear(h, d.u.Weight, d.u.Bias, d.order)
		if err != nil {
			d.t.Fatal(err)
		}
		return torch.Keep(keep, x), d.call(keep, "logits", h, d.w, d.bias)[0]
	}
	states := func(row int) []float32 { return r.Hidden[(row*P+from)*C : (row*P+to)*C] }
	own, ownDouble := product(&sc, tensorIn(d.t, &sc, states(R-1), n, int64(C)))
	final, finalDouble := d.call(&sc, "final", own), d.call(&sc, "final", ownDouble)
	ofFinal := d.margins(states(R - 1))
	for row := range R {
		var one torch.Scope
		h := states(row)
		x, double := product(&one, tensorIn(d.t, &one, h, n, int64(C)))
		margins := d.margins(h)
		fromLogits := d.read(&one, x, final, targets)
		d.rank(&one, &fromLogits, x, targets, none)
		fromStates := d.read(&one, double, finalDouble, targets)
		ranked := map[float64]doubledNumbers{} // by the margin's factor: most kernels share one
		for _, got := range results {
			c := doubledCells{d, got, row, from, to}
			// Beside no rounding at all tf32x3 is off by (1.02 C + 12) 2^-23 |h||w|.
			by := math.Pow(off(Kernel(got.Manifest.Kernel)), 2)
			mine := times(margins, by)
			want, done := ranked[by]
			if !done {
				want = fromStates
				// Two logits of a row are each off by as much.
				d.rank(&one, &want, double, targets, tensorIn(d.t, &one, times(mine, 2), n))
				ranked[by] = want
			}
			c.nearDouble(&one, double, want, mine, times(ofFinal, by))
			if k := Kernel(got.Manifest.Kernel); k == F32 || k == X3 {
				c.ofLogits(&one, x, fromLogits)
			}
		}
		one.Close()
	}
}

func times(v []float64, by float64) []float64 {
	out := slices.Clone(v)
	for i := range out {
		out[i] *= by
	}
	return out
}

// margins returns by how much a float32 logit of each state in h may be off: (C+3) 2^-24
// |h||w|, half of what two orders of summation are apart (see apart).
func (d *doubled) margins(h []float32) []float64 {
	C := int(d.u.Weight.Shape()[1])
	var out []float64
	for x := range slices.Chunk(h, C) {
		out = append(out, float64(C+3)*math.Exp2(-24)*d.longest*longest(x, C))
	}
	return out
}

// doubledNumbers are what read and rank find for each position of a row.
type doubledNumbers struct {
	lse, entropy, kl, logprob []float64
	larger, least             []int64
}

func (d *doubled) read(keep *torch.Scope, x *torch.Tensor, final []*torch.Tensor, targets *torch.Tensor) (s doubledNumbers) {
	d.t.Helper()
	if err := torch.Fill(d.call(keep, "read", x, final[0], final[1], targets), &s.lse, &s.entropy, &s.kl, &s.logprob); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// rank fills in the numbers that depend on by how much two logits may be off.
func (d *doubled) rank(keep *torch.Scope, s *doubledNumbers, x, targets, margin *torch.Tensor) {
	d.t.Helper()
	if err := torch.Fill(d.call(keep, "ranks", x, targets, margin), &s.larger, &s.least); err != nil {
		d.t.Fatal(err)
	}
}
