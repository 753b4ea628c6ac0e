package gonum

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/draw"
)

// Panel returns a plot as a panel of a figure, which wishes it so large. The panel has
// the plot's title. Ground, axes and texts have the colours of the figure's theme; those
// of the plotters stay as they are.
func Panel(p *plot.Plot, width, height vg.Length) *figure.Custom {
	return &figure.Custom{
		Title: p.Title.Text, Width: width.Points(), Height: height.Points(),
		Draw: func(on draw.Canvas, in draw.Rect, scale float64, look figure.Look) error {
			own := *p
			own.Title.Text = ""
			Theme(&own, look.Ground, look.Ink)
			c := onPart(on, in, scale, &Text{look.Normal, look.Bold})
			if err := Draw(&own, c); err != nil {
				return err
			}
			return c.err
		},
	}
}

// Theme gives ground, axes and texts of a plot their colours.
func Theme(p *plot.Plot, ground, ink color.Color) {
	p.BackgroundColor = ground
	for _, s := range []*vgdraw.TextStyle{&p.Title.TextStyle, &p.Legend.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		s.Color = ink
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle.Color, a.Tick.LineStyle.Color = ink, ink
	}
}
