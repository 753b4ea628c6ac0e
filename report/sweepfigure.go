package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// capital returns s with a capital at its beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// mostSweepPanels is how many metrics and targets a figure has room for.
const mostSweepPanels = 4

// SweepFigure draws a sweep. One change is a hexagon a place, and a dashed line at the
// clean value. Several are a heat map of places by changes and, where they are
// factors, a line for each place beside it.
func SweepFigure(r *sweep.Result) *figure.Figure {
	columns := sweepColumns(r)
	f := &figure.Figure{}
	if blocks, heads := sweepHeads(r); len(r.Changes) == 1 && heads > 1 && blocks > 1 {
		for _, c := range columns[:min(len(columns), mostSweepPanels)] {
			f.Panels = append(f.Panels, sweepHeadHeat(r, c, blocks, heads))
		}
		f.Width, f.Height = (2.5+0.4*float64(heads))*float64(len(f.Panels)), math.Max(3.5, math.Min(12, 1.5+0.25*float64(blocks)))
		return f
	}
	if len(r.Changes) == 1 {
		f.Panels = []figure.Panel{sweepDots(r, columns)}
		f.Width, f.Height = math.Max(5, math.Min(14, 2+0.5*float64(len(r.Places)))), 3.2
		return f
	}
	for _, c := range columns[:min(len(columns), mostSweepPanels)] {
		f.Panels = append(f.Panels, sweepHeat(r, c))
		if sweepNumeric(r) {
			f.Panels = append(f.Panels, sweepLines(r, c))
		}
	}
	f.Width = 6 * float64(len(f.Panels))
	f.Height = math.Max(4, math.Min(12, 1.5+0.22*float64(len(r.Places))))
	return f
}

// placeTicks labels the places along an axis, not more of them than have room.
func placeTicks(r *sweep.Result) []figure.PlaceTick {
	const most = 26
	step := (len(r.Places) + most - 1) / most
	var out []figure.PlaceTick
	for i := 0; i < len(r.Places); i += step {
		out = append(out, figure.PlaceTick{At: float64(i), Text: visible.Name(r.Places[i].Label)})
	}
	return out
}

// sweepPaints tell targets apart.
var sweepPaints = []color.Color{figure.RGB(0x1f77b4), figure.RGB(0xff7f0e), figure.RGB(0x2ca02c), figure.RGB(0xd62728), figure.RGB(0x9467bd), figure.RGB(0x8c564b)}

func sweepDots(r *sweep.Result, columns []sweepColumn) *figure.Axes {
	n := float64(len(r.Places))
	a := &figure.Axes{Title: "Effect of " + visible.Name(r.Changes[0]) + " at each place", Legend: true,
		X: figure.Axis{Label: "Place", Ticks: placeTicks(r), Min: -0.5, Max: n - 0.5}, Y: figure.Axis{Label: capital(columns[0].name)}}
	if sameMetric := slices.IndexFunc(columns, func(c sweepColumn) bool { return c.series != columns[0].series }); sameMetric > 0 {
		columns = columns[:sameMetric] // other metrics have another scale
	}
	if len(columns) > 1 {
		a.Y.Label = capital(sweepNames[columns[0].series.Metric.Kind])
	}
	a.Y.Inverted = columns[0].series.Metric.Kind == sweep.Rank
	for i, c := range columns {
		paint := sweepPaints[i%len(sweepPaints)]
		dots := &figure.Dots{Shape: figure.Hexagon, Size: 9, Colour: paint}
		for b := range r.Places {
			dots.X, dots.Y = append(dots.X, float64(b)), append(dots.Y, c.value(c.series.At(r, 0, b)))
		}
		line := &figure.Line{X: []float64{-0.5, n - 0.5}, Y: []float64{c.clean(), c.clean()}, Dashed: true, Colour: paint,
			Label: "Clean: " + strconv.FormatFloat(c.clean(), 'g', 4, 64)}
		if len(columns) == 1 {
			line.Colour = dotRed
		} else {
			line.Label, dots.Label = "", SweepTarget(r, max(c.target, 0))
		}
		a.Marks = append(a.Marks, line, dots)
	}
	return a
}

func sweepHeat(r *sweep.Result, c sweepColumn) *figure.Heat {
	h := &figure.Heat{Title: fmt.Sprintf("%s (clean %s)", capital(c.name), sweepNumber(c.series.Metric.Kind, c.clean())), XLabel: "Change", YLabel: "Place", Bar: true}
	if sweepNumeric(r) {
		h.XLabel = "Factor"
	}
	for f, change := range r.Changes {
		h.Columns = append(h.Columns, sweepHead(r, f, change))
	}
	for b, p := range r.Places {
		h.Rows = append(h.Rows, visible.Name(p.Label))
		for f := range r.Changes {
			h.Values = append(h.Values, c.value(c.series.At(r, f, b)))
		}
	}
	if c.series.Metric.Kind != sweep.KL { // which is never below the clean 0
		clearAround(h, c.clean())
	}
	return h
}

