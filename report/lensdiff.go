package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
)

// DiffGrid returns what interventions changed in a lens: the likeliest token of every
// cell with them, marked where it is another without, and shaded by KL(clean || changed).
func DiffGrid(d *lens.Diff, o GridOptions) (*figure.Grid, error) {
	if err := check(d.Changed); err != nil {
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
		g.Columns = append(g.Columns, figure.Head{Text: tokenText(r.Tokens[p]), Note: strconv.Itoa(p)})
	}
	moved := 0
	for _, i := range rowOrder(r, o) {
		g.Rows = append(g.Rows, figure.Head{Text: printable(r.Rows[i].Label), Note: printable(r.Rows[i].Point)})
		for j := range r.Positions {
			n := i*len(r.Positions) + j
			c := figure.Cell{Text: piece(r, r.TopIDs[n*r.K]), Number: decimal(float64(d.KL[n])), Value: math.NaN(), Marked: d.Moved(n)}
			if isFinite(d.KL[n]) {
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

// diffManifest is what made a Diff: the lens's manifest, and the targets.
type diffManifest struct {
	lens.Manifest
	Targets *targetsJSON `json:"targets,omitempty"`
}

// DiffBundle returns the arrays of a Diff: those of the lens with interventions, those
// without them as clean_..., and kl_from_clean [R,P].
func DiffBundle(d *lens.Diff) (*Bundle, error) {
	m := diffManifest{Manifest: d.Changed.Manifest}
	if d.Changed.Targets != nil {
		t := targetsOf(d.Changed)
		m.Targets = &t
	}
	b := &Bundle{Format: "golens-diff-1", Name: "lens --diff", Prompts: []string{d.Changed.Prompt}, Manifest: m, Warnings: d.Changed.Warnings}
	fields, err := arrays(d.Changed)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		b.Arrays = append(b.Arrays, NamedArray{f.Name, f.dims, f.data})
	}
	if fields, err = arrays(d.Clean); err != nil {
		return nil, err
	}
	for _, f := range fields {
		switch f.Name {
		case "ids", "positions", "rows", "target_ids", "target_positions":
		default:
			b.Arrays = append(b.Arrays, NamedArray{"clean_" + f.Name, f.dims, f.data})
		}
	}
	b.Arrays = append(b.Arrays, NamedArray{"kl_from_clean", []int{len(d.Changed.Rows), len(d.Changed.Positions)}, d.KL})
	return b, nil
}
