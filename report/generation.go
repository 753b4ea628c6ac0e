package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
)

// isNew reports whether the token behind a position was written by the model, or the
// result is of a text that was given as a whole.
func isNew(r *lens.Result, position int) bool {
	return r.Written == nil || position >= r.Written.Prompt-1
}

// generationGrid is the LensGrid of a text that the model wrote: a column for each
// new token, headed by it, with what every row would have written in its place.
func generationGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	g, err := lensGrid(r, o)
	if err != nil {
		return nil, err
	}
	if o.Title == "" {
		g.Title = Title(r) + ": what each layer would write"
	}
	g.Mark = "the token that was written"
	all := *g
	g.Columns, g.Cells, g.Footers = nil, nil, nil
	var columns []int
	for i, p := range r.Positions {
		if isNew(r, p) {
			columns = append(columns, i)
			g.Columns = append(g.Columns, figure.Head{Text: piece(r, r.Written.Sequence[p+1]), Note: strconv.Itoa(p + 1)})
		}
	}
	for n, row := range rowOrder(r, o) {
		for _, i := range columns {
			c := all.At(n, i)
			best := r.TopIDs[(row*len(r.Positions)+i)*r.K]
			c.Marked = best == r.Written.Sequence[r.Positions[i]+1]
			g.Cells = append(g.Cells, c)
		}
	}
	g.Notes = append(g.Notes, Manner(r.Written))
	return g, nil
}

// Manner says in a sentence how a text was written, and why it ends.
func Manner(w *lens.Written) string {
	n := len(w.Sequence) - w.Prompt
	s := fmt.Sprintf("%d new tokens", n)
	if n == 1 {
		s = "1 new token"
	}
	if p := w.Sampling; p != nil {
		s += fmt.Sprintf(", drawn with temperature %v", p.Temperature)
		if p.TopK > 0 {
			s += fmt.Sprintf(", top-k %d", p.TopK)
		}
		if p.TopP < 1 {
			s += fmt.Sprintf(", top-p %v", p.TopP)
		}
		for _, more := range []struct {
			name  string
			value float64
		}{{"top-h", p.TopH}, {"min-p", p.MinP}, {"typical-p", p.TypicalP}, {"epsilon-cutoff", p.Epsilon}, {"eta-cutoff", p.Eta}} {
			if more.value > 0 {
				s += fmt.Sprintf(", %s %v", more.name, more.value)
			}
		}
		s += fmt.Sprintf(", seed %d", p.Seed)
	} else {
		s += ", each the likeliest"
	}
	if w.Config != nil && len(w.Config.Shaping()) > 0 {
		s += " by " + strings.Join(w.Config.Shaping(), ", ")
	}
	return s + "; " + w.Ended.String()
}
