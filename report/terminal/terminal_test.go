package terminal

import (
	"bytes"
	"image/color"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/internal/visible"
)

// made returns a grid of texts that are hard to show: four rows, a column for each.
func made() *figure.Grid {
	g := &figure.Grid{Title: "made \u4eba", Corner: "layer", Mark: "the next", Scale: figure.Scale{Name: "probability", Number: "percent", Ticks: []figure.Tick{{At: 0, Text: "0"}, {At: 1, Text: "1"}}}}
	next := figure.Footer{Label: "next"}
	for i, w := range synthetic.HardWords {
		g.Columns = append(g.Columns, figure.Head{Text: visible.Text([]byte(w)), Note: strconv.Itoa(i)})
		next.Cells = append(next.Cells, visible.Text([]byte(synthetic.HardWords[len(synthetic.HardWords)-1-i])))
	}
	for r := range 4 {
		g.Rows = append(g.Rows, figure.Head{Text: "L" + strconv.Itoa(r)})
		for i := range g.Columns {
			w := synthetic.HardWords[(i*7+r*5)%len(synthetic.HardWords)]
			v := math.Abs(math.Sin(float64(i + r)))
			if i == 3 && r == 1 {
				v = math.NaN()
			}
			g.Cells = append(g.Cells, figure.Cell{Text: visible.Text([]byte(w)), Number: strconv.Itoa(i), Value: v, Marked: i%3 == r})
		}
	}
	g.Footers = []figure.Footer{next}
	return g
}

// In every width, with and without colour, no line is wider than the terminal and
// nothing of the tokens acts on it.
func TestTerminalFits(t *testing.T) {
	for name, g := range map[string]*figure.Grid{"made": made()} {
		for _, columns := range []int{1, 20, 31, 40, 57, 80, 133, 1000} {
			for _, colour := range []Colour{NoColour, Colour256, TrueColour} {
				term := Terminal{Width: columns, Colour: colour, Numbers: columns%2 == 0}
				var b bytes.Buffer
				if err := term.Grid(&b, g); err != nil {
					t.Fatal(err)
				}
				out := b.String()
				plainText := stripStyle(out)
				if colour == NoColour && strings.ContainsRune(out, '\x1b') {
					t.Fatalf("%s: escape sequences without colour", name)
				}
				for _, line := range strings.Split(plainText, "\n") {
					if w := uniseg.StringWidth(line); w > max(columns, leastWidth) {
						t.Fatalf("%s at %d: %d columns in %q", name, columns, w, line)
					}
					for _, r := range line {
						if !unicode.IsPrint(r) && r != '\u200e' {
							t.Fatalf("%s: %U in %q", name, r, line)
						}
					}
				}
			}
		}
	}
}

// Cells of one column have one width whatever they hold, so that rows stay in line.
func TestCellsAreAligned(t *testing.T) {
	g := made()
	for _, term := range []Terminal{{Width: 70}, {Width: 70, MaxCell: 3}, {Width: 70, Colour: TrueColour}, {Width: 70, Colour: Colour256, Numbers: true}} {
		d, err := newGridDrawing(term, g)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range g.Columns {
			want := d.text[i] + d.around()
			texts := []string{d.plain(h.Text, i), d.plain(h.Note, i), d.plain(g.Footers[0].Cells[i], i)}
			for r := range g.Rows {
				texts = append(texts, stripStyle(d.cell(g.At(r, i), i)))
			}
			for _, s := range texts {
				if w := uniseg.StringWidth(s); w != want {
					t.Errorf("column %d: %q is %d wide, want %d", i, s, w, want)
				}
			}
		}
	}
}

func TestBandsHoldEveryColumnOnce(t *testing.T) {
	g := made()
	for columns := leastWidth; columns < 300; columns += 7 {
		d, err := newGridDrawing(Terminal{Width: columns}, g)
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, b := range d.bands() {
			if b.from != next || b.to <= b.from {
				t.Fatalf("width %d: bands %v", columns, d.bands())
			}
			next = b.to
		}
		if next != len(g.Columns) {
			t.Fatalf("width %d: %d columns of %d", columns, next, len(g.Columns))
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 5, "abc  "},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"人工人", 6, "人工人"},
		{"人工人", 5, "人工…"},
		{"人工人", 4, "人… "}, // a wide character does not fit into one column
		{"人工人", 1, "…"},
		{"人", 0, ""},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"😀😀", 3, "😀…"},
		{"שלום", 5, "\u200eשלום\u200e "},
		{"", 2, "  "},
	} {
		if got := fit(c.in, c.n); got != c.want {
			t.Errorf("fit(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
	if got := fitRight("12", 4); got != "  12" {
		t.Errorf("fitRight is %q", got)
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range synthetic.HardWords {
		f.Add([]byte(s), 6)
	}
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		n = max(0, min(n, 200))
		s := fit(visible.Text(b), n)
		if w := uniseg.StringWidth(s); w != n {
			t.Errorf("%q fitted to %d is %q, %d wide", b, n, s, w)
		}
		for _, r := range s {
			if !unicode.IsPrint(r) && r != '\u200e' {
				t.Errorf("%q gives %U", b, r)
			}
		}
	})
}

func TestGridThatDoesNotFit(t *testing.T) {
	g := &figure.Grid{Columns: make([]figure.Head, 2), Rows: make([]figure.Head, 2), Cells: make([]figure.Cell, 3)}
	if err := (Terminal{}).Grid(&bytes.Buffer{}, g); err == nil || !strings.Contains(err.Error(), "has 3 cells") {
		t.Errorf("terminal: %v", err)
	}
	if err := figure.Write(&bytes.Buffer{}, "png", g, figure.Options{}); err == nil || !strings.Contains(err.Error(), "3 cells") {
		t.Errorf("figure: %v", err)
	}
}

// The ink on every ground of every map can be read, in 24 bits and in 256 colours.
func TestInkContrast(t *testing.T) {
	contrast := func(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
	for _, name := range []string{"YlGnBu", "YlGnBu_r", "Reds", "Greys", "Blues", "RdYlBu_r", "Spectral"} {
		r, err := colormap.New(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1001 {
			c := r.At(float64(i) / 1000)
			_, near := colormap.XTerm(c)
			if k := contrast(colormap.Luminance(c), colormap.Luminance(colormap.Ink(c))); !(k >= 3.5) {
				t.Errorf("%s at %d: contrast %.2f", name, i, k)
			}
			if k := contrast(colormap.Luminance(near), colormap.Luminance(colormap.Ink(near))); !(k >= 3.5) {
				t.Errorf("%s at %d in 256 colours: contrast %.2f", name, i, k)
			}
		}
	}
}

func TestXterm(t *testing.T) {
	for _, c := range []struct {
		in   color.NRGBA
		want int
	}{{colormap.Black, 16}, {colormap.White, 231}, {color.NRGBA{255, 0, 0, 255}, 196}, {color.NRGBA{128, 128, 128, 255}, 244}} {
		if got, near := colormap.XTerm(c.in); got != c.want || near != c.in {
			t.Errorf("%v is %d %v, want %d", c.in, got, near, c.want)
		}
	}
}
