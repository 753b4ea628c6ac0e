package madeup

import (
	"math"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/sweep"
)

// Sweep is a sweep of two changes at three places, one of them a head, with two
// targets and odd numbers; one run was not made.
func Sweep() *sweep.Result {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	words := []string{" a", "é\n"}
	diff := func(a, b string) sweep.Metric {
		return sweep.Metric{Kind: sweep.Diff, Diff: [2]lens.Word{{Text: a, ID: 1}, {Text: b, ID: 2}}}
	}
	return &sweep.Result{
		Prompt: "x \u2028", Tokens: []lens.Token{{ID: 7, Bytes: []byte("x")}, {ID: 8, Bytes: []byte{0xff}}},
		Changes: []string{"scale 0.1", "zero"}, Factors: []float64{0.1, math.NaN()},
		Places: []sweep.Place{{Point: "drop", Label: "emb", Block: -1, Site: sweep.Embed, Head: -1}, {Point: "h.0", Label: "L0", Site: sweep.Resid, Head: -1}, {Point: "h.0.attn:h1", Label: "L0 h1", Site: sweep.Heads, Head: 1}},
		Words:  words, IDs: []int64{1, 2},
		Series: []sweep.Series{
			{Metric: sweep.Metric{Kind: sweep.LogProb}, W: 2, Clean: []float32{-1, -2}, Values: []float32{-1.5, inf, 0.1, 7.038531e-26, 1, 2, 3, 4, 5, 6, nan, nan}, Other: []float32{-3, -2.5}},
			{Metric: diff(" a", " b"), W: 1, Clean: []float32{0}, Values: []float32{1, 2, 3, 4, 5, nan}},
			{Metric: diff(" c", `"`), W: 1, Clean: []float32{0.5}, Values: []float32{-1, -2, -3, -4, -5, nan}},
		},
		Done: []bool{true, true, true, true, true, false}, Digest: "abc", Warnings: []string{"a sentence"}, Manifest: lens.Manifest{Model: "m", Threads: 2},
	}
}
