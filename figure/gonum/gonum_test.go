package gonum

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/draw"
)

const width, height = 6 * vg.Inch, 4 * vg.Inch

// sample returns a plot of all that gonum draws, with many labels.
func sample(t *testing.T, labels int) *plot.Plot {
	t.Helper()
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "A title\nof two lines", "Layer", "Log-probability"
	var xy plotter.XYs
	for i := range 40 {
		xy = append(xy, plotter.XY{X: float64(i), Y: 10 * math.Sin(float64(i)/5)})
	}
	line, err := plotter.NewLine(xy)
	if err != nil {
		t.Fatal(err)
	}
	line.Color, line.Dashes = color.NRGBA{R: 200, A: 255}, []vg.Length{4, 2}
	dots, err := plotter.NewScatter(xy)
	if err != nil {
		t.Fatal(err)
	}
	dots.Shape = vgdraw.CircleGlyph{}
	p.Add(line, dots, plotter.NewGrid())
	p.Legend.Add("a line", line)
	var at plotter.XYLabels
	for i := range labels {
		at.XYs = append(at.XYs, plotter.XY{X: float64(i%20) * 2, Y: float64(i/20) - 5})
		at.Labels = append(at.Labels, []string{"the", "house", "token", "word"}[i%4])
	}
	if labels > 0 {
		l, err := plotter.NewLabels(at)
		if err != nil {
			t.Fatal(err)
		}
		p.Add(l)
	}
	return p
}

// TestSizes: a plot of 200 labels takes at most a fifth of what gonum's own backends
// write, where they bring their letters along as ours do.
func TestSizes(t *testing.T) {
	for format, c := range map[string]vg.CanvasWriterTo{
		"svg": vgsvg.NewWith(vgsvg.UseWH(width, height), vgsvg.EmbedFonts(true)), "pdf": vgpdf.New(width, height),
	} {
		sample(t, 200).Draw(vgdraw.New(c))
		var theirs, ours bytes.Buffer
		if _, err := c.WriteTo(&theirs); err != nil {
			t.Fatal(err)
		}
		if err := Write(&ours, sample(t, 200), format, width, height, draw.Options{}); err != nil {
			t.Fatal(err)
		}
		if 5*ours.Len() > theirs.Len() {
			t.Errorf("%s: %d bytes, and gonum's are %d", format, ours.Len(), theirs.Len())
		}
		t.Logf("%s: %d bytes, gonum's %d", format, ours.Len(), theirs.Len())
	}
}

// TestGeometry draws one plot by gonum's own canvas of dots and by ours, without texts,
// whose fonts differ: each dark dot of one lies within a dot of a dark one of the other.
func TestGeometry(t *testing.T) {
	const dpi = 150
	bare := func() *plot.Plot {
		p := sample(t, 0)
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "", "", ""
		p.Legend = plot.NewLegend()
		for _, a := range []*plot.Axis{&p.X, &p.Y} {
			a.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
				return []plot.Tick{{Value: low}, {Value: (low + high) / 3}, {Value: high}}
			})
		}
		return p
	}
	c := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))
	// In gonum's plots a text of no letters has a height of its own font: so has ours here.
	ours, err := NewCanvas("png", width, height, nil, draw.Options{DPI: dpi, Ground: color.NRGBA{255, 255, 255, 255}})
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []vg.CanvasSizer{c, ours} {
		bare().Draw(vgdraw.New(on))
		// Shapes that no plot has: an arc, a curve, a turned and stretched frame.
		on.Push()
		on.Translate(vg.Point{X: 3 * vg.Inch, Y: 2 * vg.Inch})
		on.Rotate(0.3)
		on.Scale(1.5, 1.5)
		on.SetLineWidth(1)
		on.SetLineDash(nil, 0)
		on.SetColor(nil)
		on.Stroke(vg.Rectangle{Min: vg.Point{X: -20, Y: -10}, Max: vg.Point{X: 20, Y: 10}}.Path())
		var p vg.Path
		p.Move(vg.Point{X: -30, Y: 0})
		p.QuadTo(vg.Point{X: -20, Y: 40}, vg.Point{X: 0, Y: 20})
		p.CubeTo(vg.Point{X: 10, Y: 0}, vg.Point{X: 20, Y: 60}, vg.Point{X: 30, Y: 20})
		on.Stroke(p)
		var arc vg.Path
		arc.Move(vg.Point{X: 10, Y: 0})
		arc.Arc(vg.Point{}, 10, 0, 4)
		arc.Close()
		on.Fill(arc)
		on.Pop()
	}
	var b bytes.Buffer
	if _, err := ours.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := c.Image()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("%v dots, want %v", got.Bounds(), want.Bounds())
	}
	for name, pair := range map[string][2]image.Image{"ours": {got, want}, "gonum's": {want, got}} {
		if n, all := far(pair[0], pair[1]); n > 0 || all < 1000 {
			t.Errorf("%d of %d dark dots of %s are further than a dot from one of the other", n, all, name)
		}
	}
}

