package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// A sweepColumn is one metric of one target: what a table's column or a figure's
// panel shows of a sweep.
type sweepColumn struct {
	series *sweep.Series
	target int // -1 for the mean over the text's own words
	name   string
}

// value returns the column's number of a run, or of the clean one.
func (c sweepColumn) value(w []float32) float64 {
	if c.target >= 0 {
		return float64(w[c.target])
	}
	sum := 0.0
	for _, v := range w {
		sum += float64(v)
	}
	return sum / float64(len(w))
}

func (c sweepColumn) clean() float64 { return c.value(c.series.Clean) }

// sweepNames say in words what a metric is.
var sweepNames = map[sweep.Kind]string{
	sweep.LogProb: "log-probability", sweep.Prob: "probability", sweep.Rank: "rank", sweep.Logit: "logit", sweep.Entropy: "entropy", sweep.KL: "KL(clean || run)", sweep.Diff: "log-probability",
}

func sweepColumns(r *sweep.Result) []sweepColumn {
	var out []sweepColumn
	for i := range r.Series {
		s := &r.Series[i]
		name := sweepNames[s.Metric.Kind]
		switch {
		case s.Metric.Kind == sweep.Diff:
			name += " of " + visible.Text([]byte(s.Metric.Diff[0].Text)) + " less that of " + visible.Text([]byte(s.Metric.Diff[1].Text))
		case s.Metric.Kind == sweep.Entropy, s.Metric.Kind == sweep.KL:
			name += " in nats"
		}
		switch {
		case r.Next:
			out = append(out, sweepColumn{s, -1, "mean " + name + " over the text's own words"})
		case s.Metric.Kind.OfTargets():
			for n := range r.Words {
				out = append(out, sweepColumn{s, n, name + " of " + SweepTarget(r, n)})
			}
		default:
			out = append(out, sweepColumn{s, 0, name})
		}
	}
	return out
}

