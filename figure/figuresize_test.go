package figure

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/synthetic"
)

// scatter returns a cloud of n dots in as many colours, the hardest there is.
func scatter(n int, width, height float64) *Figure {
	rng := rand.New(rand.NewPCG(1, 2))
	d := &Dots{Alpha: 0.3, Size: 3, Cloud: true}
	for range n {
		d.X, d.Y = append(d.X, rng.Float64()), append(d.Y, rng.NormFloat64())
		d.Colours = append(d.Colours, RGB(uint32(rng.IntN(1<<24))))
	}
	return &Figure{Width: width, Height: height, Panels: []Panel{&Axes{Title: "cloud", Marks: []Mark{d}}}}
}

// No figure is over a megabyte in any format, however much it shows.
func TestFiguresStaySmall(t *testing.T) {
	heat := &Heat{Title: "large"}
	boxes := &Boxes{Columns: 300, Footer: "Target:", Alpha: 0.4}
	for i := range 60 {
		heat.Rows, boxes.Rows = append(heat.Rows, fmt.Sprint(i)), append(boxes.Rows, fmt.Sprint(i))
		for j := range 300 {
			v := math.Abs(math.Sin(float64(i*j + j)))
			heat.Values, heat.Texts = append(heat.Values, v), append(heat.Texts, fmt.Sprintf("%.4f", v))
			boxes.Cells = append(boxes.Cells, Cell{Text: fmt.Sprintf("%.4f", v), Value: v})
		}
	}
	heat.Columns = make([]string, 300)
	figures := map[string]Drawing{
		"13 rows of 128 tokens": made(13, 128, synthetic.PlainWords), "49 rows of 1024 tokens": made(49, 1024, synthetic.PlainWords),
		"50,000 dots": scatter(50_000, 8, 4), "heat": heat, "boxes": boxes,
	}
	if !testing.Short() {
		figures["49 rows of 128 tokens"] = made(49, 128, synthetic.PlainWords)
		figures["30,000 dots on a poster"] = scatter(15_000, 16, 9)
	}
	for name, d := range figures {
		for _, format := range Formats {
			if b := figure(t, format, d, Options{Numbers: true}); len(b) > 1_000_000 || len(b) < 5_000 {
				t.Errorf("%s as %s: %d bytes", name, format, len(b))
			}
		}
	}
}

// The texts of 128 tokens stay, and those of many thousands of cells are left out
// with a word about it.
func TestWhatLargeFiguresLeaveOut(t *testing.T) {
	for _, c := range []struct {
		g    *Grid
		bare bool
	}{{made(49, 128, synthetic.PlainWords), false}, {made(13, 1024, synthetic.PlainWords), true}} {
		cells := len(c.g.Cells)
		if bare := cells > readableCells; bare != c.bare {
			t.Errorf("%d cells: bare is %v", cells, bare)
		}
		uses := bytes.Count(figure(t, "svg", c.g, Options{}), []byte("<use href=\"#t"))
		if all := uses >= cells; all == c.bare {
			t.Errorf("%d texts of %d cells", uses, cells)
		}
	}
}

