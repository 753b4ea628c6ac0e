package figure

import (
	"image"
	"math"

	"github.com/golens/golens/figure/draw"
)

const (
	bareCell    = 6   // side of a cell without a text
	bareColumns = 160 // side by side
)

// bareBand draws the columns of a band as colours alone, from a corner on, with
// as many labels as have room.
func (h *gridPart) bareBand(p *page, b span, left, top float64) {
	m := image.NewNRGBA(image.Rect(0, 0, b.to-b.from, len(h.g.Rows)))
	for r := range h.g.Rows {
		for i := b.from; i < b.to; i++ {
			m.SetNRGBA(i-b.from, r, h.ground(h.g.At(r, i)))
		}
	}
	in := draw.Rect{X: left + h.label, Y: top + h.head, W: float64(b.to-b.from) * h.column, H: float64(len(h.g.Rows)) * h.row}
	p.on.Image(p.rect(in), m)

	label := textStyle{h.normal, noteSize, 4, h.look.ink, alignRight}
	every := int(math.Ceil(noteSize * lineSpace / h.row))
	for r := 0; r < len(h.g.Rows); r += every {
		p.text(h.g.Rows[r].Text, draw.Rect{X: left, Y: in.Y + (float64(r)+0.5)*h.row - noteSize/2, W: h.label - 2*padding, H: noteSize}, label)
	}
	label.colour, label.align = h.look.note, alignCentre
	for i := b.from; i < b.to; i++ {
		if i%10 == 0 {
			x := in.X + (float64(i-b.from)+0.5)*h.column
			p.text(h.g.Columns[i].Note, draw.Rect{X: x - 5*h.column, Y: top, W: 10 * h.column, H: h.head}, label)
		}
	}
}
