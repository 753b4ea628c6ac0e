package gonum

import (
	"bytes"
	"image/color"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/draw"
)

// TestAxes: panels of every kind of mark are drawn in each format, and what a mark or an axis says
// is in the plot.
func TestAxes(t *testing.T) {
	x, y := []float64{0, 1, 2, math.NaN()}, []float64{3, math.Inf(1), 5, 6}
	a := &figure.Axes{
		Title: "All", Grid: true, Legend: true,
		X: figure.Axis{Ticks: []figure.PlaceTick{{At: 0, Text: "emb"}, {At: 2, Text: "L1"}, {At: 9, Text: "beyond"}}},
		Y: figure.Axis{Min: 1, Max: 10},
		Marks: []figure.Mark{
			&figure.Line{X: x, Y: y, Dashed: true, Label: "line"},
			&figure.Line{X: x, Y: y, Marker: figure.Square, Colour: figure.RGB(0xff0000), Label: "marked"},
			&figure.Dots{X: x, Y: y, Cloud: true, Label: "cloud"},
			&figure.Dots{X: x, Y: y, Shape: figure.Triangle, Colours: []color.Color{nil, color.White, color.Black, nil}, Alpha: 0.5},
			&figure.Dots{X: x, Y: y, Hollow: true, Shape: figure.Cross},
		},
	}
	p, err := Axes(a)
	if err != nil {
		t.Fatal(err)
	}
	if p.X.Min != -0.1 || p.X.Max != 2.1 || p.Y.Min != 1 || p.Y.Max != 10 {
		t.Errorf("the axes go from %g to %g and from %g to %g", p.X.Min, p.X.Max, p.Y.Min, p.Y.Max)
	}
	var labels []string
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		labels = append(labels, tick.Label)
	}
	if strings.Join(labels, " ") != "emb L1" {
		t.Errorf("ticks: %q", labels)
	}
	for _, format := range []string{"png", "svg", "pdf"} {
		var b bytes.Buffer
		if err := Write(&b, p, format, 4*vg.Inch, 3*vg.Inch, draw.Options{}); err != nil || b.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", format, b.Len(), err)
		}
	}
	// A panel without data is drawn, too, or refused, and never a panic.
	for _, empty := range []*figure.Axes{{}, {Marks: []figure.Mark{&figure.Dots{}, &figure.Line{}}, Legend: true}, {Marks: []figure.Mark{&figure.Dots{X: []float64{1}, Y: []float64{1}, Label: "one"}}, Legend: true}} {
		p, err := Axes(empty)
		if err != nil {
			t.Fatal(err)
		}
		_ = Write(&bytes.Buffer{}, p, "svg", vg.Inch, vg.Inch, draw.Options{})
	}
	var _ plot.Plotter = (*glyphs)(nil)
}
