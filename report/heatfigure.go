package report

import (
	"image"
	"image/color"
	"math"

	"github.com/golens/golens/report/draw"
)

const (
	barGap      = 9
	colourBar   = 11    // width
	heatSide    = 230   // of a heat map without texts and without a size
	rasterCells = 5_000 // above, cells are one image
	overlap     = 0.6   // of cells, so that no seam shows between them
)

// A heatPart is a Heat made ready to be drawn.
type heatPart struct {
	*setting
	h         *Heat
	ramp      *ramp
	scale     axisScale // of the values
	texts     []string  // nil for none
	textWidth float64   // of the widest text at textSize
}

func (h *Heat) part(s *setting) (part, error) {
	p := &heatPart{setting: s, h: h}
	name := h.Map
	if name == "" {
		name = defaultColourMap
	}
	var err error
	if p.ramp, err = s.ramp(name); err != nil {
		return nil, err
	}
	p.scale = valueScale(h)
	p.texts = h.Texts
	if s.bare {
		p.texts = nil
	}
	for _, t := range p.texts {
		p.textWidth = math.Max(p.textWidth, s.normal.Width(t, textSize))
	}
	return p, nil
}

// valueScale returns the scale of the colours: from the smallest value to the
// largest where none is given.
func valueScale(h *Heat) axisScale {
	a := Axis{Min: h.Min, Max: h.Max}
	if a.Min == 0 && a.Max == 0 {
		a.Min, a.Max = math.Inf(1), math.Inf(-1)
		for _, v := range h.Values {
			if isNumber(v) {
				a.Min, a.Max = math.Min(a.Min, v), math.Max(a.Max, v)
			}
		}
		if a.Min > a.Max {
			a.Min, a.Max = 0, 1
		}
	}
	return newScale(a, h.Values, 7)
}

func (p *heatPart) title() string     { return p.h.Title }
func (p *heatPart) titleAlign() align { return alignCentre }

// least leaves each text the room to be read: all of a short one, the beginning
// of a long one.
func (p *heatPart) least() (w, h float64) {
	columns, rows := float64(len(p.h.Columns)), float64(len(p.h.Rows))
	if p.texts == nil {
		return math.Max(50, columns), math.Max(50, rows)
	}
	return columns * (math.Min(p.textWidth*leastSize/textSize, 26) + 4), rows * (leastSize + 3)
}

func (p *heatPart) wish() float64 {
	columns := float64(len(p.h.Columns))
	if p.texts == nil {
		return math.Max(heatSide, 2*columns)
	}
	return columns * math.Max(24, math.Min(p.textWidth+2*padding, mostColumn))
}

func (p *heatPart) wishHeight(w float64) float64 {
	columns, rows := float64(len(p.h.Columns)), float64(len(p.h.Rows))
	switch {
	case p.h.Square:
		return w * rows / columns
	case p.texts == nil:
		return math.Max(heatSide*0.75, rows*2)
	}
	return rows * rowHeight
}

// cells returns the part of the inner area that the cells take: all, or the
// largest that makes them square, in the middle.
func (p *heatPart) cells(in draw.Rect) draw.Rect {
	if !p.h.Square {
		return in
	}
	side := math.Min(in.W/float64(len(p.h.Columns)), in.H/float64(len(p.h.Rows)))
	w, h := side*float64(len(p.h.Columns)), side*float64(len(p.h.Rows))
	return draw.Rect{X: in.X + (in.W-w)/2, Y: in.Y + (in.H-h)/2, W: w, H: h}
}

// A heatFrame is what stands around cells of one size.
type heatFrame struct {
	rows, columns []PlaceTick // by number from 0, thinned
	turned        bool
	size          float64 // of the texts of the columns
	left, below   float64 // room of the texts
	bar           []PlaceTick
	barTexts      float64 // width
}

