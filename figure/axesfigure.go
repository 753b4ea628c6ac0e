package figure

import (
	"math"

	"github.com/golens/golens/figure/draw"
)

const (
	tickSize   = 8.5
	leastTick  = 6
	labelSize  = 9.5
	tickLength = 3
	tickGap    = 3   // between a tick and its text
	labelGap   = 5   // between the texts of the ticks and the label
	spineWidth = 0.8 // also of ticks
	axesWidth  = 360 // of axes without a size
	axesHeight = 230
)

// An axesPart is Axes made ready to be drawn.
type axesPart struct {
	*setting
	a      *Axes
	xs, ys []float64 // all places that want to be seen
	kept   axesFrame // what was measured last
}

// An axesFrame is what stands around a plot of one size.
type axesFrame struct {
	w, h     float64
	x, y     axisScale
	turned   bool // the texts below stand upright
	xTexts   []PlaceTick
	yTexts   []PlaceTick
	yWidth   float64 // of the texts at the left
	xHeight  float64 // of the texts below
	textSize float64 // of the texts below
}

func (a *Axes) part(s *setting) (part, error) {
	p := &axesPart{setting: s, a: a}
	for _, m := range a.Marks {
		x, y := m.points()
		p.xs, p.ys = append(p.xs, x...), append(p.ys, y...)
	}
	return p, nil
}

func (p *axesPart) title() string                { return p.a.Title }
func (p *axesPart) titleAlign() align            { return alignCentre }
func (p *axesPart) least() (w, h float64)        { return 60, 45 }
func (p *axesPart) wish() float64                { return axesWidth }
func (p *axesPart) wishHeight(w float64) float64 { return w * axesHeight / axesWidth }

func (p *axesPart) around(w, h float64) sides {
	f := p.frame(w, h)
	s := sides{left: tickLength + tickGap + f.yWidth, bottom: tickLength + tickGap + f.xHeight}
	if p.a.Y.Label != "" {
		s.left += labelGap + labelSize*lineSpace
	}
	if p.a.X.Label != "" {
		s.bottom += labelGap + labelSize*lineSpace
	}
	s.top = tickSize / 2 // the text of the highest tick
	if entries, w, high := p.legendEntries(); len(entries) > 0 && legendBeside(high, h) {
		s.right = w + legendInset
	}
	if !f.turned {
		// The texts of the outer ticks may hang over the ends of the axis.
		for _, t := range f.xTexts {
			half := p.normal.Width(t.Text, f.textSize) / 2
			at := f.x.at(t.At) * w
			s.right = math.Max(s.right, at+half-w)
			s.left = math.Max(s.left, half-at)
		}
	}
	return s
}

// frame returns what stands around a plot of a size.
func (p *axesPart) frame(w, h float64) axesFrame {
	if p.kept.w == w && p.kept.h == h {
		return p.kept
	}
	f := axesFrame{w: w, h: h, textSize: tickSize}
	f.y = newScale(p.a.Y, p.ys, int(math.Min(9, math.Max(2, h/24))))
	f.yTexts = thinned(f.y, h, func(PlaceTick) float64 { return tickSize * 1.15 })
	for _, t := range f.yTexts {
		f.yWidth = math.Max(f.yWidth, p.normal.Width(t.Text, tickSize))
	}
	f.yWidth = math.Min(f.yWidth, mostColumn)

	most := int(math.Min(9, math.Max(2, w/36)))
	f.x = newScale(p.a.X, p.xs, most)
	wide := func(size float64) func(PlaceTick) float64 {
		return func(t PlaceTick) float64 { return p.normal.Width(t.Text, size) + size*0.6 }
	}
	for p.a.X.Ticks == nil && most > 2 && !apart(f.x, w, wide(tickSize)) {
		most--
		f.x = newScale(p.a.X, p.xs, most)
	}
	f.xHeight = tickSize
	switch {
	case apart(f.x, w, wide(tickSize)):
	case apart(f.x, w, wide(tickSize-1.5)):
		f.textSize = tickSize - 1.5
	default:
		f.turned = true
	}
	f.xTexts = f.x.seen()
	if f.turned {
		f.xTexts = thinned(f.x, w, func(PlaceTick) float64 { return tickSize * 1.1 })
		for _, t := range f.xTexts {
			f.xHeight = math.Max(f.xHeight, p.normal.Width(t.Text, tickSize))
		}
		f.xHeight = math.Min(f.xHeight, mostColumn)
	}
	p.kept = f
	return f
}

// apart says whether the texts of the ticks have room beside each other.
func apart(s axisScale, length float64, room func(PlaceTick) float64) bool {
	return len(thinned(s, length, room)) == len(s.seen())
}

