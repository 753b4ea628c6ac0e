package gonum

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/golens/golens/figure/draw"
)

// Write writes a plot in a format, "png", "svg" or "pdf". Where gonum panics, as on axes
// without a range or a logarithm of 0, the error says so. Options that are zero stand for
// a white ground, 150 dots per inch, and the plot's title.
func Write(w io.Writer, p *plot.Plot, format string, width, height vg.Length, o draw.Options) error {
	t, err := NewText()
	if err != nil {
		return err
	}
	if o.Ground == draw.Transparent && p.BackgroundColor != nil {
		o.Ground = color.NRGBAModel.Convert(p.BackgroundColor).(color.NRGBA)
	}
	if o.Title == "" {
		o.Title = p.Title.Text
	}
	c, err := NewCanvas(format, width, height, t, o)
	if err != nil {
		return err
	}
	if err := Draw(p, c); err != nil {
		return err
	}
	_, err = c.WriteTo(w)
	return err
}

// Draw draws a plot on the whole of a canvas, with its texts set as the canvas's are.
func Draw(p *plot.Plot, c *Canvas) error {
	return drawOn(p, c.text, vgdraw.New(c))
}

// drawOn draws a plot on a part of a canvas.
func drawOn(p *plot.Plot, t *Text, on vgdraw.Canvas) (err error) {
	for i, a := range []*plot.Axis{&p.X, &p.Y} {
		if empty := a.Min > a.Max; !empty && (!finite(a.Min) || !finite(a.Max)) {
			return fmt.Errorf("draw a plot: the %c axis goes from %g to %g", "xy"[i], a.Min, a.Max)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("draw a plot: %v", r)
		}
	}()
	t.Use(p)
	p.Draw(on)
	return nil
}
