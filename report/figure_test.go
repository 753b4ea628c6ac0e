package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/plot/vg"
)

func figure(t *testing.T, format string, g *Grid, o FigureOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteFigure(&b, format, g, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// goldenImage compares a PNG with testdata/name, but for a few levels of each
// colour that another processor may round otherwise.
func goldenImage(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./report -update", err)
	}
	if far := farthest(t, got, want); far > 8 {
		failed := filepath.Join(t.ArtifactDir(), name)
		if err := os.WriteFile(failed, got, 0o666); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s changed by up to %d of 255; look at %s (kept with -artifacts) and run go test ./report -update", path, far, failed)
	}
}

// farthest returns the largest difference of two PNGs in any colour of any dot, of
// 255, and 255 where their sizes differ.
func farthest(t *testing.T, a, b []byte) int {
	t.Helper()
	var images [2]image.Image
	for i, data := range [][]byte{a, b} {
		var err error
		if images[i], err = png.Decode(bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
	}
	if images[0].Bounds() != images[1].Bounds() {
		return 255
	}
	far := 0
	for y := range images[0].Bounds().Dy() {
		for x := range images[0].Bounds().Dx() {
			p := color.NRGBAModel.Convert(images[0].At(x, y)).(color.NRGBA)
			q := color.NRGBAModel.Convert(images[1].At(x, y)).(color.NRGBA)
			for _, d := range []int{int(p.R) - int(q.R), int(p.G) - int(q.G), int(p.B) - int(q.B), int(p.A) - int(q.A)} {
				far = max(far, d, -d)
			}
		}
	}
	return far
}

func TestFigureGolden(t *testing.T) {
	goldenImage(t, "plain.png", figure(t, "png", grid(t, plain(), GridOptions{}), FigureOptions{DPI: 72}))
	goldenImage(t, "hard.png", figure(t, "png", grid(t, hard(), GridOptions{By: ByEntropy, LastOnTop: true}), FigureOptions{DPI: 72, MaxColumns: 11, Numbers: true}))
	targets, err := TargetGrid(plain(), GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	goldenImage(t, "targets.png", figure(t, "png", targets, FigureOptions{DPI: 72, ColourMap: "Reds"}))
	small := synthetic{prompt: []string{"Hi", " </script>&"}, rows: 2, k: 1, vocab: []string{" the", " is"}}.make()
	golden(t, "small.svg", figure(t, "svg", grid(t, small, GridOptions{}), FigureOptions{}))
}

func TestFigureFormat(t *testing.T) {
	for path, want := range map[string]string{"a.png": "png", "b/c.SVG": "svg", "x.y.pdf": "pdf"} {
		if got, err := FigureFormat(path); got != want || err != nil {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"a", "a.jpg", "png", ".png/x", "-"} {
		if _, err := FigureFormat(path); err == nil || !strings.Contains(err.Error(), "must end in .png, .svg or .pdf") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestFigureErrors(t *testing.T) {
	g := grid(t, plain(), GridOptions{})
	for _, c := range []struct {
		format string
		g      *Grid
		o      FigureOptions
		want   string
	}{
		{"gif", g, FigureOptions{}, `no figure format "gif"; there are png, svg, pdf`},
		{"png", g, FigureOptions{ColourMap: "jet"}, `no colour map "jet"`},
		{"png", g, FigureOptions{DPI: -1}, "must not be negative"},
		{"png", g, FigureOptions{DPI: 10000}, "megapixels"},
		{"png", g, FigureOptions{Width: 1e9, Height: 1e9}, "megapixels"},
		{"svg", &Grid{}, FigureOptions{}, "no figure of 0 rows"},
	} {
		var b bytes.Buffer
		if err := WriteFigure(&b, c.format, c.g, c.o); err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%s %+v: %v and %d bytes", c.format, c.o, err, b.Len())
		}
	}
}

// A figure has the size that was asked for, and 150 dots to the inch by itself.
func TestFigureSize(t *testing.T) {
	g := grid(t, plain(), GridOptions{})
	dots := func(o FigureOptions) (int, int) {
		c, err := png.DecodeConfig(bytes.NewReader(figure(t, "png", g, o)))
		if err != nil {
			t.Fatal(err)
		}
		return c.Width, c.Height
	}
	w, h := dots(FigureOptions{})
	if w2, h2 := dots(FigureOptions{DPI: 75}); w < 2*w2-2 || w > 2*w2+2 || h < 2*h2-2 || h > 2*h2+2 {
		t.Errorf("%dx%d dots at 150 per inch, %dx%d at 75", w, h, w2, h2)
	}
	if w, h := dots(FigureOptions{Width: 4, Height: 3, DPI: 100}); w != 400 || h != 300 {
		t.Errorf("4x3 inches at 100 dots are %dx%d", w, h)
	}
	if w3, h3 := dots(FigureOptions{Width: 4, DPI: 100}); w3 != 400 || h3 < 400*h/w-2 || h3 > 400*h/w+2 {
		t.Errorf("4 inches wide are %dx%d, of %dx%d", w3, h3, w, h)
	}
}

// SVG is well formed, refers only to glyphs that it has, and holds no token as markup.
func TestSVG(t *testing.T) {
	b := figure(t, "svg", grid(t, hard(), GridOptions{}), FigureOptions{Numbers: true})
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && !strings.Contains(" svg title defs path g use rect ", " "+e.Name.Local+" ") {
			t.Errorf("element %s", e.Name.Local)
		}
	}
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`id="(g\d+)"`).FindAllSubmatch(b, -1) {
		defined[string(m[1])] = true
	}
	uses := regexp.MustCompile(`href="#(g\d+)"`).FindAllSubmatch(b, -1)
	for _, m := range uses {
		if !defined[string(m[1])] {
			t.Errorf("%s is not defined", m[1])
		}
	}
	if len(uses) < 1000 || len(defined) < 50 {
		t.Errorf("%d uses of %d glyphs", len(uses), len(defined))
	}
	if bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
		t.Error("a coordinate is no number")
	}
}

func TestPDF(t *testing.T) {
	b := figure(t, "pdf", grid(t, hard(), GridOptions{}), FigureOptions{})
	if !bytes.HasPrefix(b, []byte("%PDF-")) || !bytes.Contains(b[len(b)-10:], []byte("%%EOF")) {
		t.Errorf("not a PDF: %q .. %q", b[:8], b[len(b)-10:])
	}
}

// A recorder is a surface that checks that texts stay within the box drawn last,
// or within the figure where none surrounds them.
type recorder struct {
	t      *testing.T
	page   vg.Rectangle
	box    vg.Rectangle
	inside int
}

func (r *recorder) fill(b vg.Rectangle, _ vg.Length, _ color.NRGBA)       { r.box = b }
func (r *recorder) frame(vg.Rectangle, vg.Length, vg.Length, color.NRGBA) {}
func (r *recorder) text(set *typesetter, s string, p vg.Point, size vg.Length, _ color.NRGBA) {
	end := p.X + set.width(s, size)
	within := func(b vg.Rectangle) bool {
		return p.X >= b.Min.X-1e-6 && end <= b.Max.X+1e-6 && p.Y >= b.Min.Y && p.Y+capHeight*size <= b.Max.Y
	}
	if !within(r.page) {
		r.t.Errorf("%q from %v to %v leaves the figure", s, p.X, end)
	}
	if p.Y > r.box.Min.Y && p.Y < r.box.Max.Y && p.X < r.box.Max.X && end > r.box.Min.X && r.box.Size().Y > 10 {
		r.inside++
		if !within(r.box) {
			r.t.Errorf("%q from %v to %v leaves its cell from %v to %v", s, p.X, end, r.box.Min.X, r.box.Max.X)
		}
	}
}

func TestTextStaysInItsCell(t *testing.T) {
	for _, o := range []FigureOptions{{}, {Numbers: true}, {MaxColumns: 3}, {Width: 3}} {
		g := grid(t, hard(), GridOptions{By: ByEntropy})
		g.Title = strings.Repeat("a long title ", 40)
		o.ColourMap, o.MaxColumns = "Blues", max(o.MaxColumns, 3)
		h, err := newHeatmap(g, o)
		if err != nil {
			t.Fatal(err)
		}
		width, height, scale := h.size(o)
		r := &recorder{t: t, page: vg.Rectangle{Max: vg.Point{X: width, Y: height}}}
		h.draw(&page{on: r, width: width, height: height, scale: scale})
		want := len(g.Cells)
		if r.inside < want {
			t.Errorf("%+v: %d texts in cells, want %d and more", o, r.inside, want)
		}
	}
}

// The font has the scripts that it was chosen for.
func TestFontCoverage(t *testing.T) {
	for _, parsed := range []string{"regular", "bold"} {
		set, err := newTypesetter(regularFont)
		if parsed == "bold" {
			set, err = newTypesetter(boldFont)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{
			"The quick brown fox ÀÉÎõüßøåæœçñğşžłđħ ĄĘŚŹ ǍǑ ẞ ạếữ", "Ελληνικά άέήίόύώ ϊϋΐΰ ΑΩ", "Русский Ёё Їїєґ Ўў Ђђ Ққ Үү",
			"·↵⇥∅◌…", "←↑→↓↔⇒⇔", "≤≥≠≈∞∑∫√±×÷", "“”‘’«»–—•†‡€£¥©®™°", "│─┼█░▒▓", "שלום", "مرحبا", "ქართული", "Հայերեն",
		} {
			if got := set.covered(s); got != s {
				t.Errorf("%s: %q is shown as %q", parsed, s, got)
			}
		}
		if got := set.covered("人\U0001f680a"); got != `\u4eba\U0001f680a` {
			t.Errorf("%s: what it lacks is shown as %q", parsed, got)
		}
		for _, s := range hardVocab {
			for _, g := range set.line(Visible([]byte(s))).glyphs {
				if g.id == 0 {
					t.Errorf("%s: %q has an empty box", parsed, s)
				}
			}
		}
	}
}

func TestTypesetting(t *testing.T) {
	set, err := newTypesetter(regularFont)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := set.width("é", 10), set.width("e\u0301", 10); a != b {
		t.Errorf("é is %v wide in one piece and %v in two", a, b)
	}
	alone, joined := set.width("م", 10)+set.width("ر", 10)+set.width("ح", 10), set.width("مرح", 10)
	if joined >= alone {
		t.Errorf("Arabic letters do not join: %v and %v", joined, alone)
	}
	// The first letter of a word from right to left stands at its right end.
	word, first := set.line("שלום").glyphs, set.line("ש").glyphs
	if word[len(word)-1].id != first[0].id {
		t.Error("Hebrew runs from left to right")
	}
	if s, size := set.fit("short", 100, 9, 6); s != "short" || size != 9 {
		t.Errorf("a text with room is %q at %v", s, size)
	}
	for _, s := range []string{"internationalization", "人工人工人工人工", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"} {
		for room := vg.Length(10); room < 120; room += 7 {
			cut, size := set.fit(s, room, 9, 6)
			if w := set.width(cut, size); w > room+1e-9 || size < 6 || size > 9 {
				t.Errorf("%q in %v is %q at %v, %v wide", s, room, cut, size, w)
			}
			if strings.HasPrefix(strings.TrimSuffix(cut, "…"), "\u0301") || strings.HasSuffix(cut, "e…") && strings.Contains(s, "\u0301") {
				t.Errorf("%q was cut between a letter and its mark: %q", s, cut)
			}
		}
	}
}

// Any text can be set, and fits the room that it is given.
func FuzzTypeset(f *testing.F) {
	for _, s := range hardVocab {
		f.Add([]byte(s), uint16(300))
	}
	f.Fuzz(func(t *testing.T, b []byte, tenths uint16) {
		set, err := newTypesetter(regularFont)
		if err != nil {
			t.Fatal(err)
		}
		room := vg.Length(tenths) / 10
		s, size := set.fit(Visible(b), room, 9, 6)
		if w := set.width(s, size); w > room+1e-9 {
			t.Errorf("%q in %v is %q, %v wide", b, room, s, w)
		}
		for _, g := range set.line(s).glyphs {
			if g.id == 0 {
				t.Errorf("%q has an empty box", s)
			}
		}
		set.path(s, vg.Point{}, size)
	})
}

// Figures may be drawn at the same time.
func TestFiguresInParallel(t *testing.T) {
	g := grid(t, plain(), GridOptions{})
	want := figure(t, "svg", g, FigureOptions{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var b bytes.Buffer
			if err := WriteFigure(&b, "svg", g, FigureOptions{}); err != nil || !bytes.Equal(b.Bytes(), want) {
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
