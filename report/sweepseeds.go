package report

import (
	"math"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/sweep"
)

// SweepSeeds returns the mean and the standard deviation over seeds as a table: a row for
// each place and group of changes; nil where a sweep has no groups. Of the text's own words
// both are those of each seed's mean over the words.
func SweepSeeds(r *sweep.Result) *figure.Table {
	if len(r.Groups) == 0 {
		return nil
	}
	columns := sweepColumns(r)
	t := &figure.Table{Columns: []figure.TableColumn{{Head: "place"}, {Head: "change"}}, Notes: sweepNotes(r)}
	clean := []string{"clean", ""}
	for _, c := range columns {
		t.Columns = append(t.Columns, figure.TableColumn{Head: "mean " + c.name, Right: true}, figure.TableColumn{Head: "spread (SD)", Right: true}, figure.TableColumn{Head: "change of the mean", Right: true})
		clean = append(clean, sweepNumber(c.series.Metric.Kind, c.clean()), "", "")
	}
	t.Rows = [][]string{clean}
	for b, p := range r.Places {
		for _, g := range r.Groups {
			row := []string{visible.Name(p.Label), visible.Name(g.Name)}
			for _, c := range columns {
				kind := c.series.Metric.Kind
				mean, sd := c.spread(r, g, b)
				more := "-"
				if !math.IsNaN(mean) {
					more = sweepChange(kind, mean-c.clean())
				}
				row = append(row, sweepNumber(kind, mean), sweepNumber(kind, sd), more)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// spread returns the mean and standard deviation of a column over a group at a place.
func (c sweepColumn) spread(r *sweep.Result, g sweep.Group, place int) (mean, sd float64) {
	return sweep.Spread(g.Changes, func(f int) float64 { return c.value(c.series.At(r, f, place)) })
}
