package draw

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math"
)

// A pngCanvas draws dots. Boxes without corners and the baselines of texts lie on
// whole dots, so that edges are sharp and neighbours leave no seam.
type pngCanvas struct {
	m     *image.RGBA
	scale float64 // dots a point
	limit int     // bytes
	masks map[maskKey]mask
}

var _ Canvas = (*pngCanvas)(nil)

func newPNG(o Options) *pngCanvas {
	scale := o.DPI / 72
	size := func(points float64) int { return max(1, int(math.Round(points*scale))) }
	c := &pngCanvas{
		m:     image.NewRGBA(image.Rect(0, 0, size(o.Width), size(o.Height))),
		scale: scale, limit: o.Limit, masks: map[maskKey]mask{},
	}
	if o.Ground.A > 0 {
		draw.Draw(c.m, c.m.Bounds(), image.NewUniform(o.Ground), image.Point{}, draw.Src)
	}
	return c
}

// dots returns a place in dots.
func (c *pngCanvas) dots(p Point) Point { return Point{p.X * c.scale, p.Y * c.scale} }

func (c *pngCanvas) Box(r Rect, radius float64, colour color.NRGBA) {
	if radius <= 0 {
		at := func(points float64) int { return int(math.Round(points * c.scale)) }
		b := image.Rect(at(r.X), at(r.Y), at(r.X+r.W), at(r.Y+r.H))
		// Nothing that is drawn vanishes between two dots.
		b.Max.X, b.Max.Y = max(b.Max.X, b.Min.X+1), max(b.Max.Y, b.Min.Y+1)
		draw.Draw(c.m, b, image.NewUniform(colour), image.Point{}, draw.Over)
		return
	}
	c.Fill(Rounded(r, radius), colour)
}

func (c *pngCanvas) Fill(p Path, colour color.NRGBA) {
	c.paint(rasterize(p.Transform(c.dots), c.m.Bounds()), image.Point{}, colour)
}

func (c *pngCanvas) Line(points []Point, pen Pen) { c.Fill(outline(points, pen), pen.Colour) }

// paint puts a colour where m lets it through, with m moved by d.
func (c *pngCanvas) paint(m mask, d image.Point, colour color.NRGBA) {
	if m.alpha == nil {
		return
	}
	at := m.at.Add(d)
	draw.DrawMask(c.m, m.alpha.Bounds().Add(at), image.NewUniform(colour), image.Point{}, m.alpha, image.Point{}, draw.Over)
}

func (c *pngCanvas) Text(t *Type, s string, p Point, size, angle float64, colour color.NRGBA) {
	p, size = c.dots(p), size*c.scale
	turn := turned(angle)
	switch angle {
	case 0:
		p.Y = math.Round(p.Y)
	case Upwards:
		p.X = math.Round(p.X)
	}
	for _, g := range t.line(s).glyphs {
		at := turn(Point{g.x * size, g.y * size})
		m, d := c.glyph(g.glyph, size, angle, Point{p.X + at.X, p.Y + at.Y})
		c.paint(m, d, colour)
	}
}

// glyph returns a glyph's mask and by how much to move it, to the quarter of a dot
// along the line and to the quarter across it.
func (c *pngCanvas) glyph(g glyph, size, angle float64, p Point) (mask, image.Point) {
	whole, part := quarters(p)
	key := maskKey{g, size, angle, part}
	m, ok := c.masks[key]
	if !ok {
		scale, turn := size/g.upem(), turned(angle)
		m = rasterize(g.path().Transform(func(q Point) Point {
			q = turn(q)
			return Point{q.X*scale + float64(part.X)/4, q.Y*scale + float64(part.Y)/4}
		}), unbounded)
		c.masks[key] = m
	}
	return m, whole
}

func (c *pngCanvas) Stamp(s Stamps) {
	m := c.m
	if s.Raster {
		at := func(points float64) int { return int(math.Round(points * c.scale)) }
		b := image.Rect(at(s.Within.X), at(s.Within.Y), at(s.Within.X+s.Within.W), at(s.Within.Y+s.Within.H))
		m = c.m.SubImage(b).(*image.RGBA)
	}
	stampOn(m, Point{}, c.scale, s)
}

func (c *pngCanvas) Image(r Rect, m image.Image) {
	at := func(points float64) int { return int(math.Round(points * c.scale)) }
	to := image.Rect(at(r.X), at(r.Y), at(r.X+r.W), at(r.Y+r.H)).Intersect(c.m.Bounds())
	b := m.Bounds()
	for y := to.Min.Y; y < to.Max.Y; y++ {
		v := b.Min.Y + min(b.Dy()-1, int((float64(y)+0.5-r.Y*c.scale)/(r.H*c.scale)*float64(b.Dy())))
		for x := to.Min.X; x < to.Max.X; x++ {
			u := b.Min.X + min(b.Dx()-1, int((float64(x)+0.5-r.X*c.scale)/(r.W*c.scale)*float64(b.Dx())))
			draw.Draw(c.m, image.Rect(x, y, x+1, y+1), image.NewUniform(m.At(u, v)), image.Point{}, draw.Over)
		}
	}
}

// WriteTo writes the image with its resolution.
func (c *pngCanvas) WriteTo(w io.Writer) (int64, error) {
	b, err := encodePNG(c.m, c.limit)
	if err != nil {
		return 0, fmt.Errorf("write PNG: %w", err)
	}
	n, err := withResolution(b, c.scale*72).WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write PNG: %w", err)
	}
	return n, nil
}
