// Package gonum joins golens's figures with gonum.org/v1/plot. Plots of gonum are drawn on
// golens's canvases: PNG, SVG and PDF with the same letters in any script, each letter
// kept once. Grids, heat maps and curves of golens are plotters in a gonum plot.
package gonum

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure/draw"
)

// A Canvas is a canvas of golens for gonum's plots. WriteTo ends it; what could not be
// drawn is its error.
type Canvas struct {
	on            draw.Canvas
	width, height vg.Length
	text          *Text
	state
	saved []state
	err   error
}

// state is what Push saves.
type state struct {
	pen    draw.Pen
	matrix matrix
}

var _ vg.CanvasWriterTo = (*Canvas)(nil)

// NewCanvas returns an empty canvas of a format, "png", "svg" or "pdf". o's width and
// height are not used; a DPI of 0 is 150. Text is set by t, or by a new Text if t is nil.
func NewCanvas(format string, width, height vg.Length, t *Text, o draw.Options) (*Canvas, error) {
	for _, x := range []vg.Length{width, height} {
		if !(x > 0) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("a canvas of %g by %g points: both must be above 0", width.Points(), height.Points())
		}
	}
	if t == nil {
		var err error
		if t, err = NewText(); err != nil {
			return nil, err
		}
	}
	o.Width, o.Height = width.Points(), height.Points()
	if o.DPI == 0 {
		o.DPI = 150
	}
	on, err := draw.New(format, o)
	if err != nil {
		return nil, err
	}
	c := &Canvas{on: on, width: width, height: height, text: t}
	// Here y grows upwards, there downwards.
	c.matrix = matrix{1, 0, 0, -1, 0, o.Height}
	vg.Initialize(c)
	return c, nil
}

// onPart returns a canvas whose origin is the lower left corner of a rectangle of another.
func onPart(c draw.Canvas, in draw.Rect, scale float64, t *Text) *Canvas {
	part := &Canvas{on: c, width: vg.Points(in.W / scale), height: vg.Points(in.H / scale), text: t}
	part.matrix = matrix{scale, 0, 0, -scale, in.X, in.Y + in.H}
	vg.Initialize(part)
	return part
}

// Size returns the width and the height.
func (c *Canvas) Size() (x, y vg.Length) { return c.width, c.height }

// SetLineWidth sets the width of strokes; strokes of no width are not drawn.
func (c *Canvas) SetLineWidth(w vg.Length) { c.pen.Width = w.Points() }

// SetLineDash sets the lengths of dashes and gaps, and how far into them a stroke begins.
func (c *Canvas) SetLineDash(pattern []vg.Length, offset vg.Length) {
	c.pen.Dashes, c.pen.Offset = nil, offset.Points()
	for _, d := range pattern {
		c.pen.Dashes = append(c.pen.Dashes, d.Points())
	}
}

// SetColor sets the colour of strokes, areas and text; nil is black.
func (c *Canvas) SetColor(paint color.Color) {
	if paint == nil {
		paint = color.Black
	}
	c.pen.Colour = color.NRGBAModel.Convert(paint).(color.NRGBA)
}

// Rotate turns what is drawn next to the left, in radians.
func (c *Canvas) Rotate(angle float64) {
	sin, cos := math.Sincos(angle)
	c.matrix = c.matrix.after(matrix{cos, sin, -sin, cos, 0, 0})
}

// Translate moves what is drawn next.
func (c *Canvas) Translate(p vg.Point) {
	c.matrix = c.matrix.after(matrix{1, 0, 0, 1, p.X.Points(), p.Y.Points()})
}

// Scale stretches what is drawn next.
func (c *Canvas) Scale(x, y float64) { c.matrix = c.matrix.after(matrix{x, 0, 0, y, 0, 0}) }

// Push saves pen and transformation.
func (c *Canvas) Push() { c.saved = append(c.saved, c.state) }

// Pop brings back what the last Push saved.
func (c *Canvas) Pop() {
	n := len(c.saved)
	if n == 0 {
		c.fail("Pop without Push")
		return
	}
	c.state, c.saved = c.saved[n-1], c.saved[:n-1]
}

