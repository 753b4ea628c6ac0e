package gonum

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure"
)

// Axes returns a panel of lines and dots as a plot, to which plotters can be added: title, axes,
// ticks, grid and legend are the panel's.
func Axes(a *figure.Axes) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = a.Title
	if a.Grid {
		grid := plotter.NewGrid()
		grid.Vertical.Color, grid.Horizontal.Color = color.Gray{220}, color.Gray{220}
		p.Add(grid)
	}
	for i, m := range a.Marks {
		var name string
		var plotters []plot.Plotter
		switch m := m.(type) {
		case *figure.Line:
			name, plotters = m.Label, lineOf(m, i)
		case *figure.Dots:
			name, plotters = m.Label, dotsOf(m)
		default:
			return nil, fmt.Errorf("mark %d is a %T, which has no plotter", i+1, m)
		}
		p.Add(plotters...)
		if a.Legend && name != "" {
			var thumbs []plot.Thumbnailer
			for _, q := range plotters {
				thumbs = append(thumbs, q.(plot.Thumbnailer))
			}
			p.Legend.Add(name, thumbs...)
		}
	}
	p.Legend.Top = true
	for _, side := range []struct {
		to   *plot.Axis
		from figure.Axis
	}{{&p.X, a.X}, {&p.Y, a.Y}} {
		axis(side.to, side.from)
	}
	return p, nil
}

// axis gives an axis its label, range, direction and ticks. A range of the data has a twentieth
// more at each end, as in figures.
func axis(to *plot.Axis, from figure.Axis) {
	to.Label.Text = from.Label
	if from.Min != 0 || from.Max != 0 {
		to.Min, to.Max = from.Min, from.Max
	} else if more := (to.Max - to.Min) / 20; more > 0 {
		to.Min, to.Max = to.Min-more, to.Max+more
	}
	if from.Inverted {
		to.Scale = plot.InvertedScale{Normalizer: plot.LinearScale{}}
	}
	to.Tick.Marker = plot.TickerFunc(func(low, high float64) (out []plot.Tick) {
		ticks := from.Ticks
		if ticks == nil {
			ticks = figure.RoundTicks(low, high, 7)
		}
		for _, t := range ticks {
			if low <= t.At && t.At <= high {
				out = append(out, plot.Tick{Value: t.At, Label: t.Text})
			}
		}
		return out
	})
}

// series are the colours of lines that name none; they are matplotlib's.
var series = []color.Color{figure.RGB(0x1f77b4), figure.RGB(0xff7f0e), figure.RGB(0x2ca02c), figure.RGB(0xd62728), figure.RGB(0x9467bd)}

// lineOf returns the plotters of line number i: the line, and its markers.
func lineOf(l *figure.Line, i int) []plot.Plotter {
	paint := l.Colour
	if paint == nil {
		paint = series[i%len(series)]
	}
	width := vg.Points(l.Width)
	if width == 0 {
		width = vg.Points(1.5)
	}
	c := &Curve{X: l.X, Y: l.Y, LineStyle: vgdraw.LineStyle{Color: paint, Width: width}}
	if l.Dashed {
		c.Dashes = []vg.Length{3 * width, 2 * width}
	}
	if l.Marker == "" {
		return []plot.Plotter{c}
	}
	return []plot.Plotter{c, &glyphs{x: l.X, y: l.Y, style: func(int) vgdraw.GlyphStyle {
		return vgdraw.GlyphStyle{Color: paint, Radius: 1.8 * width, Shape: glyph(l.Marker)}
	}}}
}

func dotsOf(d *figure.Dots) []plot.Plotter {
	size := d.Size
	if size == 0 {
		size = 4
	}
	paint := func(c color.Color) color.Color {
		if c == nil {
			c = color.Black
		}
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		if d.Alpha > 0 {
			n.A = uint8(math.Round(255 * d.Alpha))
		}
		return n
	}
	if d.Cloud && d.Colours == nil {
		return []plot.Plotter{&Cloud{X: d.X, Y: d.Y, Color: paint(d.Colour), Radius: vg.Points(size / 2)}}
	}
	return []plot.Plotter{&glyphs{x: d.X, y: d.Y, style: func(i int) vgdraw.GlyphStyle {
		s := vgdraw.GlyphStyle{Color: paint(d.Colour), Radius: vg.Points(size / 2), Shape: glyph(d.Shape)}
		if d.Colours != nil {
			s.Color = paint(d.Colours[i])
		}
		if d.Hollow {
			s.Shape = vgdraw.RingGlyph{}
		}
		return s
	}}}
}

// glyph returns gonum's shape that is nearest to one of figure's.
func glyph(s figure.Shape) vgdraw.GlyphDrawer {
	switch s {
	case figure.Square:
		return vgdraw.BoxGlyph{}
	case figure.Triangle:
		return vgdraw.PyramidGlyph{}
	case figure.Cross:
		return vgdraw.CrossGlyph{}
	}
	return vgdraw.CircleGlyph{}
}

// glyphs are shapes at places; one that is not finite has none, where gonum's own refuse.
type glyphs struct {
	x, y  []float64
	style func(i int) vgdraw.GlyphStyle
}

func (g *glyphs) DataRange() (xmin, xmax, ymin, ymax float64) { return rangeOf(g.x, g.y) }

func (g *glyphs) Plot(on vgdraw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&on)
	for i := range min(len(g.x), len(g.y)) {
		if q := (vg.Point{X: x(g.x[i]), Y: y(g.y[i])}); finite(g.x[i]) && finite(g.y[i]) && on.Contains(q) {
			on.DrawGlyph(g.style(i), q)
		}
	}
}

func (g *glyphs) Thumbnail(on *vgdraw.Canvas) { on.DrawGlyph(g.style(0), on.Center()) }
