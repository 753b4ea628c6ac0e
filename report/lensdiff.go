package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
)

// DiffGrid returns what interventions changed in a lens: the likeliest token of every
// cell with them, marked where it is another without, and shaded by KL(clean || changed).
func DiffGrid(d *lens.Diff, o GridOptions) (*figure.Grid, error) {
	if err := data.Check(d.Changed); err != nil {
		return nil, err
	}
	r := d.Changed
	ticks, top := roundTicks(finiteMax(d.KL))
	g := &figure.Grid{Title: o.Title, Corner: "layer", Mark: "another token without the intervention",
		Scale: figure.Scale{Name: "KL(clean || changed) in nats", Number: "KL(clean || changed) in nats", Ticks: ticks}}
	if g.Title == "" {
		g.Title = "change of the " + Title(r)
	}
	for _, p := range r.Positions {
		g.Columns = append(g.Columns, figure.Head{Text: TokenText(r.Tokens[p]), Note: strconv.Itoa(p)})
	}
	moved := 0
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: visible.Name(r.Rows[i].Label), Note: visible.Name(r.Rows[i].Point)})
		for j := range r.Positions {
			n := i*len(r.Positions) + j
			c := figure.Cell{Text: piece(r, r.TopIDs[n*r.K]), Number: decimal(float64(d.KL[n])), Value: math.NaN(), Marked: d.Moved(n)}
			if data.IsFinite(d.KL[n]) {
				c.Value = max(0, min(1, float64(d.KL[n])/top))
			}
			if c.Marked {
				moved++
			}
			g.Cells = append(g.Cells, c)
		}
	}
	g.Notes = []string{fmt.Sprintf("in %d of %d cells the likeliest token is another", moved, len(d.KL))}
	g.Notes = append(g.Notes, targetNotes(r)...)
	return g, nil
}
