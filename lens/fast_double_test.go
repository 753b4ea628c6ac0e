package lens

import (
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The definitions in float64, on the logits of a product in float64. Of rows h [P,C].
const doubleText = `
def logits(self, h: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
    b: Optional[Tensor] = None
    if bias is not None:
        b = bias.to(7)
    return torch.linear(h.to(7), w.to(7), b)

def read(self, x: Tensor, own: Tensor, ids: Tensor, mine: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    # Log-sum-exp, entropy, KL, log-probability of targets ids [P], how many logits are
    # larger than theirs by d or more, and by -d or more; the logits of ids mine [P,K].
    l, f = torch.log_softmax(x, -1), torch.log_softmax(own, -1)
    t = x.gather(-1, ids[:, None])
    d = 1e-3
    return (torch.logsumexp(x, -1), -(l.exp() * l).sum(-1), (f.exp() * (f - l)).sum(-1), l.gather(-1, ids[:, None])[:, 0],
            (x > t + d).sum(-1), (x > t - d).sum(-1), x.gather(-1, mine))
`

// TestFastDouble compares the kernels with float64, from the product on, over thousands
// of rows of a trained model and of random weights.
func TestFastDouble(t *testing.T) {
	unit, err := torch.NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	double, err := unit.Define("Double", doubleText)
	if err != nil {
		t.Fatal(err)
	}
	defer double.Close()
	for _, c := range []struct {
		name string
		T    int
	}{{"", 100}, {"3x768", 20}, {"phi-96", 60}} {
		dir := ""
		if c.name != "" {
			dir = reference.Model(t, c.name)
		}
		m := openModel(t, dir, model.Options{DType: "float32"})
		ids := reference.IDs(3, c.T, m.Sizes.Vocab)
		for _, kernel := range []Kernel{ATen, F32, TF32X3} {
			compareDouble(t, double, m, read(t, m, ids, Options{Fast: true, Kernel: kernel, Next: true, Hidden: true, Top: 10}))
		}
	}
}

func compareDouble(t *testing.T, double *torch.Module, m *model.Model, r *Result) {
	t.Helper()
	var sc torch.Scope
	defer sc.Close()
	call := func(keep *torch.Scope, method string, args ...any) []*torch.Tensor {
		t.Helper()
		out, err := double.Call(method, args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out {
			torch.Keep(keep, x)
		}
		return out
	}
	numbers := func(x *torch.Tensor) []float64 {
		v, err := torch.Values[float64](x)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	u, err := m.Unembedding()
	if err != nil {
		t.Fatal(err)
	}
	torch.Keep(&sc, u)
	var bias any
	if u.Bias != nil {
		bias = u.Bias
	}
	w, err := torch.Values[float32](u.Weight)
	if err != nil {
		t.Fatal(err)
	}
	P, C, R := len(r.Positions), r.Width, len(r.Rows)
	// One order of summation is off by half of what two are apart (see apart).
	d := float64(C+3) * math.Exp2(-24) * longest(w, C) * longest(r.Hidden, C)
	d *= off(Kernel(r.Manifest.Kernel)) * off(Kernel(r.Manifest.Kernel)) // here beside no rounding at all
	means := (2*d + sumTolerance) * (2 + 2*math.Log(float64(r.Vocab)))
	next := append(slices.Clone(r.Targets.IDs[:P-1]), 0)
	targets, err := torch.New(next, int64(P))
	if err != nil {
		t.Fatal(err)
	}
	torch.Keep(&sc, targets)
	rows := func(keep *torch.Scope, n int) *torch.Tensor {
		h := newTensor(t, r.Hidden[n*P*C:(n+1)*P*C], int64(P), int64(C))
		return call(keep, "logits", h, u.Weight, bias)[0]
	}
	own := rows(&sc, R-1)
	worst := map[string]float64{}
	check := func(name string, got float32, want, tol float64) {
		off := math.Abs(float64(got) - want)
		worst[name] = max(worst[name], off)
		if !(off <= tol) {
			t.Fatalf("%s, %s: %s is %v, in float64 %v", m.Name, r.Manifest.Kernel, name, got, want)
		}
	}
	for n := range R {
		var one torch.Scope
		mine, err := torch.New(r.TopIDs[n*P*r.K:(n+1)*P*r.K], int64(P), int64(r.K))
		if err != nil {
			t.Fatal(err)
		}
		torch.Keep(&one, mine)
		out := call(&one, "read", rows(&one, n), own, targets, mine)
		lse, entropy, kl, logprob, logits := numbers(out[0]), numbers(out[1]), numbers(out[2]), numbers(out[3]), numbers(out[6])
		var above, least []int64
		if err := fetch(out[4:6], &above, &least); err != nil {
			t.Fatal(err)
		}
		for p := range P {
			at := n*P + p
			// Results are float32: half a unit in the last place comes to each.
			half := func(v float64) float64 { return math.Abs(v) * math.Exp2(-24) }
			check("log-sum-exp", r.LogSumExp[at], lse[p], d+sumTolerance+half(lse[p]))
			check("entropy", r.Entropy[at], entropy[p], means)
			check("KL", r.KL[at], kl[p], means+half(kl[p]))
			for k := range r.K {
				check("logit", r.TopLogits[at*r.K+k], logits[p*r.K+k], d)
			}
			if p == P-1 {
				continue // the last one has no target
			}
			check("log-probability", r.Targets.LogProb[at], logprob[p], 2*d+sumTolerance+half(logprob[p]))
			if rank := r.Targets.Rank[at]; d < 5e-4 && (rank < 1+above[p] || rank > 1+least[p]) {
				t.Errorf("%s, %s: the rank %d is not from %d to %d", m.Name, r.Manifest.Kernel, rank, 1+above[p], 1+least[p])
			}
		}
		one.Close()
	}
	t.Logf("%s, %s, %d rows: a logit is off by no more than %.2g, at most %v", m.Name, r.Manifest.Kernel, R*P, d, worst)
}
