package report

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// Sizes of a heat map in points.
const (
	margin    vg.Length = 14
	textSize  vg.Length = 9
	leastSize vg.Length = 6
	noteSize  vg.Length = 6.5
	titleSize vg.Length = 12
	gutter    vg.Length = 1.2 // between cells: the ground shows, and no seams
	corner    vg.Length = 2.2
	padding   vg.Length = 4 // of a text in its cell, left and right
	rowHeight vg.Length = 20
	tallRow   vg.Length = 28 // with a number below the token
	noteRow   vg.Length = 10
	titleRow  vg.Length = 24
	bandGap   vg.Length = 14
	legendRow vg.Length = 32
	barHeight vg.Length = 7
	barWidth  vg.Length = 200

	leastColumn vg.Length = 40
	mostColumn  vg.Length = 82
	leastFigure vg.Length = 260 // room for the title and the scale of a narrow grid
)

var (
	inkColour  = color.NRGBA{0x22, 0x22, 0x22, 255}
	noteColour = color.NRGBA{0x70, 0x70, 0x70, 255}
	markColour = color.NRGBA{0xe0, 0x5a, 0x1c, 255}
)

// A heatmap is a Grid laid out for a page: bands of columns under each other,
// and a scale below.
type heatmap struct {
	g             *Grid
	ramp          *ramp
	plain, bold   *typesetter
	numbers       bool
	bands         []span
	label, column vg.Length // widths
	row, head     vg.Length // heights
	width, height vg.Length
}