// clearAround sets the colours of a heat map about the clean value.
func clearAround(h *figure.Heat, clean float64) {
	// The clean value is in the middle of the colours. A few values far off would leave
	// the rest without any: beyond nine tenths of them, all have the colour of the ends.
	var far []float64
	for _, v := range h.Values {
		if data.IsFinite(float32(v)) {
			far = append(far, math.Abs(v-clean))
		}
	}
	if len(far) > 0 {
		slices.Sort(far)
		if by := far[(len(far)-1)*9/10]; by > 0 {
			h.Map, h.Min, h.Max, h.BarLabel = "RdBu_r", clean-by, clean+by, "clean in the middle"
		}
	}
}

// sweepHeads returns how many blocks and heads the places are, each head of each block
// once and in order; 0 where they are anything else.
func sweepHeads(r *sweep.Result) (blocks, heads int) {
	for _, p := range r.Places {
		if p.Head < 0 {
			return 0, 0
		}
		if p.Block == r.Places[0].Block {
			heads++
		}
	}
	if heads == 0 || len(r.Places)%heads != 0 {
		return 0, 0
	}
	for i, p := range r.Places {
		if p.Head != r.Places[i%heads].Head || p.Block != r.Places[i-i%heads].Block {
			return 0, 0
		}
	}
	return len(r.Places) / heads, heads
}

// sweepHeadHeat draws the only change at heads: blocks by heads.
func sweepHeadHeat(r *sweep.Result, c sweepColumn, blocks, heads int) *figure.Heat {
	h := &figure.Heat{Title: fmt.Sprintf("%s with %s (clean %s)", capital(c.name), visible.Name(r.Changes[0]), sweepNumber(c.series.Metric.Kind, c.clean())),
		XLabel: "Head", YLabel: "Block", Bar: true}
	for i := range heads {
		h.Columns = append(h.Columns, strconv.Itoa(r.Places[i].Head))
	}
	for i := range blocks {
		h.Rows = append(h.Rows, "L"+strconv.Itoa(r.Places[i*heads].Block))
	}
	for b := range r.Places {
		h.Values = append(h.Values, c.value(c.series.At(r, 0, b)))
	}
	if c.series.Metric.Kind != sweep.KL { // which is never below the clean 0
		clearAround(h, c.clean())
	}
	return h
}

func sweepLines(r *sweep.Result, c sweepColumn) *figure.Axes {
	order := make([]int, len(r.Changes)) // a line runs from the least factor to the largest
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(math.Copysign(1, r.Factors[i]-r.Factors[j])) })
	least, most := r.Factors[order[0]], r.Factors[order[len(order)-1]]
	a := &figure.Axes{Title: "A line for each place", X: figure.Axis{Label: "Factor"}, Y: figure.Axis{Label: capital(c.name), Inverted: c.series.Metric.Kind == sweep.Rank},
		Grid: true, Legend: len(r.Places) <= 12}
	for b, p := range r.Places {
		line := &figure.Line{Label: visible.Name(p.Label), Width: 1.2}
		at := 0.0
		if len(r.Places) > 1 {
			at = float64(b) / float64(len(r.Places)-1)
		}
		if paint, err := colormap.At("viridis", 0.92*at); err == nil {
			line.Colour = paint
		}
		for _, f := range order {
			line.X, line.Y = append(line.X, r.Factors[f]), append(line.Y, c.value(c.series.At(r, f, b)))
		}
		a.Marks = append(a.Marks, line)
	}
	a.Marks = append(a.Marks, &figure.Line{X: []float64{least, most}, Y: []float64{c.clean(), c.clean()}, Dashed: true, Colour: dotRed, Label: "clean"})
	return a
}

// ScalingFigure draws a sweep of one factor over the blocks, with one target, in the
// size and words of the published study of hidden-state scaling.
func ScalingFigure(r *sweep.Result) *figure.Figure {
	columns := sweepColumns(r)
	a := sweepDots(r, columns)
	a.Title, a.X.Label, a.Y.Label = "Impact of global hidden-state scaling on log-softmax", "Transformer block", "Log softmax"
	for _, m := range a.Marks {
		if line, ok := m.(*figure.Line); ok {
			line.Label = fmt.Sprintf("Clean: %.2f", columns[0].clean())
		}
	}
	return &figure.Figure{Width: 9, Height: 3, Panels: []figure.Panel{a}}
}
