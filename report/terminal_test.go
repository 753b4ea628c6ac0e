package report

import (
	"bytes"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/golens/golens/lens"
)

func drawn(t *testing.T, term Terminal, r *lens.Result, o GridOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := term.Lens(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalGolden(t *testing.T) {
	for name, c := range map[string]struct {
		term Terminal
		r    *lens.Result
		o    GridOptions
	}{
		"plain.txt":       {Terminal{Width: 100}, plain(), GridOptions{}},
		"entropy.txt":     {Terminal{Width: 80}, plain(), GridOptions{By: ByEntropy, LastOnTop: true}},
		"true.txt":        {Terminal{Width: 100, Colour: TrueColour}, plain(), GridOptions{}},
		"xterm.txt":       {Terminal{Width: 100, Colour: Colour256, Numbers: true}, plain(), GridOptions{By: ByAgree}},
		"hard.txt":        {Terminal{Width: 120}, hard(), GridOptions{}},
		"hard-narrow.txt": {Terminal{Width: 20}, hard(), GridOptions{By: ByTargetRank}},
	} {
		golden(t, name, []byte(drawn(t, c.term, c.r, c.o)))
	}
}

// In every width, with and without colour, no line is wider than the terminal and
// nothing of the tokens acts on it.
func TestTerminalFits(t *testing.T) {
	for name, r := range map[string]*lens.Result{"plain": plain(), "hard": hard()} {
		for _, columns := range []int{1, 20, 31, 40, 57, 80, 133, 1000} {
			for _, colour := range []Colour{NoColour, Colour256, TrueColour} {
				term := Terminal{Width: columns, Colour: colour, Numbers: columns%2 == 0}
				out := drawn(t, term, r, GridOptions{})
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
	g := grid(t, hard(), GridOptions{})
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
	g := grid(t, hard(), GridOptions{})
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
	for _, s := range hardVocab {
		f.Add([]byte(s), 6)
	}
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		n = max(0, min(n, 200))
		s := fit(Visible(b), n)
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
	g := &Grid{Columns: make([]Head, 2), Rows: make([]Head, 2), Cells: make([]Cell, 3)}
	if err := (Terminal{}).Grid(&bytes.Buffer{}, g); err == nil || !strings.Contains(err.Error(), "has 3 cells") {
		t.Errorf("terminal: %v", err)
	}
	if err := WriteFigure(&bytes.Buffer{}, "png", g, FigureOptions{}); err == nil || !strings.Contains(err.Error(), "3 cells") {
		t.Errorf("figure: %v", err)
	}
}

func TestTokensTable(t *testing.T) {
	var b bytes.Buffer
	if err := (Terminal{Width: 72}).Table(&b, TokensTable(hard().Tokens)); err != nil {
		t.Fatal(err)
	}
	golden(t, "tokens.txt", b.Bytes())
	b.Reset()
	if err := (Terminal{Width: 20, Colour: TrueColour}).Table(&b, TokensTable(hard().Tokens)); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(stripStyle(b.String()), "\n") {
		if w := uniseg.StringWidth(line); w > 20 {
			t.Errorf("%d columns in %q", w, line)
		}
	}
	b.Reset()
	if err := (Terminal{}).Table(&b, TokensTable(nil)); err != nil || b.String() != "position  id  piece  bytes\n" {
		t.Errorf("no tokens give %q, %v", b.String(), err)
	}
	if err := (Terminal{}).Table(&b, &Table{Columns: make([]TableColumn, 2), Rows: [][]string{{"x"}}}); err == nil {
		t.Error("a row that is too short is no error")
	}
}

// The ink on every ground of every map can be read, in 24 bits and in 256 colours.
func TestInkContrast(t *testing.T) {
	contrast := func(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
	for _, name := range []string{"YlGnBu", "YlGnBu_r", "Reds", "Greys", "Blues", "RdYlBu_r", "Spectral"} {
		r, err := newRamp(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1001 {
			c := r.at(float64(i) / 1000)
			_, near := xterm(c)
			if k := contrast(luminance(c), luminance(ink(c))); !(k >= 3.5) {
				t.Errorf("%s at %d: contrast %.2f", name, i, k)
			}
			if k := contrast(luminance(near), luminance(ink(near))); !(k >= 3.5) {
				t.Errorf("%s at %d in 256 colours: contrast %.2f", name, i, k)
			}
		}
	}
}

func TestXterm(t *testing.T) {
	for _, c := range []struct {
		in   color.NRGBA
		want int
	}{{black, 16}, {white, 231}, {color.NRGBA{255, 0, 0, 255}, 196}, {color.NRGBA{128, 128, 128, 255}, 244}} {
		if got, near := xterm(c.in); got != c.want || near != c.in {
			t.Errorf("%v is %d %v, want %d", c.in, got, near, c.want)
		}
	}
}

// A cell whose value is unknown keeps its text on a ground that is on no map.
func TestUnknownValue(t *testing.T) {
	r := hard()
	g := grid(t, r, GridOptions{})
	i := slices.IndexFunc(g.Cells, func(c Cell) bool { return math.IsNaN(c.Value) })
	if i < 0 || g.Cells[i].Number != "--" || g.Cells[i].Text == "" {
		t.Fatalf("cell %d of NaN", i)
	}
	out := drawn(t, Terminal{Colour: TrueColour}, r, GridOptions{})
	if !strings.Contains(out, "48;2;217;217;217m "+g.Cells[i].Text[:5]) {
		t.Error("no grey cell")
	}
}