func newHeatmap(g *Grid, o FigureOptions) (*heatmap, error) {
	h := &heatmap{g: g, numbers: g.Scale.Number != "" && (o.Numbers || g.Scale.Always)}
	var err error
	if h.ramp, err = newRamp(o.ColourMap); err != nil {
		return nil, err
	}
	if h.plain, err = newTypesetter(regularFont); err != nil {
		return nil, err
	}
	if h.bold, err = newTypesetter(boldFont); err != nil {
		return nil, err
	}
	h.bands = evenBands(len(g.Columns), o.MaxColumns)
	h.measure()
	return h, nil
}

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
func (h *heatmap) measure() {
	g := h.g
	h.label = h.bold.width(g.Corner, noteSize)
	for _, r := range g.Rows {
		h.label = max(h.label, h.plain.width(r.Text, textSize))
	}
	for _, f := range g.Footers {
		h.label = max(h.label, h.plain.width(f.Label, textSize))
	}
	h.label = min(h.label, mostColumn) + 2*padding

	widest := vg.Length(0)
	for _, c := range g.Cells {
		widest = max(widest, h.plain.width(c.Text, textSize))
	}
	for _, c := range g.Columns {
		widest = max(widest, h.bold.width(c.Text, textSize))
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
	h.width = max(leastFigure, h.label+vg.Length(h.bands[0].to)*h.column) + 2*margin
	h.height = 2*margin + vg.Length(len(h.bands))*h.bandHeight() + vg.Length(len(h.bands)-1)*bandGap + h.legendHeight()
	if g.Title != "" {
		h.height += titleRow
	}
}

func (h *heatmap) bandHeight() vg.Length {
	return h.head + vg.Length(len(h.g.Rows))*h.row + vg.Length(len(h.g.Footers))*rowHeight
}

func (h *heatmap) legendHeight() vg.Length {
	return legendRow + vg.Length(len(h.g.Notes))*noteRow
}

// size returns the canvas that o asks for and by how much the content is scaled
// to fit it.
func (h *heatmap) size(o FigureOptions) (width, height, scale vg.Length) {
	w, t := vg.Length(o.Width)*vg.Inch, vg.Length(o.Height)*vg.Inch
	switch {
	case w == 0 && t == 0:
		return h.width, h.height, 1
	case t == 0:
		return w, h.height * w / h.width, w / h.width
	case w == 0:
		return h.width * t / h.height, t, t / h.height
	}
	return w, t, min(w/h.width, t/h.height)
}

func (h *heatmap) draw(p *page) {
	p.ground(white)
	y := margin
	if h.g.Title != "" {
		p.text(h.g.Title, box{margin, y, h.width - 2*margin, titleRow - 8}, textStyle{h.bold, titleSize, 9, inkColour, alignLeft})
		y += titleRow
	}
	for _, b := range h.bands {
		h.band(p, b, y)
		y += h.bandHeight() + bandGap
	}
	h.legend(p, y-bandGap)
}

// band draws the columns of b with their heads and footers from y downwards.
func (h *heatmap) band(p *page, b span, y vg.Length) {
	x := func(i int) vg.Length { return margin + h.label + vg.Length(i-b.from)*h.column }
	labels := func(y vg.Length) box { return box{margin, y, h.label - 2*padding, rowHeight} }
	label := textStyle{h.plain, textSize, leastSize, inkColour, alignRight}
	note := textStyle{h.plain, noteSize, 4, noteColour, alignCentre}

	for i := b.from; i < b.to; i++ {
		c := h.g.Columns[i]
		at := box{x(i), y, h.column, h.head}.inset(padding / 2)
		if c.Note != "" {
			p.text(c.Note, box{at.x, y, at.w, noteRow}, note)
		}
		p.text(c.Text, box{at.x, y + h.head - rowHeight, at.w, rowHeight}, textStyle{h.bold, textSize, leastSize, inkColour, alignCentre})
	}
	corner := note
	corner.align = alignRight
	p.text(h.g.Corner, labels(y+h.head-rowHeight), corner)
	y += h.head
	for r, head := range h.g.Rows {
		p.text(head.Text, box{margin, y, h.label - 2*padding, h.row}, label)
		for i := b.from; i < b.to; i++ {
			h.cell(p, h.g.At(r, i), box{x(i), y, h.column, h.row})
		}
		y += h.row
	}
	footer := textStyle{h.plain, textSize, leastSize, noteColour, alignCentre}
	for _, f := range h.g.Footers {
		label.colour = noteColour
		p.text(f.Label, labels(y), label)
		for i := b.from; i < b.to && i < len(f.Cells); i++ {
			p.text(f.Cells[i], box{x(i), y, h.column, rowHeight}.inset(padding/2), footer)
		}
		y += rowHeight
	}
}

// cell draws c in b: its ground, its mark, its text and below it the number.
func (h *heatmap) cell(p *page, c Cell, b box) {
	ground := unknown
	if !math.IsNaN(c.Value) {
		ground = h.ramp.at(c.Value)
	}
	b = b.inset(gutter / 2)
	p.fill(b, corner, ground)
	if c.Marked {
		p.frame(b.inset(0.5), corner-0.5, 1.2, markColour)
	}
	b = box{b.x + padding - gutter/2, b.y, b.w - 2*padding + gutter, b.h}
	style := textStyle{h.plain, textSize, leastSize, ink(ground), alignCentre}
	if !h.numbers || c.Number == "" {
		p.text(c.Text, b, style)
		return
	}
	half := b.h / 2
	p.text(c.Text, box{b.x, b.y + 1.5, b.w, half}, style)
	style.size = noteSize
	p.text(c.Number, box{b.x, b.y + half - 1, b.w, half}, style)
}

// legend draws the scale with its ticks, what a mark means, and the notes.
func (h *heatmap) legend(p *page, y vg.Length) {
	s := h.g.Scale
	y += 12
	x := margin + h.label
	room := h.width - margin - x
	bar := box{x, y, min(barWidth, room*0.45), barHeight}
	note := textStyle{h.plain, noteSize + 0.5, leastSize, noteColour, alignLeft}
	// Each step reaches to the bar's end and the next covers it, so no seam shows.
	const steps = 128
	for i := range steps {
		from := bar.w * vg.Length(i) / steps
		p.fill(box{bar.x + from, bar.y, bar.w - from, bar.h}, 0, h.ramp.at((float64(i)+0.5)/steps))
	}
	for _, t := range s.Ticks {
		at := bar.x + vg.Length(t.At)*bar.w
		p.fill(box{at - 0.3, bar.y + bar.h, 0.6, 2}, 0, noteColour)
		tick := note
		tick.align = alignCentre
		p.text(t.Text, box{at - 20, bar.y + bar.h + 2, 40, noteRow}, tick)
	}
	x += bar.w + 12
	text := s.Name
	if h.numbers && s.Number != s.Name {
		text += "; numbers: " + s.Number
	}
	p.text(text, box{x, y - 1.5, h.width - margin - x, noteRow}, note)
	if h.g.Mark != "" && slices.ContainsFunc(h.g.Cells, func(c Cell) bool { return c.Marked }) {
		p.frame(box{x + 0.6, bar.y + bar.h + 3, 12, 7}, 1.5, 1.2, markColour)
		p.text(h.g.Mark, box{x + 17, bar.y + bar.h + 1.5, h.width - margin - x - 17, noteRow}, note)
	}
	y += legendRow - 12
	for _, n := range h.g.Notes {
		p.text(n, box{margin, y, h.width - 2*margin, noteRow}, note)
		y += noteRow
	}
}