// sweepNumber writes a value for people.
func sweepNumber(k sweep.Kind, v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case k == sweep.Rank:
		return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
	case k == sweep.Prob || v != 0 && math.Abs(v) < 1e-3:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// notRun stands for the numbers of a run that was not made.
const notRun = "-"

// sweepChange writes a difference of two values for people, with its sign.
func sweepChange(k sweep.Kind, d float64) string {
	switch {
	case math.IsNaN(d):
		return "NaN"
	case k == sweep.Rank || k == sweep.Prob:
		return fmt.Sprintf("%+.4g", d)
	}
	return fmt.Sprintf("%+.4f", d)
}

// SweepTable returns a sweep as a table: the clean run, and a row for each place and
// change, with each value and how far it is from the clean one.
func SweepTable(r *sweep.Result) *figure.Table {
	columns := sweepColumns(r)
	t := &figure.Table{Columns: []figure.TableColumn{{Head: "place"}}}
	if len(r.Changes) > 1 {
		t.Columns = append(t.Columns, figure.TableColumn{Head: "change"})
	}
	clean := []string{"clean"}
	if len(r.Changes) > 1 {
		clean = append(clean, "")
	}
	for _, c := range columns {
		t.Columns = append(t.Columns, figure.TableColumn{Head: c.name, Right: true}, figure.TableColumn{Head: "change of it", Right: true})
		clean = append(clean, sweepNumber(c.series.Metric.Kind, c.clean()), "")
		if c.series.Other != nil {
			t.Columns = append(t.Columns, figure.TableColumn{Head: "recovery", Right: true})
			clean = append(clean, "")
		}
	}
	t.Rows = [][]string{clean}
	for b, p := range r.Places {
		for f, change := range r.Changes {
			row := []string{visible.Name(p.Label)}
			if len(r.Changes) > 1 {
				row = append(row, visible.Name(change))
			}
			for _, c := range columns {
				v := c.value(c.series.At(r, f, b))
				cells := []string{sweepNumber(c.series.Metric.Kind, v), sweepChange(c.series.Metric.Kind, v-c.clean())}
				if o := c.series.Other; o != nil {
					cells = append(cells, sweepNumber("", (v-c.clean())/(c.value(o)-c.clean())))
				}
				if !r.Done[f*len(r.Places)+b] {
					for i := range cells {
						cells[i] = notRun
					}
				}
				row = append(row, cells...)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Notes = sweepNotes(r)
	return t
}

func sweepNotes(r *sweep.Result) []string {
	var notes []string
	if len(r.Changes) == 1 {
		notes = append(notes, "change: "+visible.Name(r.Changes[0]))
	}
	var targets []string
	for n, word := range r.Words {
		targets = append(targets, targetNote(word, pieceText(r.Pieces, r.IDs[n]), r.IDs[n]))
	}
	for _, s := range r.Series {
		if s.Metric.Kind == sweep.Diff {
			for _, w := range s.Metric.Diff {
				targets = append(targets, targetNote(strconv.Quote(w.Text), pieceText(r.Pieces, w.ID), w.ID))
			}
		}
	}
	if targets != nil {
		notes = append(notes, strings.Join(targets, "; "))
	}
	if a := r.Manifest.Interventions; len(a) > 0 {
		notes = append(notes, "in every run: "+visible.Name(strings.Join(a, ", ")))
	}
	if !r.Complete() {
		n := 0
		for _, d := range r.Done {
			if d {
				n++
			}
		}
		notes = append(notes, fmt.Sprintf("%d of %d runs were made", n, len(r.Done)))
	}
	return notes
}

// SweepGrids returns a grid for each metric and target of a sweep: places by changes.
func SweepGrids(r *sweep.Result) []*figure.Grid {
	var out []*figure.Grid
	for _, c := range sweepColumns(r) {
		low, high := math.Inf(1), math.Inf(-1)
		for f := range r.Changes {
			for b := range r.Places {
				if v := c.value(c.series.At(r, f, b)); data.IsFinite(float32(v)) {
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
		}
		g := &figure.Grid{Title: fmt.Sprintf("%s, clean %s", c.name, sweepNumber(c.series.Metric.Kind, c.clean())), Corner: "place", Notes: sweepNotes(r),
			Scale: figure.Scale{Name: c.name}}
		for _, at := range []float64{0, 0.5, 1} {
			if high > low {
				g.Scale.Ticks = append(g.Scale.Ticks, figure.Tick{At: at, Text: sweepNumber(c.series.Metric.Kind, low+at*(high-low))})
			}
		}
		if g.Scale.Ticks == nil {
			g.Scale.Ticks = []figure.Tick{{At: 0, Text: ""}, {At: 1, Text: ""}}
		}
		for f, change := range r.Changes {
			g.Columns = append(g.Columns, figure.Head{Text: sweepHead(r, f, change)})
		}
		for b, p := range r.Places {
			g.Rows = append(g.Rows, figure.Head{Text: visible.Name(p.Label), Note: visible.Name(p.Point)})
			for f := range r.Changes {
				v := c.value(c.series.At(r, f, b))
				cell := figure.Cell{Text: sweepNumber(c.series.Metric.Kind, v), Value: math.NaN()}
				if !r.Done[f*len(r.Places)+b] {
					cell.Text = notRun
				}
				if data.IsFinite(float32(v)) {
					cell.Value = 0.5
					if high > low {
						cell.Value = max(0, min(1, (v-low)/(high-low)))
					}
				}
				g.Cells = append(g.Cells, cell)
			}
		}
		out = append(out, g)
	}
	return out
}

// sweepHead is a change as the head of a column: its factor where all have one.
func sweepHead(r *sweep.Result, f int, change string) string {
	if sweepNumeric(r) {
		return strconv.FormatFloat(r.Factors[f], 'g', -1, 64)
	}
	return visible.Name(change)
}

// sweepNumeric reports whether every change is a factor.
func sweepNumeric(r *sweep.Result) bool {
	for _, f := range r.Factors {
		if math.IsNaN(f) {
			return false
		}
	}
	return true
}

// SweepTarget returns the n-th target for people.
func SweepTarget(r *sweep.Result, n int) string {
	if r.Next {
		return TokenText(r.Tokens[n+1])
	}
	return visible.Text([]byte(r.Words[n]))
}
