package report

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func figure(t *testing.T, format string, d Drawing, o FigureOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	o.BuiltinFonts = true
	if err := WriteFigure(&b, format, d, o); err != nil {
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
		failed := filepath.Join(t.ArtifactDir(), filepath.Base(name))
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
		{"svg", g, FigureOptions{Width: math.Inf(1)}, "+Inf inches"},
		{"svg", g, FigureOptions{Height: -1}, "-1 inches"},
		{"svg", g, FigureOptions{MaxColumns: -1}, "must not be negative"},
		{"svg", g, FigureOptions{Theme: "blue"}, `no theme "blue"`},
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

// Figures may be drawn at the same time.
func TestFiguresInParallel(t *testing.T) {
	g := grid(t, plain(), GridOptions{})
	want := figure(t, "svg", g, FigureOptions{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var b bytes.Buffer
			if err := WriteFigure(&b, "svg", g, FigureOptions{BuiltinFonts: true}); err != nil || !bytes.Equal(b.Bytes(), want) {
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
