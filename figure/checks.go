package figure

import (
	"fmt"
	"image/color"
	"math"
)

// maxMark is the largest dot and the widest line in points.
const maxMark = 360

func (g *Grid) figure() *Figure { return &Figure{Panels: []Panel{g}} }

func (g *Grid) check() error {
	if len(g.Rows) == 0 || len(g.Columns) == 0 || len(g.Cells) != len(g.Rows)*len(g.Columns) {
		return fmt.Errorf("figure: no figure of %d rows, %d columns and %d cells", len(g.Rows), len(g.Columns), len(g.Cells))
	}
	return nil
}

func (h *Heat) check() error {
	cells := len(h.Rows) * len(h.Columns)
	switch {
	case cells == 0 || len(h.Values) != cells:
		return fmt.Errorf("figure: no heat map of %d rows, %d columns and %d values", len(h.Rows), len(h.Columns), len(h.Values))
	case h.Texts != nil && len(h.Texts) != cells:
		return fmt.Errorf("figure: a heat map of %d cells has %d texts", cells, len(h.Texts))
	case !isNumber(h.Min) || !isNumber(h.Max) || h.Min > h.Max:
		return fmt.Errorf("figure: a heat map cannot span %v to %v", h.Min, h.Max)
	case !(h.Flat >= 0 && h.Flat <= 1):
		return fmt.Errorf("figure: a heat map's flat ground %v is not from 0 to 1", h.Flat)
	}
	return nil
}

func (b *Boxes) check() error {
	switch {
	case len(b.Rows) == 0 || b.Columns <= 0 || len(b.Cells) != len(b.Rows)*b.Columns:
		return fmt.Errorf("figure: no boxes of %d rows, %d columns and %d cells", len(b.Rows), b.Columns, len(b.Cells))
	case len(b.FooterTexts) > b.Columns:
		return fmt.Errorf("figure: %d texts below %d columns", len(b.FooterTexts), b.Columns)
	case !(b.Alpha >= 0 && b.Alpha <= 1):
		return fmt.Errorf("figure: the boxes' alpha %v is not from 0 to 1", b.Alpha)
	}
	return nil
}

func (a *Axes) check() error {
	for _, axis := range []struct {
		name string
		Axis
	}{{"x", a.X}, {"y", a.Y}} {
		if !isNumber(axis.Min) || !isNumber(axis.Max) || axis.Min > axis.Max {
			return fmt.Errorf("figure: the %s axis cannot span %v to %v", axis.name, axis.Min, axis.Max)
		}
	}
	for _, m := range a.Marks {
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dots) check() error {
	switch {
	case len(d.X) != len(d.Y):
		return fmt.Errorf("figure: %d dots along x and %d along y", len(d.X), len(d.Y))
	case d.Colours != nil && len(d.Colours) != len(d.X):
		return fmt.Errorf("figure: %d dots have %d colours", len(d.X), len(d.Colours))
	case !(d.Alpha >= 0 && d.Alpha <= 1):
		return fmt.Errorf("figure: the dots' alpha %v is not from 0 to 1", d.Alpha)
	case !(d.Size >= 0 && d.Size <= maxMark):
		return fmt.Errorf("figure: dots of %v points: the size must be from 0 to %d", d.Size, maxMark)
	}
	return checkShape(d.Shape)
}

func (l *Line) check() error {
	switch {
	case len(l.X) != len(l.Y):
		return fmt.Errorf("figure: a line of %d places along x and %d along y", len(l.X), len(l.Y))
	case !(l.Width >= 0 && l.Width <= maxMark):
		return fmt.Errorf("figure: a line of %v points: the width must be from 0 to %d", l.Width, maxMark)
	}
	return checkShape(l.Marker)
}

func checkShape(s Shape) error {
	switch s {
	case "", Circle, Square, Diamond, Triangle, Hexagon, Cross:
		return nil
	}
	return fmt.Errorf("figure: no shape %q", s)
}

// RGB returns a colour by its hexadecimal number, such as 0x1f77b4.
func RGB(hex uint32) color.Color {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

// paintOr returns a colour, and another for nil.
func paintOr(given color.Color, other color.NRGBA) color.NRGBA {
	if given == nil {
		return other
	}
	return color.NRGBAModel.Convert(given).(color.NRGBA)
}

func isNumber(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// texts returns the number of cells that have texts.
func (g *Grid) texts() int { return len(g.Cells) }

func (h *Heat) texts() int { return len(h.Texts) }

func (b *Boxes) texts() int { return len(b.Cells) }
