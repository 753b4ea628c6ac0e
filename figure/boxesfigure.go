package figure

import (
	"image"
	"image/color"
	"math"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
)

const (
	boxGap     = 3 // between boxes
	boxCorner  = 4.5
	boxRow     = 24
	boxText    = 10
	defaultBox = "Reds"
)

// A boxesPart is Boxes made ready to be drawn.
type boxesPart struct {
	*setting
	b     *Boxes
	ramp  *colormap.Map
	label float64 // width of the labels with the gap to the boxes
	text  float64 // width of the widest text at boxText
}

func (b *Boxes) part(s *setting) (part, error) {
	p := &boxesPart{setting: s, b: b}
	name := b.Map
	if name == "" {
		name = defaultBox
	}
	var err error
	if p.ramp, err = s.ramp(name); err != nil {
		return nil, err
	}
	for _, label := range b.Rows {
		p.label = math.Max(p.label, s.normal.Width(label, boxText))
	}
	p.label = math.Max(p.label, s.bold.Width(b.Footer, boxText))
	p.label = math.Min(p.label, mostColumn+20) + 6
	if s.bare {
		return p, nil
	}
	for _, c := range b.Cells {
		p.text = math.Max(p.text, s.normal.Width(c.Text, boxText))
	}
	for _, t := range b.FooterTexts {
		p.text = math.Max(p.text, s.bold.Width(t, boxText))
	}
	return p, nil
}

func (p *boxesPart) title() string     { return p.b.Title }
func (p *boxesPart) titleAlign() align { return alignCentre }

// rows returns the number of rows, the one below among them.
func (p *boxesPart) rows() float64 {
	n := float64(len(p.b.Rows))
	if !p.bare && (p.b.Footer != "" || len(p.b.FooterTexts) > 0) {
		n++
	}
	return n
}

func (p *boxesPart) least() (w, h float64) {
	if p.bare {
		return float64(p.b.Columns) * bareCell, p.rows() * bareCell
	}
	text := math.Min(p.text*leastSize/boxText, 30)
	return float64(p.b.Columns) * (text + 2*padding + boxGap), p.rows() * (leastSize + 6)
}

func (p *boxesPart) wish() float64 {
	if p.bare {
		return float64(p.b.Columns) * bareCell
	}
	return float64(p.b.Columns) * math.Max(leastColumn, math.Min(p.text+2*padding+boxGap, mostColumn))
}

func (p *boxesPart) wishHeight(float64) float64 { return p.rows() * boxRow }

func (p *boxesPart) around(float64, float64) sides { return sides{left: p.label} }

func (p *boxesPart) draw(pg *page, in draw.Rect) {
	w, h := in.W/float64(p.b.Columns), in.H/p.rows()
	size := math.Min(boxText, h*0.5)
	at := func(i, j int) draw.Rect {
		return draw.Rect{X: in.X + float64(j)*w, Y: in.Y + float64(i)*h, W: w, H: h}.Inset(math.Min(boxGap/2.0, h/12))
	}
	p.grounds(pg, in, at)
	label := textStyle{p.normal, size, 5, p.look.ink, alignRight}
	every := int(math.Ceil(label.least / h)) // of labels, so that they leave each other room
	for i, name := range p.b.Rows {
		if i%every == 0 {
			pg.text(name, draw.Rect{X: in.X - p.label, Y: in.Y + float64(i)*h, W: p.label - 6, H: h}, label)
		}
		for j := 0; j < p.b.Columns && !p.bare; j++ {
			c := p.b.Cells[i*p.b.Columns+j]
			p.cell(pg, c.Text, at(i, j), textStyle{p.normal, size, leastSize - 0.5, p.ink(c.Value), alignCentre})
		}
	}
	if p.bare || p.b.Footer == "" && len(p.b.FooterTexts) == 0 {
		return
	}
	last := len(p.b.Rows)
	label.set = p.bold
	pg.text(p.b.Footer, draw.Rect{X: in.X - p.label, Y: in.Y + float64(last)*h, W: p.label - 6, H: h}, label)
	for j, t := range p.b.FooterTexts {
		p.cell(pg, t, at(last, j), textStyle{p.bold, size, leastSize - 0.5, p.look.ink, alignCentre})
	}
}

// grounds draws the boxes, at their places or, bare ones, as dots of one image.
func (p *boxesPart) grounds(pg *page, in draw.Rect, at func(i, j int) draw.Rect) {
	m := image.NewNRGBA(image.Rect(0, 0, p.b.Columns, len(p.b.Rows)))
	for k, c := range p.b.Cells {
		i, j := k/p.b.Columns, k%p.b.Columns
		if p.bare {
			m.SetNRGBA(j, i, p.ground(c.Value))
		} else {
			pg.fill(at(i, j), boxCorner, p.ground(c.Value))
		}
	}
	if p.bare {
		pg.on.Image(pg.rect(in), m)
	}
}

func (p *boxesPart) cell(pg *page, s string, b draw.Rect, t textStyle) {
	side := math.Min(padding, b.W*0.08)
	t.least = math.Min(t.least, t.size)
	pg.text(s, draw.Rect{X: b.X + side, Y: b.Y, W: b.W - 2*side, H: b.H}, t)
}

// ground returns the translucent colour of a value.
func (p *boxesPart) ground(v float64) color.NRGBA {
	if math.IsNaN(v) {
		return p.look.blank
	}
	c := p.ramp.At(v)
	if p.b.Alpha > 0 {
		c.A = uint8(math.Round(255 * p.b.Alpha))
	}
	return c
}

// ink returns the colour of a text on the ground of a value, as it shows on the page.
func (p *boxesPart) ink(v float64) color.NRGBA {
	c := p.ground(v)
	a := float64(c.A) / 255
	mix := func(over, under uint8) uint8 { return uint8(math.Round(a*float64(over) + (1-a)*float64(under))) }
	g := p.look.ground
	return colormap.Ink(color.NRGBA{mix(c.R, g.R), mix(c.G, g.G), mix(c.B, g.B), 255})
}