// far counts the dark dots of a that have no dot of b near them that is dark at all.
func far(a, b image.Image) (n, all int) {
	dark := func(m image.Image, x, y int) float64 {
		g := color.GrayModel.Convert(m.At(x, y)).(color.Gray)
		return 1 - float64(g.Y)/255
	}
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if dark(a, x, y) < 0.6 {
				continue
			}
			all++
			most := 0.0
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					if (image.Point{X: x + dx, Y: y + dy}).In(r) {
						most = max(most, dark(b, x+dx, y+dy))
					}
				}
			}
			if most < 0.15 {
				n++
			}
		}
	}
	return n, all
}

// plotters are one of each kind.
func plotters(t *testing.T) map[string]plot.Plotter {
	t.Helper()
	heat, err := Heat(&figure.Heat{Rows: []string{"L0", "L1"}, Columns: []string{"a", "b", "c"}, Values: []float64{1, 2, 3, math.NaN(), 5, 6}, Texts: []string{"one", "two", "three", "", "five", "six"}})
	if err != nil {
		t.Fatal(err)
	}
	cells := []figure.Cell{{Text: "the", Value: 0.1}, {Text: "ÄÖ 猫 שלום", Value: 0.9, Marked: true}, {Text: "x", Value: math.NaN()}, {Text: "a very long token", Value: 0.5}}
	grid, err := Grid(&figure.Grid{Rows: []figure.Head{{Text: "L0"}, {Text: "L1"}}, Columns: []figure.Head{{Text: "The"}, {Text: "cat"}}, Cells: cells})
	if err != nil {
		t.Fatal(err)
	}
	boxes, err := Boxes(&figure.Boxes{Rows: []string{"L0", "L1"}, Columns: 2, Cells: cells, Map: "Reds", Alpha: 0.5, FooterTexts: []string{"The", "cat"}})
	if err != nil {
		t.Fatal(err)
	}
	var x, y []float64
	for i := range 20_000 {
		x, y = append(x, math.Sin(float64(i))), append(y, math.Cos(float64(i)*1.7))
	}
	cloud, err := NewCloud(x, y)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]plot.Plotter{"heat": heat, "grid": grid, "boxes": boxes, "cloud": cloud, "curve": NewCurve(1, 2, math.NaN(), 3, math.Inf(1), 2, 4)}
}