// Stroke draws along a path.
func (c *Canvas) Stroke(p vg.Path) {
	if !(c.pen.Width > 0) {
		return
	}
	k := c.matrix.scale()
	pen := draw.Pen{Width: c.pen.Width * k, Colour: c.pen.Colour, Offset: c.pen.Offset * k}
	for _, d := range c.pen.Dashes {
		pen.Dashes = append(pen.Dashes, d*k)
	}
	path, ok := c.path(p)
	if !ok {
		return
	}
	for _, line := range path.Lines() {
		c.on.Line(line, pen)
	}
}

// Fill fills the inside of a path by the nonzero winding rule.
func (c *Canvas) Fill(p vg.Path) {
	path, ok := c.path(p)
	if !ok || len(p) == 0 {
		return
	}
	// The glyphs of a scatter are one shape at many places, which is kept once.
	const small = 40
	if len(path) > small {
		c.on.Fill(path, c.pen.Colour)
		return
	}
	b := path.Bounds()
	shape := path.Transform(func(p draw.Point) draw.Point { return draw.Point{X: p.X - b.X, Y: p.Y - b.Y} })
	c.on.Stamp(draw.Stamps{Shape: shape, At: []draw.Point{{X: b.X, Y: b.Y}}, Colours: []color.NRGBA{c.pen.Colour}})
}

// FillString writes text with its baseline beginning at a point, in golens's type of the
// face's size and weight.
func (c *Canvas) FillString(f font.Face, p vg.Point, text string) {
	c.set(f.Font, p, text)
}

// set writes a line of text.
func (c *Canvas) set(f font.Font, p vg.Point, text string) {
	if size := f.Size.Points(); size > 0 {
		c.on.Text(c.text.of(f), text, c.matrix.point(p), size*c.matrix.scale(), c.matrix.angle(), c.pen.Colour)
	}
}

// DrawImage draws an image over a rectangle, each dot of it as a rectangle. On a canvas
// that is turned it is an error.
func (c *Canvas) DrawImage(r vg.Rectangle, m image.Image) {
	if c.matrix.b != 0 || c.matrix.c != 0 {
		c.fail("an image on a canvas that is turned")
		return
	}
	a, b := c.matrix.point(r.Min), c.matrix.point(r.Max)
	flip := flipped{m, b.X < a.X, b.Y > a.Y}
	to := draw.Rect{X: min(a.X, b.X), Y: min(a.Y, b.Y), W: math.Abs(a.X - b.X), H: math.Abs(a.Y - b.Y)}
	if to.W > 0 && to.H > 0 && !m.Bounds().Empty() {
		c.on.Image(to, flip)
	}
}

// WriteTo writes the document.
func (c *Canvas) WriteTo(w io.Writer) (int64, error) {
	if c.err != nil {
		return 0, fmt.Errorf("draw a plot: %w", c.err)
	}
	return c.on.WriteTo(w)
}

// fail keeps the first error.
func (c *Canvas) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// path returns a path where it lies on the page. A path that is nowhere (NaN, infinite) is
// an error, and not drawn.
func (c *Canvas) path(p vg.Path) (draw.Path, bool) {
	var out draw.Path
	var pen vg.Point
	for _, comp := range p {
		switch comp.Type {
		case vg.MoveComp:
			out.Move(c.matrix.point(comp.Pos))
			pen = comp.Pos
		case vg.LineComp:
			out.Line(c.matrix.point(comp.Pos))
			pen = comp.Pos
		case vg.CurveComp:
			a, b := curve(pen, comp)
			out.Cube(c.matrix.point(a), c.matrix.point(b), c.matrix.point(comp.Pos))
			pen = comp.Pos
		case vg.ArcComp:
			pen = arc(comp, len(out) == 0, func(p vg.Point) { out.Move(c.matrix.point(p)) }, func(p vg.Point) { out.Line(c.matrix.point(p)) },
				func(a, b, p vg.Point) { out.Cube(c.matrix.point(a), c.matrix.point(b), c.matrix.point(p)) })
		case vg.CloseComp:
			out.Close()
		}
	}
	b := out.Bounds()
	if size := b.X + b.Y + b.W + b.H; math.IsNaN(size) || math.IsInf(size, 0) {
		c.fail("a line or an area lies at no finite place")
		return nil, false
	}
	return out, true
}

