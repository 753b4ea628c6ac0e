package figure

import (
	"image"
	"math"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/figure/draw"
)

// row returns the row of values that is drawn in the i-th place from above.
func (p *heatPart) row(i int) int {
	if p.h.FirstBelow {
		return len(p.h.Rows) - 1 - i
	}
	return i
}

// grounds draws the cells. Each reaches a little under the next ones.
func (p *heatPart) grounds(pg *page, in draw.Rect) {
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	w, h := in.W/float64(columns), in.H/float64(rows)
	value := func(i, j int) float64 {
		if i >= rows || j >= columns {
			return math.NaN()
		}
		return p.h.Values[p.row(i)*columns+j]
	}
	for i := range rows {
		for j := range columns {
			c, ok := p.ground(value(i, j))
			if !ok {
				continue
			}
			b := draw.Rect{X: in.X + float64(j)*w, Y: in.Y + float64(i)*h, W: w, H: h}
			if !math.IsNaN(value(i, j+1)) {
				b.W += overlap
			}
			if !math.IsNaN(value(i+1, j)) {
				b.H += overlap
			}
			pg.fill(b, 0, c)
		}
	}
}

// image returns the cells as dots.
func (p *heatPart) image() image.Image {
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	m := image.NewNRGBA(image.Rect(0, 0, columns, rows))
	for i := range rows {
		for j := range columns {
			if c, ok := p.ground(p.h.Values[p.row(i)*columns+j]); ok {
				m.SetNRGBA(j, i, c)
			}
		}
	}
	return m
}

// drawTexts draws the texts in their cells, all as large as the widest allows unless
// that is too small.
func (p *heatPart) drawTexts(pg *page, in draw.Rect) {
	if p.texts == nil {
		return
	}
	columns, rows := len(p.h.Columns), len(p.h.Rows)
	w, h := in.W/float64(columns), in.H/float64(rows)
	side := math.Min(padding, w*0.08)
	size := math.Min(textSize+1, h*0.62)
	if p.textWidth > 0 {
		size = math.Min(size, math.Max(textSize*(w-2*side)/p.textWidth, leastSize+1))
	}
	for i := range rows {
		for j := range columns {
			k := p.row(i)*columns + j
			ground, ok := p.ground(p.h.Values[k])
			if !ok {
				ground = p.look.ground
			}
			b := draw.Rect{X: in.X + float64(j)*w + side, Y: in.Y + float64(i)*h, W: w - 2*side, H: h}
			pg.text(p.texts[k], b, textStyle{p.normal, size, math.Min(size, leastSize-0.5), colormap.Ink(ground), alignCentre})
		}
	}
}