// thinned returns every n-th tick that is seen, with the smallest n that gives
// each text the room that it needs along the axis.
func thinned(s axisScale, length float64, room func(PlaceTick) float64) []PlaceTick {
	all := s.seen()
	for n := 1; n < len(all); n++ {
		var out []PlaceTick
		fits := true
		for i := 0; i < len(all) && fits; i += n {
			if len(out) > 0 {
				last := out[len(out)-1]
				fits = math.Abs(s.at(all[i].At)-s.at(last.At))*length >= (room(all[i])+room(last))/2
			}
			out = append(out, all[i])
		}
		if fits {
			return out
		}
	}
	return all[:min(1, len(all))]
}

func (p *axesPart) draw(pg *page, in draw.Rect) {
	f := p.frame(in.W, in.H)
	if p.a.Grid {
		p.gridLines(pg, f, in)
	}
	plot := plot{page: pg, in: in, x: f.x, y: f.y}
	lines := 0
	for _, m := range p.a.Marks {
		m.plot(&plot, p.look.series[lines%len(p.look.series)])
		if _, ok := m.(*Line); ok {
			lines++
		}
	}
	p.spines(pg, in)
	p.xAxis(pg, f, in)
	p.yAxis(pg, f, in)
	p.legend(&plot)
}

func (p *axesPart) gridLines(pg *page, f axesFrame, in draw.Rect) {
	pen := draw.Pen{Width: 0.6 * pg.scale, Colour: p.look.grid}
	for _, t := range f.xTexts {
		x := in.X + f.x.at(t.At)*in.W
		pg.on.Line([]draw.Point{pg.at(x, in.Y), pg.at(x, in.Y+in.H)}, pen)
	}
	for _, t := range f.yTexts {
		y := in.Y + in.H - f.y.at(t.At)*in.H
		pg.on.Line([]draw.Point{pg.at(in.X, y), pg.at(in.X+in.W, y)}, pen)
	}
}

// spines draws the sides of the plot: bars, whose ends meet in sharp corners.
func (p *axesPart) spines(pg *page, in draw.Rect) {
	const w = spineWidth
	pg.fill(draw.Rect{X: in.X - w/2, Y: in.Y - w/2, W: w, H: in.H + w}, 0, p.look.spine)
	pg.fill(draw.Rect{X: in.X - w/2, Y: in.Y + in.H - w/2, W: in.W + w, H: w}, 0, p.look.spine)
	if !p.look.open {
		pg.fill(draw.Rect{X: in.X + in.W - w/2, Y: in.Y - w/2, W: w, H: in.H + w}, 0, p.look.spine)
		pg.fill(draw.Rect{X: in.X - w/2, Y: in.Y - w/2, W: in.W + w, H: w}, 0, p.look.spine)
	}
}

func (p *axesPart) xAxis(pg *page, f axesFrame, in draw.Rect) {
	bottom := in.Y + in.H
	style := textStyle{p.normal, f.textSize, 4, p.look.ink, alignCentre}
	for _, t := range f.xTexts {
		x := in.X + f.x.at(t.At)*in.W
		pg.fill(draw.Rect{X: x - spineWidth/2, Y: bottom, W: spineWidth, H: tickLength}, 0, p.look.spine)
		y := bottom + tickLength + tickGap
		if f.turned {
			style.align = alignRight
			pg.turned(t.Text, draw.Rect{X: x - tickSize/2, Y: y, W: tickSize, H: f.xHeight}, style)
		} else {
			half := p.normal.Width(t.Text, f.textSize)/2 + 0.01
			pg.text(t.Text, draw.Rect{X: x - half, Y: y, W: 2 * half, H: tickSize}, style)
		}
	}
	p.axisLabel(pg, p.a.X.Label, draw.Rect{X: in.X, Y: bottom + tickLength + tickGap + f.xHeight + labelGap, W: in.W, H: labelSize * lineSpace})
}

// axisLabel draws the label of an axis, turned where its box is high.
func (p *axesPart) axisLabel(pg *page, s string, b draw.Rect) {
	style := textStyle{p.labels(), labelSize, 5, p.look.ink, alignCentre}
	if b.H > b.W {
		pg.turned(s, b, style)
	} else {
		pg.text(s, b, style)
	}
}

func (p *axesPart) yAxis(pg *page, f axesFrame, in draw.Rect) {
	right := in.X - tickLength - tickGap
	style := textStyle{p.normal, tickSize, 4, p.look.ink, alignRight}
	for _, t := range f.yTexts {
		y := in.Y + in.H - f.y.at(t.At)*in.H
		pg.fill(draw.Rect{X: in.X - tickLength, Y: y - spineWidth/2, W: tickLength, H: spineWidth}, 0, p.look.spine)
		pg.text(t.Text, draw.Rect{X: right - f.yWidth - 0.01, Y: y - tickSize/2, W: f.yWidth + 0.01, H: tickSize}, style)
	}
	if p.a.Y.Label != "" {
		w := labelSize * lineSpace
		p.axisLabel(pg, p.a.Y.Label, draw.Rect{X: right - f.yWidth - labelGap - w, Y: in.Y, W: w, H: in.H})
	}
}
