package figure

import (
	"image/color"
	"math"

	"github.com/golens/golens/figure/draw"
)

// A plot is the inner area of Axes while marks are drawn on it.
type plot struct {
	*page
	in   draw.Rect
	x, y axisScale
}

// place returns where a point of the data lies on the page's content, and false
// where it is not finite or outside the axes.
func (p *plot) place(x, y float64) (draw.Point, bool) {
	fx, fy := p.x.at(x), p.y.at(y)
	const hair = 1e-9
	ok := fx >= -hair && fx <= 1+hair && fy >= -hair && fy <= 1+hair // not of NaN
	return draw.Point{X: p.in.X + fx*p.in.W, Y: p.in.Y + (1-fy)*p.in.H}, ok
}

func (d *Dots) plot(p *plot, _ color.NRGBA) {
	size := d.Size
	if size == 0 {
		size = 4
	}
	s := draw.Stamps{Shape: d.shape(size * p.scale), Raster: d.Cloud, Within: p.rect(p.in)}
	if d.Colours == nil {
		s.Colours = []color.NRGBA{d.paint(d.Colour, p.look.ink)}
	}
	for i := range d.X {
		at, ok := p.place(d.X[i], d.Y[i])
		if !ok {
			continue
		}
		s.At = append(s.At, p.at(at.X, at.Y))
		if d.Colours != nil {
			s.Colours = append(s.Colours, d.paint(d.Colours[i], p.look.ink))
		}
	}
	if len(s.At) > 0 {
		p.on.Stamp(s)
	}
}

// paint returns a colour, the ink for nil, with the dots' alpha.
func (d *Dots) paint(given color.Color, ink color.NRGBA) color.NRGBA {
	c := paintOr(given, ink)
	if d.Alpha > 0 {
		c.A = uint8(math.Round(255 * d.Alpha))
	}
	return c
}

func (d *Dots) shape(size float64) draw.Path {
	if !d.Hollow {
		return shapePath(d.Shape, size/2)
	}
	line := math.Max(size/8, 0.4)
	return draw.Ring(shapePath(d.Shape, size/2+line/2), shapePath(d.Shape, size/2-line/2))
}

// shapePath returns a shape around (0,0) of a radius.
func shapePath(s Shape, radius float64) draw.Path {
	switch s {
	case Square:
		return draw.Rounded(draw.Rect{X: -radius * 0.89, Y: -radius * 0.89, W: radius * 1.78, H: radius * 1.78}, 0)
	case Diamond:
		return draw.Regular(4, radius*1.15)
	case Triangle:
		return draw.Regular(3, radius*1.2)
	case Hexagon:
		return draw.Regular(6, radius*1.08)
	case Cross:
		a, b := radius*0.95, radius*0.25
		var points []draw.Point
		for _, q := range [][2]float64{{0, b}, {a - b, a}, {a, a - b}, {b, 0}, {a, b - a}, {a - b, -a}, {0, -b}, {b - a, -a}, {-a, b - a}, {-b, 0}, {-a, a - b}, {b - a, a}} {
			points = append(points, draw.Point{X: q[0], Y: q[1]})
		}
		return draw.Polygon(points...)
	}
	return draw.Circle(draw.Point{}, radius)
}

const (
	lineWidth  = 1.5
	markerSize = 5.5
)

func (l *Line) plot(p *plot, series color.NRGBA) {
	c := paintOr(l.Colour, series)
	width := l.Width
	if width == 0 {
		width = lineWidth
	}
	pen := draw.Pen{Width: width * p.scale, Colour: c}
	if l.Dashed {
		pen.Dashes = draw.Dashes(pen.Width)
	}
	for _, run := range l.runs(p) {
		p.on.Line(run, pen)
	}
	if l.Marker != "" {
		(&Dots{X: l.X, Y: l.Y, Shape: l.Marker, Size: markerSize + width - lineWidth, Colour: l.Colour}).marker(p, c)
	}
}

// marker draws the dots in one colour.
func (d *Dots) marker(p *plot, c color.NRGBA) {
	s := draw.Stamps{Shape: d.shape(d.Size * p.scale), Colours: []color.NRGBA{c}}
	for i := range d.X {
		if at, ok := p.place(d.X[i], d.Y[i]); ok {
			s.At = append(s.At, p.at(at.X, at.Y))
		}
	}
	if len(s.At) > 0 {
		p.on.Stamp(s)
	}
}

// runs returns the pieces of the line that lie within the axes, on the canvas.
func (l *Line) runs(p *plot) [][]draw.Point {
	var runs [][]draw.Point
	var run []draw.Point
	end := func() {
		if len(run) > 1 {
			runs = append(runs, run)
		}
		run = nil
	}
	for i := 1; i < len(l.X); i++ {
		x0, y0, x1, y1 := p.x.at(l.X[i-1]), p.y.at(l.Y[i-1]), p.x.at(l.X[i]), p.y.at(l.Y[i])
		from, to, ok := clip(x0, y0, x1, y1)
		if !ok {
			end()
			continue
		}
		between := func(f float64) draw.Point {
			return p.at(p.in.X+(x0+f*(x1-x0))*p.in.W, p.in.Y+(1-y0-f*(y1-y0))*p.in.H)
		}
		if from > 0 {
			end()
		}
		if run == nil {
			run = append(run, between(from))
		}
		run = append(run, between(to))
		if to < 1 {
			end()
		}
	}
	end()
	return runs
}

// clip returns which part of the way from (x0,y0) to (x1,y1) lies within the unit
// square, and false where none does or an end is not finite.
func clip(x0, y0, x1, y1 float64) (from, to float64, ok bool) {
	if !isNumber(x0) || !isNumber(y0) || !isNumber(x1) || !isNumber(y1) {
		return 0, 0, false
	}
	from, to = 0, 1
	for _, side := range [][2]float64{{x0 - x1, x0}, {x1 - x0, 1 - x0}, {y0 - y1, y0}, {y1 - y0, 1 - y0}} {
		towards, distance := side[0], side[1]+1e-9
		switch {
		case towards == 0 && distance < 0:
			return 0, 0, false
		case towards < 0:
			from = math.Max(from, distance/towards)
		case towards > 0:
			to = math.Min(to, distance/towards)
		}
	}
	return from, to, from < to
}
