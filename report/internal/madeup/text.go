package madeup

import (
	"math"

	"github.com/golens/golens/lens"
)

// Text is a text of two rows in windows of three tokens, with numbers that are
// hard to write.
func Text() *lens.Text {
	return &lens.Text{
		Name: "a,\"b\"\n.txt", Rows: []lens.Row{{Index: 0, Point: "drop", Label: "emb"}, {Index: 12, Point: "ln_f", Label: "L11"}},
		Chunk: 3, Prefix: []int64{50256}, Whole: true, Tokens: 12_345, Windows: 4115, Targets: 12_344, Bytes: 50_000,
		CrossEntropy: []float64{math.Inf(1), 3.0123456789012345}, Entropy: []float64{10, 1.0 / 3}, KL: []float64{math.NaN(), 0}, Agree: []float64{0.1, 1},
		ReciprocalRank: []float64{0.25, 0.5}, Within: []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1},
		Quantiles: []int64{1, 2, 31_000, 4, 50_257, 1, 1, 2, 3, 4}, RankCounts: []int64{1, 2, 3, 4, 5, 6}, Bins: 3, Tied: []int64{7, 0}, Bad: []int64{1, 0},
		PlaceCrossEntropy: []float64{1, 2, 3, 4, 5, math.NaN()}, PlaceTargets: []int64{4115, 4115, 4114},
		Warnings: []string{"a warning"}, Manifest: lens.Manifest{Mode: "exact"},
	}
}
