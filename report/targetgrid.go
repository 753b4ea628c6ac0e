package report

import (
	"fmt"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
)

// TargetGrid returns the rank and the log-probability of every target by layer,
// shaded by its probability: a column for each word and position, or for each
// next token of the text. It returns nil where there are none.
func TargetGrid(r *lens.Result, o GridOptions) (*figure.Grid, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	t := r.Targets
	if t == nil {
		return nil, nil
	}
	if t.Rank == nil || t.LogProb == nil || t.Prob == nil {
		return nil, fmt.Errorf("report: the targets of %s lack rank or probability", describe(r))
	}
	g := &figure.Grid{
		Title:  "targets: rank and log-probability in nats",
		Corner: "layer",
		Scale: figure.Scale{
			Name: "probability", Number: "log-probability", Always: true,
			Ticks: []figure.Tick{{At: 0, Text: "0"}, {At: 0.5, Text: "0.5"}, {At: 1, Text: "1"}},
		},
	}
	var offsets []int // of each column within a row of the arrays
	stride := len(t.Positions)
	if t.Next {
		for q, id := range t.IDs {
			if id < 0 || !isNew(r, t.Positions[q]) {
				continue
			}
			g.Columns = append(g.Columns, figure.Head{Text: piece(r, id), Note: "after " + strconv.Itoa(t.Positions[q])})
			offsets = append(offsets, q)
		}
	} else {
		stride *= t.N
		for q, p := range t.Positions {
			for n := range t.IDs {
				g.Columns = append(g.Columns, figure.Head{Text: wordName(r, n), Note: "after " + strconv.Itoa(p)})
				offsets = append(offsets, q*t.N+n)
			}
		}
	}
	if len(g.Columns) == 0 {
		return nil, nil // a text of one token has no next one
	}
	tied := false
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: printable(r.Rows[i].Label), Note: printable(r.Rows[i].Point)})
		for _, at := range offsets {
			k := i*stride + at
			c := figure.Cell{
				Text:   strconv.FormatInt(t.Rank[k], 10),
				Number: decimal(float64(t.LogProb[k])),
				Value:  max(0, min(1, float64(t.Prob[k]))),
			}
			if t.Ties != nil && t.Ties[k] > 0 {
				c.Text += "="
				tied = true
			}
			g.Cells = append(g.Cells, c)
		}
	}
	if tied {
		g.Notes = append(g.Notes, "= other tokens have the same logit")
	}
	return g, nil
}

// wordName returns the n-th target word as its first token, which is what the
// numbers speak of.
func wordName(r *lens.Result, n int) string {
	return piece(r, r.Targets.IDs[n])
}
