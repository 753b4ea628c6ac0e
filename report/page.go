package report

import (
	"image/color"

	"gonum.org/v1/plot/vg"
)

// A page is a surface whose points are counted from the upper left corner of the
// content, which is scaled and moved to the middle of the surface.
type page struct {
	on            surface
	width, height vg.Length // of the surface
	scale         vg.Length
	dx, dy        vg.Length // of the content, from the surface's left and top
}

// A box is a rectangle on a page: its upper left corner and its size.
type box struct{ x, y, w, h vg.Length }

// inset returns the box made smaller by d on every side.
func (b box) inset(d vg.Length) box { return box{b.x + d, b.y + d, b.w - 2*d, b.h - 2*d} }

func (p *page) at(x, y vg.Length) vg.Point {
	return vg.Point{X: p.dx + x*p.scale, Y: p.height - p.dy - y*p.scale}
}

// ground fills the whole surface.
func (p *page) ground(c color.NRGBA) {
	p.on.fill(vg.Rectangle{Max: vg.Point{X: p.width, Y: p.height}}, 0, c)
}

func (p *page) fill(b box, radius vg.Length, c color.NRGBA) {
	p.on.fill(p.rectangle(b), radius*p.scale, c)
}

func (p *page) frame(b box, radius, line vg.Length, c color.NRGBA) {
	p.on.frame(p.rectangle(b), radius*p.scale, line*p.scale, c)
}

func (p *page) rectangle(b box) vg.Rectangle {
	return vg.Rectangle{Min: p.at(b.x, b.y+b.h), Max: p.at(b.x+b.w, b.y)}
}

// An align says where a text stands in its box, from left to right.
type align float64

const (
	alignLeft   align = 0
	alignCentre align = 0.5
	alignRight  align = 1
)

// A textStyle is how a text is drawn.
type textStyle struct {
	set         *typesetter
	size, least vg.Length // the size wanted, and the smallest to shrink to
	colour      color.NRGBA
	align       align
}

// capHeight is about the height of the font's capital letters in font sizes.
const capHeight = 0.72

// text draws s on one line inside b, at half its height.
func (p *page) text(s string, b box, t textStyle) {
	if s == "" {
		return
	}
	s, size := t.set.fit(s, b.w, t.size, t.least)
	x := b.x + vg.Length(t.align)*(b.w-t.set.width(s, size))
	base := b.y + b.h/2 + capHeight*size/2
	p.on.text(t.set, s, p.at(x, base), size*p.scale, t.colour)
}
