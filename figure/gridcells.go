package figure

import (
	"image/color"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
)

// cells draws the cells of a band from a corner on: first the grounds, a colour
// after the other, then the marks, the texts and the numbers. What is alike comes
// together, which makes vector formats small.
func (h *gridPart) cells(p *page, band span, left, top float64) {
	box := draw.Rect{W: h.column - gutter, H: h.row - gutter}
	each := func(do func(Cell, draw.Rect)) {
		for r := range h.g.Rows {
			for i := band.from; i < band.to; i++ {
				b := box
				b.X, b.Y = left+float64(i-band.from)*h.column+gutter/2, top+float64(r)*h.row+gutter/2
				do(h.g.At(r, i), b)
			}
		}
	}
	var colours []color.NRGBA
	grounds := map[color.NRGBA][]draw.Point{}
	var marks []draw.Point
	each(func(c Cell, b draw.Rect) {
		ground := h.ground(c)
		if grounds[ground] == nil {
			colours = append(colours, ground)
		}
		grounds[ground] = append(grounds[ground], p.at(b.X, b.Y))
		if c.Marked {
			marks = append(marks, p.at(b.X+0.5, b.Y+0.5))
		}
	})
	shape := draw.Rounded(draw.Rect{W: box.W * p.scale, H: box.H * p.scale}, corner*p.scale)
	for _, c := range colours {
		p.on.Stamp(draw.Stamps{Shape: shape, At: grounds[c], Colours: []color.NRGBA{c}})
	}
	if marks != nil {
		// A line of the ground within tells the mark from a cell of a like colour.
		p.on.Stamp(draw.Stamps{Shape: p.ring(box.W-1, box.H-1, corner-0.5, 2.6), At: marks, Colours: []color.NRGBA{h.look.ground}})
		p.on.Stamp(draw.Stamps{Shape: p.ring(box.W-1, box.H-1, corner-0.5, 1.2), At: marks, Colours: []color.NRGBA{h.look.mark}})
	}
	each(func(c Cell, b draw.Rect) { h.text(p, c, b) })
	if h.numbers {
		each(func(c Cell, b draw.Rect) { h.number(p, c, b) })
	}
}

// within returns the room of a text in a cell, and how the text is drawn.
func (h *gridPart) within(c Cell, b draw.Rect) (draw.Rect, textStyle) {
	const side = padding - gutter
	return draw.Rect{X: b.X + side, Y: b.Y, W: b.W - 2*side, H: b.H},
		textStyle{h.normal, textSize, leastSize, colormap.Ink(h.ground(c)), alignCentre}
}

// text draws the text of c in b, in its upper half where a number stands below.
func (h *gridPart) text(p *page, c Cell, b draw.Rect) {
	b, style := h.within(c, b)
	if h.numbers && c.Number != "" {
		b.Y, b.H = b.Y+1.5, b.H/2
	}
	p.text(c.Text, b, style)
}

// number draws the number of c in the lower half of b.
func (h *gridPart) number(p *page, c Cell, b draw.Rect) {
	b, style := h.within(c, b)
	style.size = noteSize
	p.text(c.Number, draw.Rect{X: b.X, Y: b.Y + b.H/2 - 1, W: b.W, H: b.H / 2}, style)
}