func (p *heatPart) frame(w, h float64) heatFrame {
	f := heatFrame{size: tickSize}
	ticks := func(texts []string) axisScale {
		s := axisScale{min: 0, max: float64(len(texts))}
		for i, t := range texts {
			if t != "" {
				s.ticks = append(s.ticks, PlaceTick{float64(i) + 0.5, t})
			}
		}
		return s
	}
	high := func(PlaceTick) float64 { return tickSize * 1.1 }
	f.rows = thinned(ticks(p.h.Rows), h, high)
	for _, t := range f.rows {
		f.left = math.Max(f.left, p.normal.Width(t.Text, tickSize))
	}
	f.left = math.Min(f.left, mostColumn)

	columns := ticks(p.h.Columns)
	wide := func(size float64) func(PlaceTick) float64 {
		return func(t PlaceTick) float64 { return p.normal.Width(t.Text, size) + size*0.5 }
	}
	f.columns, f.below = columns.seen(), tickSize
	switch {
	case apart(columns, w, wide(tickSize)):
	case apart(columns, w, wide(tickSize-1.5)):
		f.size = tickSize - 1.5
	default:
		f.turned = true
		f.columns = thinned(columns, w, high)
		for _, t := range f.columns {
			f.below = math.Max(f.below, p.normal.Width(t.Text, tickSize))
		}
		f.below = math.Min(f.below, mostColumn)
	}
	if p.h.Bar {
		f.bar = thinned(p.barScale(h), h, func(PlaceTick) float64 { return tickSize * 1.2 })
		for _, t := range f.bar {
			f.barTexts = math.Max(f.barTexts, p.normal.Width(t.Text, tickSize))
		}
	}
	return f
}

// barScale returns the scale of the colour bar with ticks for its height.
func (p *heatPart) barScale(h float64) axisScale {
	return newScale(Axis{Min: p.scale.min, Max: p.scale.max}, []float64{p.scale.min, p.scale.max}, int(math.Min(7, math.Max(2, h/26))))
}

func (p *heatPart) around(w, h float64) sides {
	c := p.cells(draw.Rect{W: w, H: h})
	f := p.frame(c.W, c.H)
	s := sides{left: tickLength + tickGap + f.left, bottom: tickLength + tickGap + f.below, top: 2, right: 1}
	if p.h.YLabel != "" {
		s.left += labelGap + labelSize*lineSpace
	}
	if p.h.XLabel != "" {
		s.bottom += labelGap + labelSize*lineSpace
	}
	if p.h.Bar {
		s.right = barGap + colourBar + tickLength + tickGap + f.barTexts
		if p.h.BarLabel != "" {
			s.right += labelGap + labelSize*lineSpace
		}
	}
	// Square cells leave room within.
	spare := sides{left: c.X, right: w - c.X - c.W, bottom: h - c.Y - c.H}
	s.left, s.right = math.Max(0, s.left-spare.left), math.Max(1, s.right-spare.right)
	s.bottom = math.Max(0, s.bottom-spare.bottom)
	return s
}

func (p *heatPart) draw(pg *page, in draw.Rect) {
	c := p.cells(in)
	f := p.frame(c.W, c.H)
	if len(p.h.Values) > rasterCells {
		pg.on.Image(pg.rect(c), p.image())
	} else {
		p.grounds(pg, c)
	}
	p.drawTexts(pg, c)
	p.border(pg, c)
	p.labels(pg, c, f)
	if p.h.Bar {
		p.bar(pg, c, f)
	}
}

// row returns the row of values that is drawn in the i-th place from above.
func (p *heatPart) row(i int) int {
	if p.h.FirstBelow {
		return len(p.h.Rows) - 1 - i
	}
	return i
}

// ground returns the colour of a value, and false for a blank one.
func (p *heatPart) ground(v float64) (color.NRGBA, bool) {
	switch {
	case math.IsNaN(v):
		return color.NRGBA{}, false
	case p.h.Flat > 0:
		return p.ramp.at(p.h.Flat), true
	}
	return p.ramp.at(p.scale.at(v)), true
}

// grounds draws the cells. Each reaches a little under the next ones.
func (p *heatPart) grounds(pg *page, in draw.Rect) {
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	w, h := in.W/float64(columns), in.H/float64(rows)
	value := func(i, j int) float64 {
		if i >= rows || j >= columns {
			return math.NaN()
		}
		return p.h.Values[p.row(i)*columns+j]
	}
	for i := range rows {
		for j := range columns {
			c, ok := p.ground(value(i, j))
			if !ok {
				continue
			}
			b := draw.Rect{X: in.X + float64(j)*w, Y: in.Y + float64(i)*h, W: w, H: h}
			if !math.IsNaN(value(i, j+1)) {
				b.W += overlap
			}
			if !math.IsNaN(value(i+1, j)) {
				b.H += overlap
			}
			pg.fill(b, 0, c)
		}
	}
}

// image returns the cells as dots.
func (p *heatPart) image() image.Image {
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	m := image.NewNRGBA(image.Rect(0, 0, columns, rows))
	for i := range rows {
		for j := range columns {
			if c, ok := p.ground(p.h.Values[p.row(i)*columns+j]); ok {
				m.SetNRGBA(j, i, c)
			}
		}
	}
	return m
}

