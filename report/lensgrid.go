package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

// A Measure is what the cells of a LensGrid are shaded by.
type Measure string

const (
	ByProb       Measure = "prob"        // probability of the likeliest token
	ByEntropy    Measure = "entropy"     // entropy of the row's distribution
	ByKL         Measure = "kl"          // KL divergence to the model's own output
	ByAgree      Measure = "agree"       // whether the likeliest token is the model's own
	ByTargetProb Measure = "target-prob" // probability of a target
	ByTargetRank Measure = "target-rank" // rank of a target
)

// Measures lists all measures.
var Measures = []Measure{ByProb, ByEntropy, ByKL, ByAgree, ByTargetProb, ByTargetRank}

// ParseMeasure returns the measure of that name, which may be a statistic's, or an error that lists them.
func ParseMeasure(name string) (Measure, error) {
	if m := Measure(name); slices.Contains(Measures, m) {
		return m, nil
	}
	if s, err := lens.StatOf(name); err == nil {
		return Measure(s.Name), nil
	}
	var names []string
	for _, m := range Measures {
		names = append(names, string(m))
	}
	for _, s := range lens.Stats() {
		names = append(names, s.Name)
	}
	return "", fmt.Errorf("report: no measure %q to shade by; there are %s", name, strings.Join(names, ", "))
}

// GridOptions choose how a lens result becomes a Grid.
type GridOptions struct {
	Title     string  // in place of the lens's name
	By        Measure // what to shade by, ByProb where empty
	Target    int     // which of several target words ByTargetProb and ByTargetRank mean
	LastOnTop bool    // the last layer on top and the embedding below, not the other way round
}

// LensGrid returns the likeliest next token of every row and position of r, with
// the prompt's tokens as column heads and the text's own next tokens below. Where the
// model wrote the text, it has a column for each new token.
func LensGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	if err := data.Check(r); err != nil {
		return nil, err
	}
	if r.Written != nil {
		return generationGrid(r, o)
	}
	return lensGrid(r, o)
}

func lensGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	if r.K < 1 || r.TopIDs == nil {
		return nil, fmt.Errorf("report: %s keeps no candidates to show; ask for at least one", data.Describe(r))
	}
	shade, err := newShade(r, o)
	if err != nil {
		return nil, err
	}
	g := &figure.Grid{
		Title:  o.Title,
		Corner: "layer",
		Scale:  shade.scale,
		Mark:   "the text's own next token",
	}
	if g.Title == "" {
		g.Title = Title(r) + ": likeliest next tokens"
	}
	next := figure.Footer{Label: "next"}
	for _, p := range r.Positions {
		g.Columns = append(g.Columns, figure.Head{Text: TokenText(r.Tokens[p]), Note: strconv.Itoa(p)})
		text := ""
		if p+1 < len(r.Tokens) {
			text = TokenText(r.Tokens[p+1])
		}
		next.Cells = append(next.Cells, text)
	}
	g.Footers = []figure.Footer{next}
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: visible.Name(r.Rows[i].Label), Note: visible.Name(r.Rows[i].Point)})
		for j, p := range r.Positions {
			n := i*len(r.Positions) + j
			id := r.TopIDs[n*r.K]
			c := figure.Cell{Text: piece(r, id), Marked: p+1 < len(r.Tokens) && r.Tokens[p+1].ID == id}
			c.Value, c.Number = shade.At(i, j)
			g.Cells = append(g.Cells, c)
		}
	}
	return g, nil
}

// Title returns what the result is in a few words: the lens, the model, where
// the states were read, and the interventions.
func Title(r *lens.Result) string {
	var s strings.Builder
	m := r.Manifest
	if r.Name != "" {
		s.WriteString(visible.Name(r.Name) + ": ")
	}
	if m.Lens != "" {
		s.WriteString(string(m.Lens) + " ")
	}
	s.WriteString("lens")
	if m.Model != "" {
		s.WriteString(" of " + visible.Name(m.Model))
	}
	if m.At != "" && m.At != "resid" {
		s.WriteString(" at " + visible.Name(m.At))
	}
	if len(m.Interventions) > 0 {
		s.WriteString(" with " + visible.Name(strings.Join(m.Interventions, ", ")))
	}
	return s.String()
}

// piece returns the token of an id for people.
func piece(r *lens.Result, id int64) string { return pieceText(r.Pieces, id) }

func pieceText(pieces map[int64]lens.Token, id int64) string {
	t := pieces[id]
	t.ID = id
	return TokenText(t)
}

func rowOrder(r *lens.Result, o GridOptions) []int {
	order := make([]int, len(r.Rows))
	for i := range order {
		order[i] = i
	}
	if o.LastOnTop {
		slices.Reverse(order)
	}
	return order
}

// finiteMax returns the largest finite value, 0 where there is none.
func finiteMax(values []float32) float64 {
	top := 0.0
	for _, v := range values {
		if data.IsFinite(v) {
			top = math.Max(top, float64(v))
		}
	}
	return top
}

// TokenText returns a token as people see it: by its id where its bytes are not known.
func TokenText(t lens.Token) string {
	if t.Bytes == nil {
		return "#" + strconv.FormatInt(t.ID, 10)
	}
	return visible.Text(t.Bytes)
}
