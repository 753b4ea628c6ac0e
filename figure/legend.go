package figure

import (
	"image/color"
	"math"

	"github.com/golens/golens/figure/draw"
)

const (
	legendSize   = 8.5
	legendSample = 20 // width of the sample of a mark
	legendInset  = 6
)

const legendLine = legendSize * 1.5 // height of a line of the legend

// A legendEntry is a mark with a label, and the colour that it has if it names none.
type legendEntry struct {
	mark   Mark
	series color.NRGBA
}

// legendEntries returns what the legend shows, and the size of its box.
func (p *axesPart) legendEntries() (entries []legendEntry, w, h float64) {
	if !p.a.Legend {
		return nil, 0, 0
	}
	width, lines := 0.0, 0
	for _, m := range p.a.Marks {
		if m.label() != "" {
			entries = append(entries, legendEntry{m, p.look.series[lines%len(p.look.series)]})
			width = math.Max(width, p.normal.Width(m.label(), legendSize))
		}
		if _, ok := m.(*Line); ok {
			lines++
		}
	}
	if len(entries) == 0 {
		return nil, 0, 0
	}
	return entries, math.Min(width, mostColumn*1.5) + legendSample + 3*legendInset, float64(len(entries))*legendLine + legendInset
}

// legendBeside says whether a legend of a height stands at the right of a plot of
// a height, since it would cover too much of it.
func legendBeside(legend, plot float64) bool { return legend > 0.55*plot }

// legend draws the labels of the marks: in the part of the plot where they cover
// the fewest points, or beside it where they are many.
func (p *axesPart) legend(on *plot) {
	entries, w, h := p.legendEntries()
	if len(entries) == 0 {
		return
	}
	box := draw.Rect{W: w, H: h}
	row := float64(legendLine)
	if legendBeside(h, on.in.H) {
		box.X, box.Y = on.in.X+on.in.W+legendInset, on.in.Y
		if h > on.in.H { // as close together as the plot is high
			box.H = on.in.H
			row = (box.H - legendInset) / float64(len(entries))
		}
	} else {
		box.W = math.Min(w, on.in.W-2*legendInset)
		box = p.emptiest(on, box)
	}
	width := box.W - legendSample - 3*legendInset
	ground := p.look.ground
	ground.A = 0xd8
	on.fill(box, 3, ground)
	on.frame(box, 3, 0.6, p.look.grid)
	for i, e := range entries {
		y := box.Y + legendInset/2 + float64(i)*row
		sample := plot{
			page: on.page, in: draw.Rect{X: box.X + legendInset, Y: y, W: legendSample, H: row},
			x: axisScale{max: 1}, y: axisScale{max: 1},
		}
		half := []float64{0.5}
		switch m := e.mark.(type) {
		case *Dots:
			one := *m
			one.X, one.Y, one.Cloud = half, half, false
			if m.Alpha > 0 {
				one.Alpha = math.Max(m.Alpha, 0.6) // a single dot is fainter than many
			}
			one.Size = math.Min(math.Max(m.Size, 3.5), row)
			if m.Colours != nil {
				one.Colours = m.Colours[:min(1, len(m.Colours))]
			}
			if len(m.X) > 0 {
				one.plot(&sample, e.series)
			}
		case *Line:
			one := *m
			one.X, one.Y = []float64{0, 1}, []float64{0.5, 0.5}
			marker := one.Marker
			one.Marker = ""
			one.plot(&sample, e.series)
			if marker != "" {
				one.X, one.Y, one.Marker = half, half, marker
				one.plot(&sample, e.series)
			}
		}
		on.text(e.mark.label(), draw.Rect{X: box.X + 2*legendInset + legendSample, Y: y, W: width + 0.01, H: row},
			textStyle{p.normal, math.Min(legendSize, row), math.Min(5, row), p.look.ink, alignLeft})
	}
}

// emptiest returns box moved to the place, of corners and middles of the sides,
// where it covers the fewest points of the marks and of the lines between them.
func (p *axesPart) emptiest(on *plot, box draw.Rect) draw.Rect {
	in := on.in.Inset(legendInset)
	best, fewest := box, math.Inf(1)
	for _, at := range [][2]float64{
		{1, 0}, {0, 0}, {1, 1}, {0, 1}, {1, 0.5}, {0, 0.5}, {0.5, 0}, {0.5, 1},
		{0.25, 0}, {0.75, 0}, {0.25, 1}, {0.75, 1}, {0.5, 0.5}, {0.25, 0.5}, {0.75, 0.5},
	} {
		place := box
		place.X, place.Y = in.X+at[0]*(in.W-box.W), in.Y+at[1]*(in.H-box.H)
		try := place.Inset(-legendInset) // dots have a size
		covered := 0.0
		for _, m := range p.a.Marks {
			x, y := m.points()
			for i := range x {
				a, _ := on.place(x[i], y[i])
				if within(try, a) {
					covered++
				}
				if _, ok := m.(*Line); !ok || i == 0 {
					continue
				}
				b, _ := on.place(x[i-1], y[i-1])
				for _, f := range []float64{0.2, 0.4, 0.6, 0.8} {
					if within(try, draw.Point{X: a.X + f*(b.X-a.X), Y: a.Y + f*(b.Y-a.Y)}) {
						covered++
					}
				}
			}
		}
		if covered < fewest {
			best, fewest = place, covered
		}
	}
	return best
}

func within(r draw.Rect, p draw.Point) bool {
	return p.X >= r.X && p.X <= r.X+r.W && p.Y >= r.Y && p.Y <= r.Y+r.H
}
