package figure

import (
	"image/color"
	"math"
	"slices"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
)

// Sizes of a heat map in points.
const (
	textSize  = 9
	leastSize = 6
	noteSize  = 6.5
	gutter    = 1.2 // between cells: the ground shows, and no seams
	corner    = 2.2
	padding   = 4 // of a text in its cell, left and right
	rowHeight = 20
	tallRow   = 28 // with a number below the token
	noteRow   = 10
	bandGap   = 14
	legendRow = 32
	barHeight = 7
	barWidth  = 200

	leastColumn = 40
	mostColumn  = 82
	leastFigure = 260 // room for the title and the scale of a narrow grid
)

// A gridPart is a Grid laid out for a page: bands of columns under each other,
// and a scale below. It has one size, to which its texts belong.
type gridPart struct {
	*setting
	g             *Grid
	ramp          *colormap.Map
	numbers       bool
	bands         []span
	label, column float64 // widths
	row, head     float64 // heights
	width, height float64
}

func (g *Grid) part(s *setting) (part, error) {
	h := &gridPart{setting: s, g: g, numbers: !s.bare && g.Scale.Number != "" && (s.options.Numbers || g.Scale.Always)}
	var err error
	if h.ramp, err = s.ramp(DefaultColourMap); err != nil {
		return nil, err
	}
	most := s.options.MaxColumns
	switch {
	case most > 0:
	case s.bare:
		most = bareColumns
	default:
		most = defaultMaxColumns
	}
	h.bands = evenBands(len(g.Columns), most)
	h.measure()
	return h, nil
}

// A span is the columns of a grid from one on, up to another.
type span struct{ from, to int }

// evenBands cuts n columns into the fewest runs of at most most columns, all but
// the last of equal length.
func evenBands(n, most int) []span {
	count := (n + most - 1) / most
	each := (n + count - 1) / count
	var bands []span
	for from := 0; from < n; from += each {
		bands = append(bands, span{from, min(n, from+each)})
	}
	return bands
}

// measure sets the widths and heights from the texts.
func (h *gridPart) measure() {
	g := h.g
	h.label = h.bold.Width(g.Corner, noteSize)
	for _, r := range g.Rows {
		h.label = max(h.label, h.normal.Width(r.Text, textSize))
	}
	for _, f := range g.Footers {
		h.label = max(h.label, h.normal.Width(f.Label, textSize))
	}
	h.label = min(h.label, mostColumn) + 2*padding

	widest := 0.0
	for _, c := range g.Cells {
		widest = max(widest, h.normal.Width(c.Text, textSize))
	}
	for _, c := range g.Columns {
		widest = max(widest, h.bold.Width(c.Text, textSize))
	}
	h.column = max(leastColumn, min(mostColumn, widest+2*padding+gutter))

	h.row = rowHeight
	if h.numbers {
		h.row = tallRow
	}
	h.head = rowHeight
	if slices.ContainsFunc(g.Columns, func(c Head) bool { return c.Note != "" }) {
		h.head += noteRow
	}
	if h.bare {
		h.column, h.row, h.head = bareCell, bareCell, noteRow
	}
	h.width = max(leastFigure, h.label+float64(h.bands[0].to)*h.column)
	h.height = float64(len(h.bands))*h.bandHeight() + float64(len(h.bands)-1)*bandGap + h.legendHeight()
}

func (h *gridPart) bandHeight() float64 {
	if h.bare {
		return h.head + float64(len(h.g.Rows))*h.row
	}
	return h.head + float64(len(h.g.Rows))*h.row + float64(len(h.g.Footers))*rowHeight
}

func (h *gridPart) legendHeight() float64 {
	return legendRow + float64(len(h.g.Notes))*noteRow
}

func (h *gridPart) title() string                 { return h.g.Title }
func (h *gridPart) titleAlign() align             { return alignLeft }
func (h *gridPart) least() (w, height float64)    { return h.width, h.height }
func (h *gridPart) wish() float64                 { return h.width }
func (h *gridPart) wishHeight(float64) float64    { return h.height }
func (h *gridPart) around(float64, float64) sides { return sides{} }

