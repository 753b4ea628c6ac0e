package gonum

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
)

// Cells are a matrix of coloured cells, with a text in each if there are any, as a gonum
// plotter. The cell of column j and row i lies around x = j and y = rows-1-i: the first row
// is on top. XNames and YNames are the ticks of a plot's axes.
type Cells struct {
	columns, rows int
	cell          func(row, column int) cell
	xNames        []string
	yNames        []string // from below
	round         bool     // corners, and a gap between cells
	ramp          *colormap.Map
}

// cell is what a cell shows.
type cell struct {
	text   string
	fill   color.NRGBA
	blank  bool
	marked bool
}

var (
	_ plot.Plotter     = (*Cells)(nil)
	_ plot.DataRanger  = (*Cells)(nil)
	_ plot.GlyphBoxer  = (*Cells)(nil)
	_ plot.Thumbnailer = (*Cells)(nil)
)

// Heat returns the cells of a heat map.
func Heat(h *figure.Heat) (*Cells, error) {
	if len(h.Values) != len(h.Rows)*len(h.Columns) || h.Texts != nil && len(h.Texts) != len(h.Values) {
		return nil, fmt.Errorf("a heat map of %d rows and %d columns has %d values and %d texts", len(h.Rows), len(h.Columns), len(h.Values), len(h.Texts))
	}
	shades, err := h.Shades()
	if err != nil {
		return nil, err
	}
	c, err := newCells(h.Map, len(h.Rows), len(h.Columns))
	if err != nil {
		return nil, err
	}
	row := func(i int) int {
		if h.FirstBelow {
			return len(h.Rows) - 1 - i
		}
		return i
	}
	c.cell = func(i, j int) cell {
		k := row(i)*len(h.Columns) + j
		fill, ok := shades(h.Values[k])
		x := cell{fill: fill, blank: !ok}
		if h.Texts != nil {
			x.text = h.Texts[k]
		}
		return x
	}
	c.xNames = h.Columns
	for i := len(h.Rows) - 1; i >= 0; i-- {
		c.yNames = append(c.yNames, h.Rows[row(i)])
	}
	return c, nil
}

// Grid returns the cells of a grid of tokens; its columns' notes and its footers are left
// out.
func Grid(g *figure.Grid) (*Cells, error) {
	c, err := textCells("", len(g.Rows), len(g.Columns), g.Cells, 0)
	if err != nil {
		return nil, err
	}
	for _, h := range g.Columns {
		c.xNames = append(c.xNames, h.Text)
	}
	for i := len(g.Rows) - 1; i >= 0; i-- {
		c.yNames = append(c.yNames, g.Rows[i].Text)
	}
	return c, nil
}

// Boxes returns the cells of rows of texts in boxes. The footer's texts name the columns.
func Boxes(b *figure.Boxes) (*Cells, error) {
	c, err := textCells(b.Map, len(b.Rows), b.Columns, b.Cells, b.Alpha)
	if err != nil {
		return nil, err
	}
	c.xNames = b.FooterTexts
	for i := len(b.Rows) - 1; i >= 0; i-- {
		c.yNames = append(c.yNames, b.Rows[i])
	}
	return c, nil
}

// textCells returns cells of texts, whose values lie on a colour map from 0 to 1.
func textCells(ramp string, rows, columns int, cells []figure.Cell, alpha float64) (*Cells, error) {
	if len(cells) != rows*columns {
		return nil, fmt.Errorf("a grid of %d rows and %d columns has %d cells", rows, columns, len(cells))
	}
	c, err := newCells(ramp, rows, columns)
	if err != nil {
		return nil, err
	}
	c.round = true
	c.cell = func(i, j int) cell {
		x := cells[i*columns+j]
		out := cell{text: x.Text, marked: x.Marked, fill: colormap.Unknown}
		if !math.IsNaN(x.Value) {
			out.fill = c.ramp.At(x.Value)
		}
		if alpha > 0 {
			out.fill.A = uint8(math.Round(255 * min(alpha, 1)))
		}
		return out
	}
	return c, nil
}

func newCells(ramp string, rows, columns int) (*Cells, error) {
	if rows < 1 || columns < 1 {
		return nil, fmt.Errorf("cells in %d rows and %d columns: there must be one at least", rows, columns)
	}
	if ramp == "" {
		ramp = figure.DefaultColourMap
	}
	m, err := colormap.New(ramp)
	return &Cells{rows: rows, columns: columns, ramp: m}, err
}