// TestPlotters draws each plotter beside gonum's own, in all formats and on a canvas of
// gonum's, with a legend, and within a bounded size.
func TestPlotters(t *testing.T) {
	for name, one := range plotters(t) {
		for _, format := range draw.Formats {
			var with, without bytes.Buffer
			for b, add := range map[*bytes.Buffer]bool{&with: true, &without: false} {
				p := sample(t, 0)
				if add {
					p.Add(one)
					p.Legend.Add(name, one.(plot.Thumbnailer))
					if c, ok := one.(*Cells); ok {
						c.Name(p)
					}
				}
				if err := Write(b, p, format, width, height, draw.Options{}); err != nil {
					t.Fatalf("%s, %s: %v", name, format, err)
				}
			}
			if bytes.Equal(with.Bytes(), without.Bytes()) || with.Len() > 300_000 {
				t.Errorf("%s, %s: %d bytes, %d without it", name, format, with.Len(), without.Len())
			}
		}
		var c recorder.Canvas
		p := plot.New()
		p.Add(one)
		if c, ok := one.(*Cells); ok {
			c.Name(p)
		}
		p.Draw(vgdraw.NewCanvas(&c, width, height))
		if len(c.Actions) < 20 {
			t.Errorf("%s draws nothing on a canvas of gonum's", name)
		}
		xmin, xmax, ymin, ymax := one.(plot.DataRanger).DataRange()
		if !(xmin < xmax) || !(ymin < ymax) || !finite(xmax-xmin) || !finite(ymax-ymin) {
			t.Errorf("%s has the range %g to %g, %g to %g", name, xmin, xmax, ymin, ymax)
		}
	}
}

// TestGaps: a curve is cut where it has no place.
func TestGaps(t *testing.T) {
	pieces := func(y ...float64) (n int) {
		var c recorder.Canvas
		p := plot.New()
		p.Add(NewCurve(y...))
		p.Draw(vgdraw.NewCanvas(&c, width, height))
		for _, a := range c.Actions {
			if _, ok := a.(*recorder.Stroke); ok {
				n++
			}
		}
		return n
	}
	none := math.NaN()
	if n := pieces(1, 2, math.NaN(), 3, 2, math.Inf(-1), 6, 5, math.NaN(), 4) - pieces(1, none, 6, none, none, none, none, none, none, 1); n != 3 {
		t.Errorf("%d pieces, want 3", n)
	}
}

// TestText: texts of any script and angle are outlines, each letter once, and as wide as
// their box; on canvases of others they are areas.
func TestText(t *testing.T) {
	set, err := NewText()
	if err != nil {
		t.Fatal(err)
	}
	f := plot.DefaultFont
	f.Size = 12
	one, _, _ := set.Box("AVA", f)
	bold := f
	bold.Weight = 700
	if wide, up, down := set.Box("AVA AVA", bold); !(wide > 2*one) || !(up > 0) || !(down > 0) {
		t.Errorf("boxes of %v, %v", one, wide)
	}
	var b bytes.Buffer
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Καλημέρα Мир", "שלום", "ÄÖÜ"
	if err := Write(&b, p, "svg", width, height, draw.Options{}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); strings.Contains(s, "<text") || strings.Contains(s, "□") {
		t.Error("the SVG holds letters, not outlines")
	}
	style := text.Style{Color: color.Black, Font: f, Rotation: math.Pi / 3, XAlign: text.XCenter, YAlign: text.YTop, Handler: set}
	var c recorder.Canvas
	set.Draw(&c, "two\nlines", style, vg.Point{X: 10, Y: 10})
	areas := 0
	for _, a := range c.Actions {
		if _, ok := a.(*recorder.Fill); ok {
			areas++
		}
	}
	if areas != 2 {
		t.Errorf("%d areas for two lines", areas)
	}
	for _, format := range draw.Formats {
		own, err := NewCanvas(format, width, height, set, draw.Options{})
		if err != nil {
			t.Fatal(err)
		}
		set.Draw(own, "two\nlines", style, vg.Point{X: 100, Y: 100})
		if _, err := own.WriteTo(io.Discard); err != nil {
			t.Error(err)
		}
	}
}

