package bench_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/golens/golens/bench"
)

// TestInterval counts, in whole numbers, how often an interval of n values misses the
// median: it must hold it with 95 %, and the next narrower one must not.
func TestInterval(t *testing.T) {
	for n := 1; n <= 120; n++ {
		values := make([]float64, n)
		for i, at := range rand.New(rand.NewPCG(uint64(n), 0)).Perm(n) {
			values[at] = float64(i + 1) // value and rank are one
		}
		s := bench.Summarise(values)
		k := int64(s.Low)
		if s.Runs != n || s.Best != 1 || s.Median != float64(n+1)/2 || s.High != float64(n+1)-s.Low {
			t.Fatalf("of 1 to %d: %+v", n, s)
		}
		if !(misses(n, k) <= 0.05) && k > 1 {
			t.Errorf("n = %d: the interval from rank %d misses the median with %.3f", n, k, misses(n, k))
		}
		if 2*(k+1) <= int64(n) && !(misses(n, k+1) > 0.05) {
			t.Errorf("n = %d: the interval from rank %d is too wide", n, k)
		}
	}
	if s := bench.Summarise(nil); s != (bench.Summary{}) {
		t.Errorf("of nothing: %+v", s)
	}
	s := bench.Summarise([]float64{2, 4, 1, 3})
	if s.Spread() != 1.5/2.5 {
		t.Errorf("the spread of 1 to 4 is %v", s.Spread())
	}
}

// misses returns the probability that fewer than k of n fair coins show heads, or fewer
// than k show tails.
func misses(n int, k int64) float64 {
	sum := new(big.Int)
	for i := range k {
		sum.Add(sum, new(big.Int).Binomial(int64(n), i))
	}
	f, _ := new(big.Rat).SetFrac(sum.Lsh(sum, 1), new(big.Int).Lsh(big.NewInt(1), uint(n))).Float64()
	return f
}
