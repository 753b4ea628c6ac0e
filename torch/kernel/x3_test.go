package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// x3Sets are all that there are here: on hardware, and emulated.
func x3Sets() []Set { return append(X3(), EmulatedX3()...) }

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
				a, b, d := near(t, fmt.Sprintf("%s %+v", s.Name(), c), read(t, Best(), p.query), read(t, s, p.query))
				t.Logf("%s %v: off by at most %.2g (log-sum-exp), %.2g (entropy), %.2g (KL)", s.Name(), c.V, a, b, d)
			}
		}
	}
}
