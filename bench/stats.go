package bench

import (
	"math"
	"slices"
)

// confidence is the confidence of every interval.
const confidence = 0.95

// A Summary describes repeated measurements of one quantity.
type Summary struct {
	Runs   int     `json:"runs"`
	Best   float64 `json:"best"` // the least
	Median float64 `json:"median"`
	// Low and High hold the median of the quantity with a confidence of 95 %, whatever
	// its distribution. With fewer than six runs they are the least and the largest, and
	// the confidence is lower.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Summarise returns the summary of values. Without values it is the zero Summary.
func Summarise(values []float64) Summary {
	n := len(values)
	if n == 0 {
		return Summary{}
	}
	v := slices.Clone(values)
	slices.Sort(v)
	k := medianRank(n)
	return Summary{Runs: n, Best: v[0], Median: (v[(n-1)/2] + v[n/2]) / 2, Low: v[k-1], High: v[n-k]}
}

// Spread returns half the width of the interval, as a share of the median.
func (s Summary) Spread() float64 {
	if s.Median == 0 {
		return 0
	}
	return (s.High - s.Low) / 2 / s.Median
}

// medianRank returns the largest k for which the interval from the k-th smallest to the k-th
// largest of n values holds the median with the confidence. The number of values below the median
// is Binomial(n, 1/2), so the interval misses it with probability 2 P(X < k). The result is at
// least 1.
func medianRank(n int) int {
	logs := -float64(n) * math.Ln2 // of P(X = i), which is n choose i over 2**n
	below := 0.0
	for i := range n / 2 {
		below += math.Exp(logs)
		if 2*below > 1-confidence {
			return max(1, i)
		}
		logs += math.Log(float64(n-i)) - math.Log(float64(i+1))
	}
	return max(1, n/2)
}
