package figure

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"strings"
	"testing"

	"github.com/golens/golens/figure/draw"
	"github.com/golens/golens/internal/synthetic"
)

// A recorder is a canvas that checks that texts stay within the boxes that were
// drawn around their beginnings, and within the figure.
type recorder struct {
	t      *testing.T
	page   draw.Rect
	boxes  []draw.Rect
	inside int
}

var _ draw.Canvas = (*recorder)(nil)

func (r *recorder) Box(b draw.Rect, _ float64, _ color.NRGBA) { r.boxes = append(r.boxes, b) }
func (r *recorder) Fill(draw.Path, color.NRGBA)               {}
func (r *recorder) Line([]draw.Point, draw.Pen)               {}
func (r *recorder) Stamp(s draw.Stamps) {
	b := s.Shape.Bounds()
	for _, p := range s.At {
		r.boxes = append(r.boxes, draw.Rect{X: p.X + b.X, Y: p.Y + b.Y, W: b.W, H: b.H})
	}
}
func (r *recorder) Image(draw.Rect, image.Image)     {}
func (r *recorder) WriteTo(io.Writer) (int64, error) { return 0, nil }
func (r *recorder) Text(set *draw.Type, s string, p draw.Point, size, angle float64, _ color.NRGBA) {
	const hair = 1e-6
	text := draw.Rect{X: p.X, Y: p.Y - capHeight*size, W: set.Width(s, size), H: capHeight * size}
	if angle != 0 {
		text = draw.Rect{X: p.X - capHeight*size, Y: p.Y - set.Width(s, size), W: capHeight * size, H: set.Width(s, size)}
	}
	in := func(b draw.Rect) bool {
		return text.X >= b.X-hair && text.X+text.W <= b.X+b.W+hair && text.Y >= b.Y-hair && text.Y+text.H <= b.Y+b.H+hair
	}
	if !in(r.page) {
		r.t.Errorf("%q at %+v leaves the figure", s, text)
	}
	for _, b := range r.boxes {
		if b.H < 2 || b.W < 2 || !within(b, draw.Point{X: text.X + text.W/2, Y: text.Y + text.H/2}) {
			continue
		}
		r.inside++
		if !in(b) {
			r.t.Errorf("%q at %+v leaves its cell %+v", s, text, b)
		}
	}
}

// record draws d on a recorder, which has the page alone around all texts.
func record(t *testing.T, d Drawing, o Options) *recorder {
	t.Helper()
	o.Theme, o.BuiltinFonts = Light, true
	l, err := newLayout(d.figure(), o, false)
	if err != nil {
		t.Fatal(err)
	}
	width, height, scale := l.fit()
	r := &recorder{t: t, page: draw.Rect{W: width, H: height}}
	l.draw(&page{setting: l.setting, on: r, scale: scale, dx: (width - l.width*scale) / 2, dy: (height - l.height*scale) / 2})
	return r
}

func TestTextStaysInItsCell(t *testing.T) {
	for _, o := range []Options{{}, {Numbers: true}, {MaxColumns: 3}, {Width: 3, MaxColumns: 3}} {
		g := made(4, len(synthetic.HardWords), synthetic.HardWords)
		g.Title = strings.Repeat("a long title ", 40)
		if r := record(t, g, o); r.inside < len(g.Cells) {
			t.Errorf("%+v: %d texts in cells, want %d and more", o, r.inside, len(g.Cells))
		}
	}
	long := strings.Repeat("internationalization", 4)
	heat := &Heat{Title: long + " " + long, XLabel: long, YLabel: long, Rows: []string{long, "b", long}, Columns: []string{"a", long}, Values: []float64{1, 2, 3, 4, 5, 6},
		Texts: []string{long, "b", "", "人工", "e\u0301\u0301", "\x1b[0m"}, Bar: true, BarLabel: long}
	boxes := &Boxes{Title: long, Rows: []string{long, "b"}, Columns: 3, Cells: []Cell{{Text: long}, {Text: "b"}, {}, {Text: "人工人工人工"}, {Text: "\n"}, {Text: "."}}, Footer: long, FooterTexts: []string{long, "b"}}
	for _, d := range []Drawing{heat, boxes} {
		for _, o := range []Options{{}, {Width: 2}, {Width: 2, Height: 2}, {Width: 30, Height: 4}, {Height: 1}} {
			if r := record(t, d, o); r.inside < 5 {
				t.Errorf("%T %+v: %d texts in cells", d, o, r.inside)
			}
		}
	}
}

