package study

import (
	"math"
	"strconv"
)

// extremes returns the largest and the smallest of the values.
func extremes(v []float32) (largest, smallest float32) {
	largest, smallest = v[0], v[0]
	for _, x := range v {
		largest, smallest = max(largest, x), min(smallest, x)
	}
	return largest, smallest
}

// uniform returns the entropy in nats of an even guess among n.
func uniform(n int) float64 { return math.Log(float64(n)) }

// quoted puts each text in quotes, with what cannot be seen escaped.
func quoted(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strconv.Quote(t)
	}
	return out
}