// A resolution that is asked for is kept, whatever it takes.
func TestAskedResolution(t *testing.T) {
	g := made(13, 128, synthetic.PlainWords)
	b := figure(t, "png", g, Options{DPI: 200, Numbers: true})
	config, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || len(b) <= maxBytes {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	l, err := newLayout(g.figure(), Options{Numbers: true, Theme: Light, BuiltinFonts: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	if w, _, _ := l.fit(); config.Width != int(math.Round(w*200/72)) {
		t.Errorf("%d dots wide at 200 per inch of %v points", config.Width, w)
	}
}

// SVG and PDF show what PNG shows, as other programs draw them.
func TestFormatsShowTheSame(t *testing.T) {
	boxes := &Boxes{Rows: []string{"Layer 1:", "Layer 2:"}, Columns: 2, Alpha: 0.4, Footer: "Target:", FooterTexts: []string{"·of", "→"},
		Cells: []Cell{{Text: "·way", Value: 0.1}, {Text: "naïve", Value: 0.9}, {Text: "Москва", Value: 1}, {Text: "e\u0301", Value: math.NaN()}}}
	heat := &Heat{Title: "heat", Rows: []string{"a", "b"}, Columns: []string{"a rather long name", "d", "e"}, Values: []float64{0, 1, 2, 3, math.NaN(), 5}, Bar: true, BarLabel: "label"}
	axes := scatter(2000, 5, 3)
	axes.Panels = append(axes.Panels, &Axes{Title: "line", Grid: true, Legend: true, X: Axis{Label: "x"}, Y: Axis{Label: "y", Inverted: true},
		Marks: []Mark{&Line{X: []float64{0, 1, 2}, Y: []float64{0, 3, 1}, Dashed: true, Marker: Diamond, Label: "dashes"}, &Dots{X: []float64{1}, Y: []float64{1}, Shape: Hexagon, Hollow: true, Size: 12}}})
	many := &Heat{Rows: make([]string, 80), Columns: make([]string, 80)}
	for i := range 80 * 80 {
		many.Values = append(many.Values, math.Sin(float64(i/80)/9)*math.Cos(float64(i%80)/9))
	}
	for name, d := range map[string]Drawing{"grid": made(13, 11, synthetic.PlainWords), "boxes": boxes, "heat": heat, "axes": axes, "many": many} {
		for _, theme := range Themes {
			o := Options{DPI: 100, Theme: theme}
			want := decode(t, figure(t, "png", d, o))
			for _, format := range []string{"svg", "pdf"} {
				got := rendered(t, format, figure(t, format, d, o))
				if got == nil {
					continue
				}
				if d := meanDifference(t, want, got); !(d <= 3) {
					t.Errorf("%s, %s: %s is %.2f levels from PNG in the mean", name, theme, format, d)
				}
			}
		}
	}
}

func decode(t *testing.T, b []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// rendered returns what another program makes of a figure at 100 dots per inch, or
// nil where it is not installed.
func rendered(t *testing.T, format string, b []byte) image.Image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	program := []string{"rsvg-convert", "-d", "100", "-p", "100", "-o", path + ".png", path}
	if format == "pdf" {
		program = []string{"pdftoppm", "-r", "100", "-png", "-singlefile", path, path}
	}
	if _, err := exec.LookPath(program[0]); err != nil {
		if os.Getenv("GOLENS_CI") != "" {
			t.Fatal(err)
		}
		t.Logf("%s was not looked at: there is no %s", format, program[0])
		return nil
	}
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program[0], program[1:]...).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "" {
		t.Fatalf("%s: %v, %s", program[0], err, out)
	}
	b, err = os.ReadFile(path + ".png")
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, b)
}

// meanDifference returns by how many levels of 255 two images differ in the mean
// when each is seen through squares of 4 dots, which evens out how edges are drawn.
func meanDifference(t *testing.T, a, b image.Image) float64 {
	t.Helper()
	w, h := min(a.Bounds().Dx(), b.Bounds().Dx()), min(a.Bounds().Dy(), b.Bounds().Dy())
	if d := a.Bounds().Size().Sub(b.Bounds().Size()); d.X < -1 || d.X > 1 || d.Y < -1 || d.Y > 1 {
		t.Errorf("%v and %v dots", a.Bounds().Size(), b.Bounds().Size())
		return 255
	}
	sum, n := 0.0, 0
	for y := 0; y+4 <= h; y += 4 {
		for x := 0; x+4 <= w; x += 4 {
			var d [3]float64
			for i := range 16 {
				p := color.NRGBAModel.Convert(a.At(x+i%4, y+i/4)).(color.NRGBA)
				q := color.NRGBAModel.Convert(b.At(x+i%4, y+i/4)).(color.NRGBA)
				d[0] += float64(p.R) - float64(q.R)
				d[1] += float64(p.G) - float64(q.G)
				d[2] += float64(p.B) - float64(q.B)
			}
			for _, v := range d {
				sum += math.Abs(v) / 16
				n++
			}
		}
	}
	return sum / float64(n)
}
