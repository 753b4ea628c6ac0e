package gonum

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure/draw"
)

// A Curve joins the places (X[i], Y[i]) by a line, with a gap at each that is not finite,
// which gonum's own line refuses.
type Curve struct {
	X, Y []float64
	vgdraw.LineStyle
}

var (
	_ plot.Plotter     = (*Curve)(nil)
	_ plot.DataRanger  = (*Curve)(nil)
	_ plot.GlyphBoxer  = (*Curve)(nil)
	_ plot.Thumbnailer = (*Curve)(nil)
)

// NewCurve returns a curve over the layers 0, 1 and so on, in black. Its fields may be
// changed.
func NewCurve(y ...float64) *Curve {
	c := &Curve{Y: y, LineStyle: vgdraw.LineStyle{Color: color.Black, Width: vg.Points(1.5)}}
	for i := range y {
		c.X = append(c.X, float64(i))
	}
	return c
}

// DataRange returns the range of the finite places.
func (c *Curve) DataRange() (xmin, xmax, ymin, ymax float64) { return rangeOf(c.X, c.Y) }

// GlyphBoxes returns nothing: the line may be cut at the axes.
func (c *Curve) GlyphBoxes(*plot.Plot) []plot.GlyphBox { return nil }

// Plot draws the line.
func (c *Curve) Plot(on vgdraw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&on)
	var run []vg.Point
	end := func() {
		if len(run) > 1 {
			on.StrokeLines(c.LineStyle, on.ClipLinesXY(run)...)
		}
		run = nil
	}
	for i := range min(len(c.X), len(c.Y)) {
		if !finite(c.X[i]) || !finite(c.Y[i]) {
			end()
			continue
		}
		run = append(run, vg.Point{X: x(c.X[i]), Y: y(c.Y[i])})
	}
	end()
}

// Thumbnail draws a piece of the line.
func (c *Curve) Thumbnail(on *vgdraw.Canvas) {
	y := on.Center().Y
	on.StrokeLine2(c.LineStyle, on.Min.X, y, on.Max.X, y)
}

// A Cloud is many dots, which vector formats hold as one image. Places that are not
// finite have none.
type Cloud struct {
	X, Y   []float64
	Color  color.Color // black where nil
	Radius vg.Length
}

var (
	_ plot.Plotter     = (*Cloud)(nil)
	_ plot.DataRanger  = (*Cloud)(nil)
	_ plot.GlyphBoxer  = (*Cloud)(nil)
	_ plot.Thumbnailer = (*Cloud)(nil)
)

// NewCloud returns the dots at (x[i], y[i]), small and black. Other numbers of x than of y
// are an error.
func NewCloud(x, y []float64) (*Cloud, error) {
	if len(x) != len(y) {
		return nil, fmt.Errorf("a cloud has %d x and %d y", len(x), len(y))
	}
	return &Cloud{X: x, Y: y, Radius: vg.Points(0.75)}, nil
}

// DataRange returns the range of the finite places.
func (c *Cloud) DataRange() (xmin, xmax, ymin, ymax float64) { return rangeOf(c.X, c.Y) }

// GlyphBoxes returns nothing: a dot may be cut at the axes.
func (c *Cloud) GlyphBoxes(*plot.Plot) []plot.GlyphBox { return nil }

// Plot draws the dots within the axes: on a canvas of golens as one layer, on others one
// by one.
func (c *Cloud) Plot(on vgdraw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&on)
	var at []vg.Point
	for i := range min(len(c.X), len(c.Y)) {
		if finite(c.X[i]) && finite(c.Y[i]) {
			if q := (vg.Point{X: x(c.X[i]), Y: y(c.Y[i])}); on.Contains(q) {
				at = append(at, q)
			}
		}
	}
	own, ok := canvasOf(on.Canvas)
	if !ok {
		style := vgdraw.GlyphStyle{Color: c.Color, Radius: c.Radius, Shape: vgdraw.CircleGlyph{}}
		for _, q := range at {
			on.DrawGlyph(style, q)
		}
		return
	}
	own.SetColor(c.Color)
	own.cloud(at, c.Radius, on.Rectangle)
}

// Thumbnail draws one dot.
func (c *Cloud) Thumbnail(on *vgdraw.Canvas) {
	on.DrawGlyph(vgdraw.GlyphStyle{Color: c.Color, Radius: max(c.Radius, vg.Points(2)), Shape: vgdraw.CircleGlyph{}}, on.Center())
}

// cloud draws dots as one layer.
func (c *Canvas) cloud(at []vg.Point, radius vg.Length, within vg.Rectangle) {
	s := draw.Stamps{Shape: draw.Circle(draw.Point{}, radius.Points()*c.matrix.scale()), Colours: []color.NRGBA{c.pen.Colour}, Raster: true}
	for _, p := range at {
		s.At = append(s.At, c.matrix.point(p))
	}
	a, b := c.matrix.point(within.Min), c.matrix.point(within.Max)
	s.Within = draw.Rect{X: min(a.X, b.X), Y: min(a.Y, b.Y), W: math.Abs(a.X - b.X), H: math.Abs(a.Y - b.Y)}
	if len(s.At) > 0 {
		c.on.Stamp(s)
	}
}

// rangeOf returns the range of the places that are finite; 0 to 1 where none is.
func rangeOf(x, y []float64) (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i := range min(len(x), len(y)) {
		if finite(x[i]) && finite(y[i]) {
			xmin, xmax, ymin, ymax = min(xmin, x[i]), max(xmax, x[i]), min(ymin, y[i]), max(ymax, y[i])
		}
	}
	if xmin > xmax {
		return 0, 1, 0, 1
	}
	return xmin, xmax, ymin, ymax
}
