package figure

import (
	"image/color"
	"math"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
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
	ramp      *colormap.Map
	scale     axisScale // of the values
	ground    func(v float64) (color.NRGBA, bool)
	texts     []string // nil for none
	textWidth float64  // of the widest text at textSize
}

func (h *Heat) part(s *setting) (part, error) {
	p := &heatPart{setting: s, h: h}
	name := h.Map
	if name == "" {
		name = DefaultColourMap
	}
	var err error
	if p.ramp, err = s.ramp(name); err != nil {
		return nil, err
	}
	p.scale, p.ground = valueScale(h), h.shades(p.ramp)
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

// border draws a line around the cells.
func (p *heatPart) border(pg *page, in draw.Rect) {
	if !p.look.open {
		pg.frame(in, 0.4, spineWidth, p.look.spine)
	}
}
