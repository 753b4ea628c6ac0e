package figure

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/internal/visible"
)

func figure(t *testing.T, format string, d Drawing, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	o.BuiltinFonts = true
	if err := Write(&b, format, d, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFigureFormat(t *testing.T) {
	for path, want := range map[string]string{"a.png": "png", "b/c.SVG": "svg", "x.y.pdf": "pdf"} {
		if got, err := FormatOf(path); got != want || err != nil {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"a", "a.jpg", "png", ".png/x", "-"} {
		if _, err := FormatOf(path); err == nil || !strings.Contains(err.Error(), "must end in .png, .svg or .pdf") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestFigureErrors(t *testing.T) {
	g := made(13, 11, synthetic.PlainWords)
	for _, c := range []struct {
		format string
		g      *Grid
		o      Options
		want   string
	}{
		{"gif", g, Options{}, `no figure format "gif"; there are png, svg, pdf`},
		{"png", g, Options{ColourMap: "jet"}, `no colour map "jet"`},
		{"png", g, Options{DPI: -1}, "must not be negative"},
		{"png", g, Options{DPI: 10000}, "megapixels"},
		{"svg", g, Options{Width: math.Inf(1)}, "+Inf inches"},
		{"svg", g, Options{Height: -1}, "-1 inches"},
		{"svg", g, Options{MaxColumns: -1}, "must not be negative"},
		{"svg", g, Options{Theme: "blue"}, `no theme "blue"`},
		{"png", g, Options{Width: 1e9, Height: 1e9}, "megapixels"},
		{"svg", &Grid{}, Options{}, "no figure of 0 rows"},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.format, c.g, c.o); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%s %+v: %v and %d bytes", c.format, c.o, err, b.Len())
		}
	}
}

// A figure has the size that was asked for, and 150 dots to the inch by itself.
func TestFigureSize(t *testing.T) {
	g := made(13, 11, synthetic.PlainWords)
	dots := func(o Options) (int, int) {
		c, err := png.DecodeConfig(bytes.NewReader(figure(t, "png", g, o)))
		if err != nil {
			t.Fatal(err)
		}
		return c.Width, c.Height
	}
	w, h := dots(Options{})
	if w2, h2 := dots(Options{DPI: 75}); w < 2*w2-2 || w > 2*w2+2 || h < 2*h2-2 || h > 2*h2+2 {
		t.Errorf("%dx%d dots at 150 per inch, %dx%d at 75", w, h, w2, h2)
	}
	if w, h := dots(Options{Width: 4, Height: 3, DPI: 100}); w != 400 || h != 300 {
		t.Errorf("4x3 inches at 100 dots are %dx%d", w, h)
	}
	if w3, h3 := dots(Options{Width: 4, DPI: 100}); w3 != 400 || h3 < 400*h/w-2 || h3 > 400*h/w+2 {
		t.Errorf("4 inches wide are %dx%d, of %dx%d", w3, h3, w, h)
	}
}

// Figures may be drawn at the same time.
func TestFiguresInParallel(t *testing.T) {
	g := made(13, 11, synthetic.PlainWords)
	want := figure(t, "svg", g, Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var b bytes.Buffer
			if err := Write(&b, "svg", g, Options{BuiltinFonts: true}); err != nil || !bytes.Equal(b.Bytes(), want) {
				t.Errorf("another figure (%v)", err)
			}
		})
	}
	wg.Wait()
}

func TestEvenBands(t *testing.T) {
	for _, c := range []struct {
		n, most int
		want    []span
	}{
		{14, 20, []span{{0, 14}}},
		{20, 20, []span{{0, 20}}},
		{21, 20, []span{{0, 11}, {11, 21}}},
		{5, 2, []span{{0, 2}, {2, 4}, {4, 5}}},
		{1, 1, []span{{0, 1}}},
	} {
		got := evenBands(c.n, c.most)
		if len(got) != len(c.want) {
			t.Fatalf("%d by %d: %v", c.n, c.most, got)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%d by %d: %v", c.n, c.most, got)
			}
		}
	}
}

// made returns a grid of rows by columns whose texts are taken from words by turns.
func made(rows, columns int, words []string) *Grid {
	g := &Grid{Title: "made", Corner: "layer", Mark: "the next", Scale: Scale{Name: "probability", Number: "percent", Ticks: []Tick{{0, "0"}, {1, "1"}}}}
	next := Footer{Label: "next"}
	for i := range columns {
		g.Columns = append(g.Columns, Head{visible.Text([]byte(words[i%len(words)])), strconv.Itoa(i)})
		next.Cells = append(next.Cells, visible.Text([]byte(words[(i+1)%len(words)])))
	}
	rng := rand.New(rand.NewPCG(1, uint64(columns)))
	for r := range rows {
		g.Rows = append(g.Rows, Head{Text: "L" + strconv.Itoa(r)})
		for i := range columns {
			v := rng.Float64()
			if i == 3 && r == 1 {
				v = math.NaN()
			}
			text := visible.Text([]byte(words[rng.IntN(len(words))]))
			g.Cells = append(g.Cells, Cell{text, strconv.Itoa(int(99 * rng.Float64())), v, rng.IntN(5) == 0})
		}
	}
	g.Footers = []Footer{next}
	return g
}
