package report

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/report/internal/madeup"
	"github.com/golens/golens/sweep"
)

// TestSweepViews: tables, grids and figures of a sweep with odd numbers.
func TestSweepViews(t *testing.T) {
	r := madeup.Sweep()
	table := SweepTable(r)
	if len(table.Rows) != 1+2*3 || table.Rows[1][2] != "-1.5000" || table.Rows[1][3] != "-0.5000" || table.Rows[1][4] != "0.2500" || table.Rows[6][2] != "-" {
		t.Errorf("%q", table.Rows)
	}
	if !slices.Contains(table.Notes, "5 of 6 runs were made") {
		t.Errorf("%q", table.Notes)
	}
	for _, g := range SweepGrids(r) {
		for i, c := range g.Cells {
			if c.Text == "-" != math.IsNaN(c.Value) && c.Text != "-Inf" || !math.IsNaN(c.Value) && !(c.Value >= 0 && c.Value <= 1) {
				t.Errorf("%s: cell %d is %+v", g.Title, i, c)
			}
		}
	}
	heads := madeup.Sweep()
	heads.Places = nil
	for i := range 4 {
		heads.Places = append(heads.Places, sweep.Place{Label: "h", Block: i / 2, Head: i % 2})
	}
	heads.Changes, heads.Factors, heads.Done, heads.Series = heads.Changes[:1], heads.Factors[:1], heads.Done[:4], heads.Series[1:2]
	heads.Series[0].Values = heads.Series[0].Values[:4]
	if b, h := sweepHeads(heads); b != 2 || h != 2 {
		t.Errorf("%d blocks, %d heads", b, h)
	}
	one := madeup.Sweep()
	one.Changes, one.Factors, one.Done = one.Changes[1:], one.Factors[1:], one.Done[:3]
	for i := range one.Series {
		one.Series[i].Values = one.Series[i].Values[:3*one.Series[i].W]
	}
	factors := madeup.Sweep()
	factors.Factors[1] = 0
	for name, r := range map[string]*sweep.Result{"two": r, "heads": heads, "one": one, "factors": factors} {
		for _, format := range figure.Formats {
			var b bytes.Buffer
			if err := figure.Write(&b, format, SweepFigure(r), figure.Options{}); err != nil || b.Len() == 0 {
				t.Errorf("%s as %s: %v, %d bytes", name, format, err, b.Len())
			}
		}
	}
}