// drawTexts draws the texts in their cells, all as large as the widest allows unless
// that is too small.
func (p *heatPart) drawTexts(pg *page, in draw.Rect) {
	if p.texts == nil {
		return
	}
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	w, h := in.W/float64(columns), in.H/float64(rows)
	side := math.Min(padding, w*0.08)
	size := math.Min(textSize+1, h*0.62)
	if p.textWidth > 0 {
		size = math.Min(size, math.Max(textSize*(w-2*side)/p.textWidth, leastSize+1))
	}
	for i := range rows {
		for j := range columns {
			k := p.row(i)*columns + j
			ground, ok := p.ground(p.h.Values[k])
			if !ok {
				ground = p.look.ground
			}
			b := draw.Rect{X: in.X + float64(j)*w + side, Y: in.Y + float64(i)*h, W: w - 2*side, H: h}
			pg.text(p.texts[k], b, textStyle{p.normal, size, math.Min(size, leastSize-0.5), ink(ground), alignCentre})
		}
	}
}

// border draws a line around the cells.
func (p *heatPart) border(pg *page, in draw.Rect) {
	if !p.look.open {
		pg.frame(in, 0.4, spineWidth, p.look.spine)
	}
}

func (p *heatPart) labels(pg *page, in draw.Rect, f heatFrame) {
	bottom := in.Y + in.H
	style := textStyle{p.normal, f.size, 4, p.look.ink, alignCentre}
	n := float64(len(p.h.Columns))
	for _, t := range f.columns {
		x := in.X + t.At/n*in.W
		pg.fill(draw.Rect{X: x - spineWidth/2, Y: bottom, W: spineWidth, H: tickLength}, 0, p.look.spine)
		y := bottom + tickLength + tickGap
		if f.turned {
			style.align = alignRight
			pg.turned(t.Text, draw.Rect{X: x - tickSize/2, Y: y, W: tickSize, H: f.below}, style)
		} else {
			half := p.normal.Width(t.Text, f.size)/2 + 0.01
			pg.text(t.Text, draw.Rect{X: x - half, Y: y, W: 2 * half, H: tickSize}, style)
		}
	}
	label := textStyle{p.setting.labels(), labelSize, 5, p.look.ink, alignCentre}
	pg.text(p.h.XLabel, draw.Rect{X: in.X, Y: bottom + tickLength + tickGap + f.below + labelGap, W: in.W, H: labelSize * lineSpace}, label)

	right := in.X - tickLength - tickGap
	style = textStyle{p.normal, tickSize, 4, p.look.ink, alignRight}
	n = float64(len(p.h.Rows))
	for _, t := range f.rows {
		y := in.Y + t.At/n*in.H
		if p.h.FirstBelow {
			y = bottom - t.At/n*in.H
		}
		pg.fill(draw.Rect{X: in.X - tickLength, Y: y - spineWidth/2, W: tickLength, H: spineWidth}, 0, p.look.spine)
		pg.text(t.Text, draw.Rect{X: right - f.left - 0.01, Y: y - tickSize/2, W: f.left + 0.01, H: tickSize}, style)
	}
	wide := labelSize * lineSpace
	pg.turned(p.h.YLabel, draw.Rect{X: right - f.left - labelGap - wide, Y: in.Y, W: wide, H: in.H}, label)
}

func (p *heatPart) bar(pg *page, in draw.Rect, f heatFrame) {
	b := draw.Rect{X: in.X + in.W + barGap, Y: in.Y, W: colourBar, H: in.H}
	pg.rampBar(b, p.ramp)
	if !p.look.open {
		pg.frame(b, 0.4, spineWidth*0.75, p.look.spine)
	}
	s := p.barScale(in.H)
	x := b.X + b.W
	style := textStyle{p.normal, tickSize, 4, p.look.ink, alignLeft}
	for _, t := range f.bar {
		y := b.Y + b.H*(1-s.at(t.At))
		pg.fill(draw.Rect{X: x, Y: y - spineWidth/2, W: tickLength, H: spineWidth}, 0, p.look.spine)
		pg.text(t.Text, draw.Rect{X: x + tickLength + tickGap, Y: y - tickSize/2, W: f.barTexts + 0.01, H: tickSize}, style)
	}
	label := textStyle{p.setting.labels(), labelSize, 5, p.look.ink, alignCentre}
	pg.turned(p.h.BarLabel, draw.Rect{X: x + tickLength + tickGap + f.barTexts + labelGap, Y: b.Y, W: labelSize * lineSpace, H: b.H}, label)
}