// curve returns the two controls of a cubic curve from a point.
func curve(from vg.Point, comp vg.PathComp) (a, b vg.Point) {
	if len(comp.Control) == 2 {
		return comp.Control[0], comp.Control[1]
	}
	third := func(p vg.Point) vg.Point {
		return vg.Point{X: p.X + (comp.Control[0].X-p.X)*2/3, Y: p.Y + (comp.Control[0].Y-p.Y)*2/3}
	}
	return third(from), third(comp.Pos)
}

// arc draws an arc of a circle in cubic curves of a quarter turn or less, and returns
// where it ends. A line leads to its beginning, unless a path begins there.
func arc(comp vg.PathComp, begins bool, move, line func(vg.Point), cube func(a, b, p vg.Point)) vg.Point {
	at := func(angle float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: comp.Pos.X + comp.Radius*vg.Length(cos), Y: comp.Pos.Y + comp.Radius*vg.Length(sin)}
	}
	n := max(1, int(math.Ceil(math.Abs(comp.Angle)/(math.Pi/2))))
	step := comp.Angle / float64(n)
	// The distance of the controls from the ends, at which the curve meets the circle's middle.
	k := vg.Length(4.0/3*math.Tan(step/4)) * comp.Radius
	p := at(comp.Start)
	if begins {
		move(p)
	} else {
		line(p)
	}
	for i := range n {
		from, to := comp.Start+float64(i)*step, comp.Start+float64(i+1)*step
		sinA, cosA := math.Sincos(from)
		sinB, cosB := math.Sincos(to)
		end := at(to)
		cube(vg.Point{X: p.X - k*vg.Length(sinA), Y: p.Y + k*vg.Length(cosA)}, vg.Point{X: end.X + k*vg.Length(sinB), Y: end.Y - k*vg.Length(cosB)}, end)
		p = end
	}
	return p
}

// A matrix maps a point of gonum's to the page: x' = a x + c y + e, y' = b x + d y + f.
type matrix struct{ a, b, c, d, e, f float64 }

// after returns the map that does n first, and then m.
func (m matrix) after(n matrix) matrix {
	return matrix{
		m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b,
		m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d,
		m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f,
	}
}

func (m matrix) point(p vg.Point) draw.Point {
	x, y := p.X.Points(), p.Y.Points()
	return draw.Point{X: m.a*x + m.c*y + m.e, Y: m.b*x + m.d*y + m.f}
}

// scale returns by how much lengths grow.
func (m matrix) scale() float64 { return math.Sqrt(math.Abs(m.a*m.d - m.b*m.c)) }

// angle returns by how much a text is turned to the left.
func (m matrix) angle() float64 {
	angle := math.Atan2(-m.b, m.a)
	if math.Abs(angle-draw.Upwards) < 1e-9 {
		return draw.Upwards
	}
	if math.Abs(angle) < 1e-9 {
		return 0
	}
	return angle
}

// flipped is an image with its sides changed.
type flipped struct {
	image.Image
	x, y bool
}

func (f flipped) At(x, y int) color.Color {
	b := f.Bounds()
	if f.x {
		x = b.Min.X + b.Max.X - 1 - x
	}
	if f.y {
		y = b.Min.Y + b.Max.Y - 1 - y
	}
	return f.Image.At(x, y)
}

// canvasOf returns the canvas of golens below what gonum wraps around it.
func canvasOf(c vg.Canvas) (*Canvas, bool) {
	for {
		switch in := c.(type) {
		case *Canvas:
			return in, true
		case *vgdraw.Canvas:
			c = in.Canvas
		case vgdraw.Canvas:
			c = in.Canvas
		default:
			return nil, false
		}
	}
}