func (h *gridPart) draw(p *page, in draw.Rect) {
	x, y := in.X+(in.W-h.width)/2, in.Y
	for _, b := range h.bands {
		if h.bare {
			h.bareBand(p, b, x, y)
		} else {
			h.band(p, b, x, y)
		}
		y += h.bandHeight() + bandGap
	}
	h.legend(p, x, y-bandGap)
}

// band draws the columns of b with their heads and footers from a corner on.
func (h *gridPart) band(p *page, b span, left, y float64) {
	x := func(i int) float64 { return left + h.label + float64(i-b.from)*h.column }
	labels := func(y float64) draw.Rect { return draw.Rect{X: left, Y: y, W: h.label - 2*padding, H: rowHeight} }
	label := textStyle{h.normal, textSize, leastSize, h.look.ink, alignRight}
	note := textStyle{h.normal, noteSize, 4, h.look.note, alignCentre}

	for i := b.from; i < b.to; i++ {
		c := h.g.Columns[i]
		at := draw.Rect{X: x(i), Y: y, W: h.column, H: h.head}.Inset(padding / 2)
		if c.Note != "" {
			p.text(c.Note, draw.Rect{X: at.X, Y: at.Y, W: at.W, H: noteRow}, note)
		}
		p.text(c.Text, draw.Rect{X: at.X, Y: y + h.head - rowHeight, W: at.W, H: rowHeight}, textStyle{h.bold, textSize, leastSize, h.look.ink, alignCentre})
	}
	over := note
	over.align = alignRight
	p.text(h.g.Corner, labels(y+h.head-rowHeight), over)
	y += h.head
	for r, head := range h.g.Rows {
		p.text(head.Text, draw.Rect{X: left, Y: y + float64(r)*h.row, W: h.label - 2*padding, H: h.row}, label)
	}
	h.cells(p, b, left+h.label, y)
	y += float64(len(h.g.Rows)) * h.row
	footer := textStyle{h.normal, textSize, leastSize, h.look.note, alignCentre}
	for _, f := range h.g.Footers {
		label.colour = h.look.note
		p.text(f.Label, labels(y), label)
		for i := b.from; i < b.to && i < len(f.Cells); i++ {
			p.text(f.Cells[i], draw.Rect{X: x(i), Y: y, W: h.column, H: rowHeight}.Inset(padding/2), footer)
		}
		y += rowHeight
	}
}

// ground returns the colour of a cell.
func (h *gridPart) ground(c Cell) color.NRGBA {
	if math.IsNaN(c.Value) {
		return h.look.blank
	}
	return h.ramp.At(c.Value)
}

// legend draws the scale with its ticks, what a mark means, and the notes.
func (h *gridPart) legend(p *page, left, y float64) {
	s := h.g.Scale
	y += 12
	x := left + h.label
	end := left + h.width
	bar := draw.Rect{X: x, Y: y, W: min(barWidth, (end-x)*0.45), H: barHeight}
	note := textStyle{h.normal, noteSize + 0.5, leastSize, h.look.note, alignLeft}
	p.rampBar(bar, h.ramp)
	for _, t := range s.Ticks {
		at := bar.X + t.At*bar.W
		p.fill(draw.Rect{X: at - 0.3, Y: bar.Y + bar.H, W: 0.6, H: 2}, 0, h.look.note)
		tick := note
		tick.align = alignCentre
		p.text(t.Text, draw.Rect{X: at - 20, Y: bar.Y + bar.H + 2, W: 40, H: noteRow}, tick)
	}
	x += bar.W + 12
	text := s.Name
	if h.numbers && s.Number != s.Name {
		text += "; numbers: " + s.Number
	}
	p.text(text, draw.Rect{X: x, Y: y - 1.5, W: end - x, H: noteRow}, note)
	if h.g.Mark != "" && !h.bare && slices.ContainsFunc(h.g.Cells, func(c Cell) bool { return c.Marked }) {
		p.frame(draw.Rect{X: x + 0.6, Y: bar.Y + bar.H + 3, W: 12, H: 7}, 1.5, 1.2, h.look.mark)
		p.text(h.g.Mark, draw.Rect{X: x + 17, Y: bar.Y + bar.H + 1.5, W: end - x - 17, H: noteRow}, note)
	}
	y += legendRow - 12
	for _, n := range h.g.Notes {
		p.text(n, draw.Rect{X: left, Y: y, W: h.width, H: noteRow}, note)
		y += noteRow
	}
}
