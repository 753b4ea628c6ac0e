package figure

import (
	"github.com/golens/golens/figure/draw"
)

func (p *heatPart) labels(pg *page, in draw.Rect, f heatFrame) {
	bottom := in.Y + in.H
	style := textStyle{p.normal, f.size, 4, p.look.ink, alignCentre}
	n := float64(len(p.h.Columns))
	for _, t := range f.columns {
		x := in.X + t.At/n*in.W
		pg.fill(draw.Rect{X: x - spineWidth/2, Y: bottom, W: spineWidth, H: tickLength}, 0, p.look.spine)
		y := bottom + tickLength + tickGap
		if f.turned {
			style.align = alignRight
			pg.turned(t.Text, draw.Rect{X: x - tickSize/2, Y: y, W: tickSize, H: f.below}, style)
		} else {
			half := p.normal.Width(t.Text, f.size)/2 + 0.01
			pg.text(t.Text, draw.Rect{X: x - half, Y: y, W: 2 * half, H: tickSize}, style)
		}
	}
	label := textStyle{p.setting.labels(), labelSize, 5, p.look.ink, alignCentre}
	pg.text(p.h.XLabel, draw.Rect{X: in.X, Y: bottom + tickLength + tickGap + f.below + labelGap, W: in.W, H: labelSize * lineSpace}, label)

	right := in.X - tickLength - tickGap
	style = textStyle{p.normal, tickSize, 4, p.look.ink, alignRight}
	n = float64(len(p.h.Rows))
	for _, t := range f.rows {
		y := in.Y + t.At/n*in.H
		if p.h.FirstBelow {
			y = bottom - t.At/n*in.H
		}
		pg.fill(draw.Rect{X: in.X - tickLength, Y: y - spineWidth/2, W: tickLength, H: spineWidth}, 0, p.look.spine)
		pg.text(t.Text, draw.Rect{X: right - f.left - 0.01, Y: y - tickSize/2, W: f.left + 0.01, H: tickSize}, style)
	}
	wide := labelSize * lineSpace
	pg.turned(p.h.YLabel, draw.Rect{X: right - f.left - labelGap - wide, Y: in.Y, W: wide, H: in.H}, label)
}

func (p *heatPart) bar(pg *page, in draw.Rect, f heatFrame) {
	b := draw.Rect{X: in.X + in.W + barGap, Y: in.Y, W: colourBar, H: in.H}
	pg.rampBar(b, p.ramp)
	if !p.look.open {
		pg.frame(b, 0.4, spineWidth*0.75, p.look.spine)
	}
	s := p.barScale(in.H)
	x := b.X + b.W
	style := textStyle{p.normal, tickSize, 4, p.look.ink, alignLeft}
	for _, t := range f.bar {
		y := b.Y + b.H*(1-s.at(t.At))
		pg.fill(draw.Rect{X: x, Y: y - spineWidth/2, W: tickLength, H: spineWidth}, 0, p.look.spine)
		pg.text(t.Text, draw.Rect{X: x + tickLength + tickGap, Y: y - tickSize/2, W: f.barTexts + 0.01, H: tickSize}, style)
	}
	label := textStyle{p.setting.labels(), labelSize, 5, p.look.ink, alignCentre}
	pg.turned(p.h.BarLabel, draw.Rect{X: x + tickLength + tickGap + f.barTexts + labelGap, Y: b.Y, W: labelSize * lineSpace, H: b.H}, label)
}
