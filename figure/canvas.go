package figure

import (
	"image/color"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
	"github.com/golens/golens/internal/visible"
)

// A setting is what the parts of a figure are laid out with.
type setting struct {
	normal, bold *draw.Type
	look         *look
	options      Options
	bare         bool // cells have no texts
}

func newSetting(o Options, bare bool) (*setting, error) {
	normal, bold, err := draw.NewTypes(draw.TypeOptions{System: !o.BuiltinFonts, Missing: visible.Rune})
	if err != nil {
		return nil, err
	}
	return &setting{normal, bold, looks[o.Theme], o, bare}, nil
}

// ramp returns the colour map that the options ask for, else the one of that name.
func (s *setting) ramp(name string) (*colormap.Map, error) {
	if s.options.ColourMap != "" {
		name = s.options.ColourMap
	}
	return colormap.New(name)
}

// labels returns the type of the labels of axes.
func (s *setting) labels() *draw.Type {
	if s.look.boldLabels {
		return s.bold
	}
	return s.normal
}

// A page is a canvas whose points are those of the content, which is scaled and
// moved to its place.
type page struct {
	*setting
	on     draw.Canvas
	scale  float64
	dx, dy float64 // of the content, from the canvas's left and top, in its points
	err    error   // of a panel that somebody else draws
}

func (p *page) at(x, y float64) draw.Point {
	return draw.Point{X: p.dx + x*p.scale, Y: p.dy + y*p.scale}
}

func (p *page) rect(b draw.Rect) draw.Rect {
	at := p.at(b.X, b.Y)
	return draw.Rect{X: at.X, Y: at.Y, W: b.W * p.scale, H: b.H * p.scale}
}

// fill fills a box with round corners.
func (p *page) fill(b draw.Rect, radius float64, c color.NRGBA) {
	p.on.Box(p.rect(b), radius*p.scale, c)
}

// frame draws a line around a box, half of it within.
func (p *page) frame(b draw.Rect, radius, line float64, c color.NRGBA) {
	p.on.Stamp(draw.Stamps{Shape: p.ring(b.W, b.H, radius, line), At: []draw.Point{p.at(b.X, b.Y)}, Colours: []color.NRGBA{c}})
}

// ring returns the frame of a box of a size, whose upper left corner is (0,0).
func (p *page) ring(w, h, radius, line float64) draw.Path {
	b := draw.Rect{W: w * p.scale, H: h * p.scale}
	half := line * p.scale / 2
	radius *= p.scale
	return draw.Ring(draw.Rounded(b.Inset(-half), radius+half), draw.Rounded(b.Inset(half), radius-half))
}

// An align says where a text stands in its box, from left to right; of a turned
// text, from below upwards.
type align float64

const (
	alignLeft   align = 0
	alignCentre align = 0.5
	alignRight  align = 1
)

// A textStyle is how a text is drawn.
type textStyle struct {
	set         *draw.Type
	size, least float64 // the size wanted, and the smallest to shrink to
	colour      color.NRGBA
	align       align
}

// capHeight is about the height of the font's capital letters in font sizes.
const capHeight = 0.72

// text draws s on one line inside b, at half its height.
func (p *page) text(s string, b draw.Rect, t textStyle) {
	s, size := t.set.Fit(s, b.W, t.size, t.least)
	if s == "" {
		return
	}
	x := b.X + float64(t.align)*(b.W-t.set.Width(s, size))
	base := b.Y + b.H/2 + capHeight*size/2
	p.on.Text(t.set, s, p.at(x, base), size*p.scale, 0, t.colour)
}

// turned draws s from below upwards inside b, at half its width.
func (p *page) turned(s string, b draw.Rect, t textStyle) {
	s, size := t.set.Fit(s, b.H, t.size, t.least)
	if s == "" {
		return
	}
	base := b.X + b.W/2 + capHeight*size/2
	y := b.Y + b.H - float64(t.align)*(b.H-t.set.Width(s, size))
	p.on.Text(t.set, s, p.at(base, y), size*p.scale, draw.Upwards, t.colour)
}

// lineSpace is the distance of two lines of text in font sizes.
const lineSpace = 1.3

// lines draws each of the lines below the other from the top of b.
func (p *page) lines(lines []string, b draw.Rect, t textStyle) {
	for i, line := range lines {
		p.text(line, draw.Rect{X: b.X, Y: b.Y + float64(i)*t.size*lineSpace, W: b.W, H: t.size * lineSpace}, t)
	}
}

// rampBar draws a colour map along the longer side of b, its end at the right or on
// top. Each step reaches to the end and the next covers it, so no seam shows.
func (p *page) rampBar(b draw.Rect, r *colormap.Map) {
	const steps = 128
	for i := range steps {
		f := float64(i) / steps
		c := r.At((float64(i) + 0.5) / steps)
		if b.W > b.H {
			p.fill(draw.Rect{X: b.X + f*b.W, Y: b.Y, W: b.W * (1 - f), H: b.H}, 0, c)
		} else {
			p.fill(draw.Rect{X: b.X, Y: b.Y, W: b.W, H: b.H * (1 - f)}, 0, c)
		}
	}
}
