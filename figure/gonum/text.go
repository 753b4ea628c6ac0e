package gonum

import (
	"math"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/golens/golens/figure/draw"
)

// A Text sets the text of gonum's plots in golens's type: any script, in outlines. It is
// for one goroutine.
type Text struct{ normal, bold *draw.Type }

var _ text.Handler = (*Text)(nil)

// NewText returns a Text. Characters that no font has are drawn as boxes.
func NewText() (*Text, error) {
	normal, bold, err := draw.NewTypes(draw.TypeOptions{System: true, Missing: func(rune) string { return "□" }})
	if err != nil {
		return nil, err
	}
	return &Text{normal, bold}, nil
}

// of returns the type of a font's weight.
func (t *Text) of(f font.Font) *draw.Type {
	if f.Weight >= xfont.WeightSemiBold {
		return t.bold
	}
	return t.normal
}

// Cache returns gonum's own fonts, in which nothing is drawn here.
func (t *Text) Cache() *font.Cache { return plot.DefaultTextHandler.Cache() }

// Extents returns how far letters of a font reach.
func (t *Text) Extents(f font.Font) font.Extents {
	ascent, descent, line := t.of(f).Extents(f.Size.Points())
	return font.Extents{Ascent: vg.Points(ascent), Descent: vg.Points(descent), Height: vg.Points(line)}
}

// Lines returns the lines of a text.
func (t *Text) Lines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }

// Box returns the room that a line takes from the beginning of its baseline.
func (t *Text) Box(s string, f font.Font) (width, height, depth vg.Length) {
	e := t.Extents(f)
	return vg.Points(t.of(f).Width(s, f.Size.Points())), e.Ascent, e.Descent
}

// Draw writes a text of one line or more at a point, turned and aligned as the style says.
func (t *Text) Draw(c vg.Canvas, s string, style text.Style, p vg.Point) {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return
	}
	c.Push()
	defer c.Pop()
	c.SetColor(style.Color)
	c.Translate(p)
	c.Rotate(style.Rotation)
	e, lines := t.Extents(style.Font), t.Lines(s)
	// The block begins with the first line's ascent and ends with the last one's descent.
	block := e.Ascent + e.Descent + vg.Length(len(lines)-1)*e.Height
	y := block*(1+vg.Length(style.YAlign)) - e.Ascent
	for _, line := range lines {
		width, _, _ := t.Box(line, style.Font)
		at := vg.Point{X: vg.Length(style.XAlign) * width, Y: y}
		if own, ok := canvasOf(c); ok {
			own.set(style.Font, at, line)
		} else {
			c.Fill(t.outline(line, style.Font, at))
		}
		y -= e.Height
	}
}

// outline returns a line's letters as a path, for canvases of others.
func (t *Text) outline(s string, f font.Font, at vg.Point) vg.Path {
	var out vg.Path
	place := func(p draw.Point) vg.Point {
		return vg.Point{X: at.X + vg.Points(p.X), Y: at.Y - vg.Points(p.Y)}
	}
	t.of(f).Outline(s, f.Size.Points()).Each(
		func(p draw.Point) { out.Move(place(p)) },
		func(p draw.Point) { out.Line(place(p)) },
		func(a, b, p draw.Point) { out.CubeTo(place(a), place(b), place(p)) },
		func() { out.Close() },
	)
	return out
}

// Use has a plot's own texts set by t: titles, labels, ticks and legend. Plotters with
// texts of their own take plot.DefaultTextHandler when they are made.
func (t *Text) Use(p *plot.Plot) {
	p.TextHandler, p.Title.TextStyle.Handler, p.Legend.TextStyle.Handler = t, t, t
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Handler, a.Tick.Label.Handler = t, t
	}
}

// finite reports whether a number can be drawn.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