// Titles are wrapped, not cut: every word of them is drawn.
func TestTitlesAreWrapped(t *testing.T) {
	title := strings.Repeat("a long title of many words ", 12)
	for _, d := range []Drawing{
		&Axes{Title: title}, &Heat{Title: title, Rows: []string{""}, Columns: []string{""}, Values: []float64{1}},
		&Figure{Title: title, Width: 3, Panels: []Panel{&Axes{}, &Axes{Title: title}}},
	} {
		f := d.figure()
		l, err := newLayout(f, Options{Theme: Light, BuiltinFonts: true}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, lines := range append(l.titles, l.heading) {
			if len(lines) == 0 {
				continue
			}
			if got := strings.Join(lines, " "); got != title || len(lines) < 2 {
				t.Errorf("%T: the title is %q", d, lines)
			}
		}
		record(t, d, Options{})
	}
}

// The texts of neighbouring ticks leave each other room.
func TestTicksLeaveEachOtherRoom(t *testing.T) {
	var ticks []PlaceTick
	for i := range 60 {
		ticks = append(ticks, PlaceTick{float64(i), "·internationalization"})
	}
	s, err := newSetting(Options{Theme: Light, BuiltinFonts: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []Axis{{Ticks: ticks, Max: 59}, {Max: 60}, {Min: -1e9, Max: 1e9}, {Max: 1e-7}, {Min: 1e6, Max: 1e6 + 1}, {Min: 5, Max: 5}, {Inverted: true, Max: 3}} {
		for _, w := range []float64{60, 100, 200, 700} {
			p, err := (&Axes{X: a, Y: a}).part(s)
			if err != nil {
				t.Fatal(err)
			}
			axes := p.(*axesPart)
			f := axes.frame(w, w)
			if len(f.xTexts) == 0 || len(f.yTexts) == 0 {
				t.Errorf("%+v at %v: no ticks", a, w)
			}
			for i := 1; i < len(f.xTexts); i++ {
				gap := (f.x.at(f.xTexts[i].At) - f.x.at(f.xTexts[i-1].At)) * w
				if a.Inverted {
					gap = -gap
				}
				need := tickSize
				if !f.turned {
					need = (s.normal.Width(f.xTexts[i].Text, f.textSize) + s.normal.Width(f.xTexts[i-1].Text, f.textSize)) / 2
				}
				if !(gap >= need) {
					t.Errorf("%+v at %v: %q and %q are %v apart, not %v", a, w, f.xTexts[i-1].Text, f.xTexts[i].Text, gap, need)
				}
			}
		}
	}
}

func TestRoundPlaces(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		most      int
		want      string
	}{
		{0, 1, 6, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{0, 12, 9, "0 2 4 6 8 10 12"},
		{-23.3, -4.3, 8, "−22.5 −20.0 −17.5 −15.0 −12.5 −10.0 −7.5 −5.0"},
		{-0.2, 0.2, 5, "−0.2 −0.1 0.0 0.1 0.2"},
		{-10, 50266, 7, "0 10000 20000 30000 40000 50000"},
		{0, 3e8, 4, "0 1e+08 2e+08 3e+08"},
		{0, 2e-7, 3, "0 1e−07 2e−07"},
		{0.81, 0.99, 4, "0.85 0.90 0.95"},
	} {
		var got []string
		for _, p := range RoundTicks(c.low, c.high, c.most) {
			got = append(got, p.Text)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v to %v in %d: %q, want %q", c.low, c.high, c.most, strings.Join(got, " "), c.want)
		}
	}
}

// A heat map of many words is larger than was wished, but its words can be read;
// under a size of the options it is as large as that.
func TestWordsMakeFiguresGrow(t *testing.T) {
	h := &Heat{Rows: make([]string, 13), Columns: make([]string, 128)}
	for i := range 13 * 128 {
		h.Values, h.Texts = append(h.Values, float64(i)), append(h.Texts, "·internationalization")
	}
	f := &Figure{Width: 20, Height: 10, Panels: []Panel{h}}
	l, err := newLayout(f, Options{Theme: Light, BuiltinFonts: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	width, _, scale := l.fit()
	if each := l.inner[0].W / 128; !(each >= 28) || scale != 1 || !(width >= 20*72) || !(width <= 60*72) {
		t.Errorf("%v points for each word in %v, scaled by %v", each, width, scale)
	}
	record(t, f, Options{})
	if l, err = newLayout(f, Options{Width: 10, Theme: Light, BuiltinFonts: true}, false); err != nil {
		t.Fatal(err)
	}
	if width, height, scale := l.fit(); width != 720 || !(scale < 1) || !(height <= 720) {
		t.Errorf("%v by %v, scaled by %v", width, height, scale)
	}
}

// A legend of many lines stands beside the plot, one of few within it.
func TestLegendBeside(t *testing.T) {
	for _, n := range []int{1, 3, 14, 60} {
		a := &Axes{Legend: true}
		for i := range n {
			a.Marks = append(a.Marks, &Line{X: []float64{0, 1}, Y: []float64{float64(i), 3}, Label: fmt.Sprintf("line %d", i)})
		}
		f := &Figure{Width: 5, Height: 3, Panels: []Panel{a}}
		l, err := newLayout(f, Options{Theme: Light, BuiltinFonts: true}, false)
		if err != nil {
			t.Fatal(err)
		}
		room := l.width - margin - l.inner[0].X - l.inner[0].W
		if beside := room > 40; beside != (n > 8) {
			t.Errorf("%d lines: %v points at the right of the plot", n, room)
		}
		record(t, f, Options{})
	}
}