// TestBad: what cannot be drawn is an error, and no panic.
func TestBad(t *testing.T) {
	empty := plot.New()
	var b bytes.Buffer
	if err := Write(&b, empty, "png", width, height, draw.Options{}); err != nil {
		t.Errorf("an empty plot: %v", err)
	}
	logs := sample(t, 0)
	logs.Y.Scale, logs.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	endless := plot.New()
	endless.X.Min, endless.X.Max = 0, math.Inf(1)
	nan := plot.New()
	nan.Y.Min = math.NaN()
	for name, c := range map[string]struct {
		p      *plot.Plot
		format string
		w, h   vg.Length
		says   string
	}{
		"a logarithm of 0":  {logs, "svg", width, height, "Values must be greater than 0"},
		"no end":            {endless, "svg", width, height, "the x axis goes from 0 to +Inf"},
		"NaN":               {nan, "svg", width, height, "the y axis goes from NaN"},
		"no size":           {empty, "svg", 0, height, "both must be above 0"},
		"NaN wide":          {empty, "svg", vg.Length(math.NaN()), height, "both must be above 0"},
		"another format":    {empty, "gif", width, height, `no figure format "gif"`},
		"far too many dots": {empty, "png", 1e6, 1e6, "too large"},
	} {
		if err := Write(&b, c.p, c.format, c.w, c.h, draw.Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", name, err, c.says)
		}
	}
	for name, err := range map[string]error{
		"values": second(Heat(&figure.Heat{Rows: []string{"a"}, Columns: []string{"b"}})), "map": second(Heat(&figure.Heat{Rows: []string{"a"}, Columns: []string{"b"}, Values: []float64{1}, Map: "nosuch"})),
		"cells": second(Grid(&figure.Grid{Rows: []figure.Head{{}}})), "boxes": second(Boxes(&figure.Boxes{Rows: []string{"a"}, Columns: 2})), "cloud": second(NewCloud([]float64{1}, nil)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c, err := NewCanvas("svg", width, height, nil, draw.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Pop()
	c.Fill(vg.Path{{Type: vg.MoveComp, Pos: vg.Point{X: vg.Length(math.NaN())}}})
	if _, err := c.WriteTo(io.Discard); err == nil || !strings.Contains(err.Error(), "Pop without Push") {
		t.Errorf("wrong calls: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestPanel: a plot stands beside a grid of golens, in both themes and all formats.
func TestPanel(t *testing.T) {
	grid := &figure.Grid{Title: "a grid", Columns: []figure.Head{{Text: "The"}, {Text: "cat"}}, Rows: []figure.Head{{Text: "L0"}}, Cells: []figure.Cell{{Text: "a", Value: 0.5}, {Text: "b", Value: 1}}}
	p := sample(t, 20)
	for _, theme := range figure.Themes {
		for _, format := range figure.Formats {
			var b bytes.Buffer
			if err := figure.Write(&b, format, &figure.Figure{Title: "Both", Panels: []figure.Panel{grid, Panel(p, width, height)}}, figure.Options{Theme: theme}); err != nil {
				t.Fatal(err)
			}
			if dir := os.Getenv("GOLENS_EXAMPLES"); dir != "" {
				os.WriteFile(filepath.Join(dir, "panel-"+string(theme)+"."+format), b.Bytes(), 0o666)
			}
			if b.Len() < 3000 {
				t.Errorf("%s, %s: %d bytes", theme, format, b.Len())
			}
		}
	}
	if p.Title.Text == "" || p.BackgroundColor != color.White {
		t.Error("the plot itself was changed")
	}
	logs := sample(t, 0)
	logs.Y.Scale = plot.LogScale{}
	for name, panel := range map[string]figure.Panel{"Values must be greater than 0": Panel(logs, width, height), "both must be above 0": Panel(p, 0, height), "no function that draws it": &figure.Custom{Width: 1, Height: 1}} {
		if err := figure.Write(io.Discard, "svg", &figure.Figure{Panels: []figure.Panel{panel}}, figure.Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}