// Name has the axes of a plot name the columns and rows.
func (c *Cells) Name(p *plot.Plot) {
	p.X.Tick.Marker, p.Y.Tick.Marker = names(c.xNames), names(c.yNames)
}

// names are the ticks at 0, 1, 2 and so on.
type names []string

func (n names) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for i, s := range n {
		if x := float64(i); s != "" && x >= low && x <= high {
			out = append(out, plot.Tick{Value: x, Label: s})
		}
	}
	return out
}

// DataRange returns the range that the cells cover.
func (c *Cells) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(c.columns) - 0.5, -0.5, float64(c.rows) - 0.5
}

// GlyphBoxes returns nothing: all of a cell lies within the axes.
func (c *Cells) GlyphBoxes(*plot.Plot) []plot.GlyphBox { return nil }

// Plot draws the cells.
func (c *Cells) Plot(on vgdraw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&on)
	style := p.X.Tick.Label
	style.XAlign, style.YAlign, style.Rotation = vgdraw.XCenter, vgdraw.YCenter, 0
	for i := range c.rows {
		for j := range c.columns {
			at := vg.Rectangle{
				Min: vg.Point{X: x(float64(j) - 0.5), Y: y(float64(c.rows-1-i) - 0.5)},
				Max: vg.Point{X: x(float64(j) + 0.5), Y: y(float64(c.rows-1-i) + 0.5)},
			}
			c.draw(on, at, c.cell(i, j), style)
		}
	}
}

// draw draws a cell into a rectangle.
func (c *Cells) draw(on vgdraw.Canvas, at vg.Rectangle, x cell, style vgdraw.TextStyle) {
	if x.blank {
		return
	}
	if c.round {
		const gap = 1
		at = vg.Rectangle{Min: at.Min.Add(vg.Point{X: gap, Y: gap}), Max: at.Max.Sub(vg.Point{X: gap, Y: gap})}
	}
	path := box(at, c.round)
	on.SetColor(x.fill)
	on.Fill(path)
	if x.marked {
		on.SetLineStyle(vgdraw.LineStyle{Color: color.NRGBA{R: 0xe0, G: 0x5a, B: 0x1c, A: 255}, Width: 1.2})
		on.Stroke(path)
	}
	if x.text == "" {
		return
	}
	style.Color = colormap.Ink(x.fill)
	room := at.Size().X - 4
	if w := style.Width(x.text); w > room && w > 0 {
		style.Font.Size *= room / w
	}
	style.Font.Size = min(style.Font.Size, at.Size().Y*0.7)
	if style.Font.Size >= 3 {
		on.FillText(style, vg.Point{X: (at.Min.X + at.Max.X) / 2, Y: (at.Min.Y + at.Max.Y) / 2}, x.text)
	}
}

// box returns a rectangle, with round corners if that is asked for.
func box(r vg.Rectangle, round bool) vg.Path {
	radius := vg.Length(0)
	if round {
		radius = min(3, r.Size().X/2, r.Size().Y/2)
	}
	var p vg.Path
	if radius <= 0 {
		p = r.Path()
		return p
	}
	p.Move(vg.Point{X: r.Min.X + radius, Y: r.Min.Y})
	for i, corner := range []vg.Point{{X: r.Max.X - radius, Y: r.Min.Y + radius}, {X: r.Max.X - radius, Y: r.Max.Y - radius}, {X: r.Min.X + radius, Y: r.Max.Y - radius}, {X: r.Min.X + radius, Y: r.Min.Y + radius}} {
		p.Arc(corner, radius, float64(i-1)*math.Pi/2, math.Pi/2)
	}
	p.Close()
	return p
}

// Thumbnail draws the colours from the lowest value to the highest.
func (c *Cells) Thumbnail(on *vgdraw.Canvas) {
	const steps = 32
	size := on.Size()
	for i := range steps {
		from := on.Min.X + size.X*vg.Length(i)/steps
		on.SetColor(c.ramp.At((float64(i) + 0.5) / steps))
		on.Fill(vg.Rectangle{Min: vg.Point{X: from, Y: on.Min.Y}, Max: vg.Point{X: from + size.X/steps, Y: on.Max.Y}}.Path())
	}
}
