package lens

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/torch"
)

// The plain oracle of a readout: every statistic by its definition, in float64, from
// all logits x [S,P,V].
func plainReading(x []float32, S, P, V, final, K int, targets []int64, N int) *reading {
	r := newReading(S, P, K, N)
	for s := range S {
		for p := range P {
			at := s*P + p
			row, own := x[at*V:(at+1)*V], x[(final*P+p)*V:(final*P+p+1)*V]
			l, f := logSoftmax64(row), logSoftmax64(own)
			for v := range V {
				r.Entropy[at] -= math.Exp(l[v]) * l[v]
				r.KL[at] += math.Exp(f[v]) * (f[v] - l[v])
			}
			r.LogSumExp[at] = logSumExp64(row)
			for k, id := range largest(row)[:K] {
				r.TopIDs[at*K+k], r.TopLogits[at*K+k] = int64(id), row[id]
			}
			for n := range N {
				id := targets[p*N+n]
				if id < 0 {
					continue
				}
				i := at*N + n
				r.TargetLogit[i], r.TargetRank[i], r.TargetTies[i] = row[id], 1, -1
				for _, y := range row {
					if y > row[id] {
						r.TargetRank[i]++
					}
					if y == row[id] {
						r.TargetTies[i]++
					}
				}
				if isNaN(row[id]) { // it ranks behind all numbers
					r.TargetRank[i], r.TargetTies[i] = int64(V), 0
				}
			}
		}
	}
	return r
}

// largest returns all ids: NaN first, then value descending, equals by rising id.
func largest(x []float32) []int {
	ids := make([]int, len(x))
	for i := range ids {
		ids[i] = i
	}
	slices.SortStableFunc(ids, func(a, b int) int {
		if nan := isNaN(x[b]); nan != isNaN(x[a]) {
			if nan {
				return 1
			}
			return -1
		} else if nan {
			return 0
		}
		return cmp.Compare(x[b], x[a])
	})
	return ids
}

func isNaN(x float32) bool { return x != x }

// logSumExp64 is as torch.logsumexp: an infinite largest logit is the result.
func logSumExp64(x []float32) float64 {
	m := math.Inf(-1)
	for _, v := range x {
		if isNaN(v) {
			return math.NaN()
		}
		m = math.Max(m, float64(v))
	}
	if math.IsInf(m, 0) {
		return m
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	return m + math.Log(sum)
}

// logSoftmax64 is as torch.log_softmax: of infinite logits nothing is a number.
func logSoftmax64(x []float32) []float64 {
	lse := logSumExp64(x)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v) - lse
		if math.IsInf(lse, 0) {
			out[i] = math.NaN()
		}
	}
	return out
}

// equalReading compares a reading with the oracle's: ids, logits, ranks and ties to the
// bit, sums within tol.
func equalReading(t *testing.T, kernel string, got, want *reading, tol float64) {
	t.Helper()
	same(t, kernel+": top ids", got.TopIDs, want.TopIDs)
	same(t, kernel+": top logits", bitsOf(got.TopLogits), bitsOf(want.TopLogits))
	same(t, kernel+": target logits", bitsOf(got.TargetLogit), bitsOf(want.TargetLogit))
	same(t, kernel+": target ranks", got.TargetRank, want.TargetRank)
	same(t, kernel+": target ties", got.TargetTies, want.TargetTies)
	close64(t, kernel+": log-sum-exp", got.LogSumExp, want.LogSumExp, tol)
	close64(t, kernel+": entropy", got.Entropy, want.Entropy, tol)
	close64(t, kernel+": KL", got.KL, want.KL, tol)
}

func same[E comparable](t *testing.T, name string, got, want []E) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: value %d of %d is %v, want %v", name, i, len(got), got[i], want[i])
			return
		}
	}
}

// bitsOf makes floats comparable; every NaN is the same.
func bitsOf(x []float32) []string {
	out := make([]string, len(x))
	for i, v := range x {
		out[i] = fmt.Sprintf("%08x (%v)", math.Float32bits(v), v)
		if isNaN(v) {
			out[i] = "NaN"
		}
	}
	return out
}

// close64 wants equal NaN and infinities, and |got - want| <= tol max(1, |want|).
func close64(t *testing.T, name string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		return
	}
	for i, g := range got {
		w := want[i]
		if math.IsNaN(g) && math.IsNaN(w) || g == w {
			continue
		}
		if d := math.Abs(g - w); !(d <= tol*math.Max(1, math.Abs(w))) {
			t.Errorf("%s: value %d of %d is %v, want %v: apart by %.3g", name, i, len(got), g, w, d)
			return
		}
	}
}

// newTensor returns a tensor that lives as long as the test.
func newTensor(t testing.TB, v []float32, shape ...int64) *torch.Tensor {
	t.Helper()
	x, err := torch.New(v, shape...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}
