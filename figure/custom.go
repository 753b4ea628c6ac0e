package figure

import (
	"fmt"
	"image/color"

	"github.com/golens/golens/figure/draw"
)

// A Custom is a panel that its owner draws, such as a plot of another library.
type Custom struct {
	Title string
	// Width and Height are the size that the panel should have, in points.
	Width, Height float64
	// Draw draws the panel, with its axes and labels, into a rectangle of the canvas.
	// Lengths of letters and lines are to be multiplied by scale.
	Draw func(on draw.Canvas, in draw.Rect, scale float64, look Look) error
}

// A Look is what a panel is drawn with: the colours of the theme and the figure's type.
type Look struct {
	Ground, Ink, Note, Grid color.NRGBA
	Series                  []color.NRGBA // of lines that name no colour
	Normal, Bold            *draw.Type
}

func (c *Custom) figure() *Figure { return &Figure{Panels: []Panel{c}} }

func (c *Custom) check() error {
	switch {
	case c.Draw == nil:
		return fmt.Errorf("figure: a custom panel has no function that draws it")
	case !(c.Width > 0) || !(c.Height > 0) || !isNumber(c.Width+c.Height):
		return fmt.Errorf("figure: a custom panel of %g by %g points: both must be above 0", c.Width, c.Height)
	}
	return nil
}

func (c *Custom) part(s *setting) (part, error) { return &customPart{s, c}, nil }

type customPart struct {
	*setting
	c *Custom
}

func (p *customPart) title() string                { return p.c.Title }
func (p *customPart) titleAlign() align            { return alignCentre }
func (p *customPart) least() (w, h float64)        { return p.c.Width / 3, p.c.Height / 3 }
func (p *customPart) wish() float64                { return p.c.Width }
func (p *customPart) wishHeight(w float64) float64 { return p.c.Height / p.c.Width * w }
func (p *customPart) around(w, h float64) sides    { return sides{} }

func (p *customPart) draw(pg *page, in draw.Rect) {
	l := p.look
	err := p.c.Draw(pg.on, pg.rect(in), pg.scale, Look{l.ground, l.ink, l.note, l.grid, l.series, p.normal, p.bold})
	if err != nil && pg.err == nil {
		pg.err = err
	}
}
