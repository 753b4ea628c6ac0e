package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

// LensViews lists the ways to draw a lens result.
var LensViews = []string{"grid", "boxes", "words", "numbers", "pieces", "targets", "scatter"}

// ParseLensView returns an error that lists the views unless name is one.
func ParseLensView(name string) error {
	if !slices.Contains(LensViews, name) {
		return fmt.Errorf("report: no view %q; there are %s", name, strings.Join(LensViews, ", "))
	}
	return nil
}

// LensView returns r drawn in one of the LensViews:
//
//	grid     LensGrid, by any measure
//	boxes    WordBoxes, by probability
//	words    WordHeat, by probability
//	numbers  ProbabilityHeat
//	pieces   PieceHeat: every second row, plain or by entropy
//	targets  TargetLines: probabilities or, by rank, ranks
//	scatter  VocabularyDots of one cell, whose logits the result has
//
// Where the model wrote the text, they show the new tokens.
func LensView(name string, r *lens.Result, o GridOptions) (figure.Drawing, error) {
	if err := ParseLensView(name); err != nil {
		return nil, err
	}
	if name == "grid" {
		return LensGrid(r, o)
	}
	if err := data.Check(r); err != nil {
		return nil, err
	}
	if r.Written != nil {
		r = r.From(r.Written.Prompt - 1)
	}
	P := len(r.Positions)
	switch name {
	case "boxes":
		return WordBoxes(r), nil
	case "targets":
		if r.Targets == nil || r.Targets.Next {
			return nil, fmt.Errorf("report: %s has no target words to draw", data.Describe(r))
		}
		texts := LineTexts{X: "Layer", Y: "probability", Title: Title(r)}
		by := ByTargetProb
		if o.By == ByTargetRank {
			by, texts.Y = ByTargetRank, "rank ↓ better"
		}
		return TargetLines(r, by, texts), nil
	case "scatter":
		if len(r.Rows) != 1 || P != 1 || len(r.Logits) != r.Vocab {
			return nil, fmt.Errorf("report: a scatter shows the logits of one cell, and %s has %d rows and %d positions", data.Describe(r), len(r.Rows), P)
		}
		logprobs := make([]float32, r.Vocab)
		for i, v := range r.Logits {
			logprobs[i] = v - r.LogSumExp[0]
		}
		return VocabularyDots(logprobs, fmt.Sprintf("Log-softmax logits for the token following “%s”", TokenText(r.Tokens[r.Positions[0]]))), nil
	}
	words, probs := make([]string, len(r.Rows)*P), make([]float32, len(r.Rows)*P)
	for i := range words {
		words[i], probs[i] = piece(r, r.TopIDs[i*r.K]), r.TopProbs[i*r.K]
	}
	if name == "pieces" {
		if o.By == ByEntropy {
			return PieceHeat(r, words, r.Entropy), nil
		}
		return PieceHeat(r, words, nil), nil
	}
	if name == "numbers" {
		h := ProbabilityHeat(probs, len(r.Rows), P)
		for i, row := range r.Rows { // which may be a few
			h.Panels[0].(*figure.Heat).Rows[i] = fmt.Sprintf("Layer %d", row.Index+1)
		}
		return h, nil
	}
	var rows, columns []string
	xLabel := "Input Tokens"
	for _, row := range r.Rows {
		rows = append(rows, visible.Name(row.Label))
	}
	for _, p := range r.Positions {
		if r.Written != nil {
			columns, xLabel = append(columns, piece(r, r.Written.Sequence[p+1])), "Out Tokens"
			continue
		}
		columns = append(columns, TokenText(r.Tokens[p]))
	}
	return WordHeat(rows, columns, words, probs, xLabel), nil
}
