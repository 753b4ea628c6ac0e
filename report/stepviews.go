package report

import (
	"fmt"

	"github.com/golens/golens/figure"
)

// ProbabilityHeat returns the probabilities [R,S] of R states, the embedding on
// top, and S steps of a generation, as numbers in cells.
func ProbabilityHeat(probs []float32, R, S int) *figure.Figure {
	h := &figure.Heat{
		Title: "Logit Lens: Token Probabilities Across Layers", XLabel: "Hidden States (Token Indexes)", YLabel: "Layers",
		Map: "YlGnBu", Bar: true, BarLabel: "Probability",
	}
	for i := range R {
		h.Rows = append(h.Rows, fmt.Sprintf("Layer %d", i+1))
	}
	for i := range S {
		h.Columns = append(h.Columns, fmt.Sprintf("Token %d", i+1))
	}
	for _, p := range probs {
		h.Values, h.Texts = append(h.Values, float64(p)), append(h.Texts, fmt.Sprintf("%.2f", p))
	}
	return &figure.Figure{Width: 12, Height: 8, Panels: []figure.Panel{h}}
}

// WordHeat returns the words [R,N] that N columns say in R rows, the first row on
// top, coloured by their probabilities: blue below a half, red above.
func WordHeat(rows, columns, words []string, probs []float32, xLabel string) *figure.Figure {
	h := &figure.Heat{
		Title: "Logit Lens Visualization", XLabel: xLabel, YLabel: "Layers", Rows: rows, Columns: columns, Texts: words,
		Map: "RdYlBu_r", Min: 0, Max: 1, Bar: true, BarLabel: "Probability",
	}
	for _, p := range probs {
		h.Values = append(h.Values, float64(p))
	}
	return &figure.Figure{Panels: []figure.Panel{h}}
}
