package figure_test

import (
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/golden"
)

// figures is where the examples draw; TestExampleFigures compares what they drew.
var figures string

// drawn is what the examples draw, each as a PNG in the light and the dark theme.
func drawn(name string, d figure.Drawing) {
	for _, theme := range figure.Themes {
		f, err := os.Create(filepath.Join(figures, name+"-"+string(theme)+".png"))
		if err != nil {
			log.Fatal(err)
		}
		// Without the fonts of the system, every machine draws the same.
		if err := figure.Write(f, "png", d, figure.Options{DPI: 60, Theme: theme, BuiltinFonts: true}); err != nil {
			log.Fatal(err)
		}
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

var words = strings.Fields("·the ·way ·you ·do ·anything ·is , ↵ ·everything . ·of ·a")

// Dots in their thousands are a cloud, which vector formats hold as an image.
func ExampleDots() {
	rng := rand.New(rand.NewPCG(1, 2))
	cloud := &figure.Dots{Alpha: 0.3, Size: 3, Cloud: true, Label: "all tokens"}
	best := 0
	for i := range 5000 {
		cloud.X = append(cloud.X, float64(i))
		cloud.Y = append(cloud.Y, -14+2*rng.NormFloat64())
		if cloud.Y[i] > cloud.Y[best] {
			best = i
		}
	}
	drawn("cloud", &figure.Figure{Width: 8, Height: 4, Panels: []figure.Panel{&figure.Axes{
		Title: `Log-softmax logits for the token following “·do”`,
		X:     figure.Axis{Label: "Token index", Min: -10, Max: 5009},
		Y:     figure.Axis{Label: "Log-softmax prob"},
		Marks: []figure.Mark{
			cloud,
			&figure.Dots{X: cloud.X[best : best+1], Y: cloud.Y[best : best+1], Colour: figure.RGB(0xd62728), Size: 10, Hollow: true, Label: "likeliest"},
		},
		Legend: true,
	}}})
}

// Two lines over layers, one of them with small values above.
func ExampleLine() {
	var layers, prob, rank []float64
	for i := range 13 {
		layers = append(layers, float64(i))
		prob = append(prob, 0.3*math.Exp(float64(i)-12))
		rank = append(rank, 1+math.Round(20000*math.Exp(-0.8*float64(i))))
	}
	drawn("lines", &figure.Figure{Width: 9, Height: 3.2, Panels: []figure.Panel{
		&figure.Axes{
			Title: "Layer-wise probability", Grid: true,
			X: figure.Axis{Label: "Layer"}, Y: figure.Axis{Label: "P(football)"},
			Marks: []figure.Mark{&figure.Line{X: layers, Y: prob, Marker: figure.Circle}},
		},
		&figure.Axes{
			Title: "Gold token rank by layer", Grid: true,
			X: figure.Axis{Label: "Layer"}, Y: figure.Axis{Label: "rank(football) ↓ better", Inverted: true},
			Marks: []figure.Mark{&figure.Line{X: layers, Y: rank, Marker: figure.Circle}},
		},
	}})
}

// A hexagon a block, and the value without intervention as a dashed line.
func ExampleAxes() {
	x := figure.Axis{Label: "Transformer block", Min: -0.5, Max: 11.5}
	points := &figure.Dots{Shape: figure.Hexagon, Size: 9, Colour: figure.RGB(0x1f77b4), Label: "scaled by 0.8"}
	for i := range 12 {
		x.Ticks = append(x.Ticks, figure.PlaceTick{At: float64(i), Text: fmt.Sprint("L", i)})
		points.X = append(points.X, float64(i))
		points.Y = append(points.Y, -2.5-0.8*math.Sin(float64(i)/2))
	}
	drawn("hexagons", &figure.Figure{Width: 9, Height: 3, Panels: []figure.Panel{&figure.Axes{
		Title: "Impact of global hidden-state scaling on log-softmax",
		X:     x, Y: figure.Axis{Label: "Log softmax"}, Legend: true,
		Marks: []figure.Mark{
			&figure.Line{X: []float64{-0.5, 11.5}, Y: []float64{-2.5, -2.5}, Dashed: true, Colour: figure.RGB(0xd62728), Label: "Clean: −2.50"},
			points,
		},
	}}})
}

// Predicted tokens in boxes, filled by their probability.
func ExampleBoxes() {
	b := &figure.Boxes{Columns: 6, Alpha: 0.4, Footer: "Target:", FooterTexts: words[1:6]}
	for i := range 5 {
		b.Rows = append(b.Rows, fmt.Sprintf("Layer %d:", i+1))
		for j := range b.Columns {
			b.Cells = append(b.Cells, figure.Cell{Text: words[(5*i+j*j)%len(words)], Value: float64(i*j) / 20})
		}
	}
	drawn("boxes", &figure.Figure{Width: 6, Height: 2.4, Panels: []figure.Panel{b}})
}

// Numbers in the cells, and a colour bar.
func ExampleHeat() {
	h := &figure.Heat{
		Title: "Logit Lens: Token Probabilities Across Layers", XLabel: "Hidden States (Token Indexes)", YLabel: "Layers",
		Map: "YlGnBu", Bar: true,
	}
	for i := range 7 {
		h.Rows = append(h.Rows, fmt.Sprint("Layer ", i+1))
		for j := range 9 {
			v := math.Abs(math.Sin(float64(i*9 + j)))
			h.Values = append(h.Values, v)
			h.Texts = append(h.Texts, fmt.Sprintf("%.2f", v))
		}
	}
	for j := range 9 {
		h.Columns = append(h.Columns, fmt.Sprint("Token ", j+1))
	}
	drawn("numbers", &figure.Figure{Width: 8, Height: 4, Panels: []figure.Panel{h}})
}

// Words in the cells: a diverging map over a given range, blank cells, and beside
// it a flat ground with the first row below.
func ExampleHeat_words() {
	h := &figure.Heat{Title: "Logit Lens Visualization", YLabel: "Layers", Map: "RdYlBu_r", Max: 1, Bar: true, BarLabel: "Probability"}
	for i := range 6 {
		h.Rows = append(h.Rows, fmt.Sprint(i))
		for j := range 5 {
			h.Values = append(h.Values, float64(i*j)/20)
			h.Texts = append(h.Texts, words[(i+j)%len(words)])
		}
	}
	h.Columns = words[:5]
	h.Values[7], h.Texts[7] = math.NaN(), ""
	flat := *h
	flat.Title, flat.Map, flat.Flat, flat.FirstBelow, flat.Bar = "Tokens alone", "Greys", 0.25, true, false
	drawn("words", &figure.Figure{Title: "Two ways to show words", Width: 10, Height: 3, Panels: []figure.Panel{h, &flat}})
}

// Square matrices side by side with one colour bar; long labels stand upright.
func ExampleFigure() {
	f := &figure.Figure{Width: 11, Height: 3}
	for n := range 4 {
		h := &figure.Heat{
			Title: fmt.Sprint("CS matrix for layer ", 4*n), Rows: words[:9], Columns: words[:9],
			Map: "plasma", Min: 0.5, Max: 1, Square: true, FirstBelow: true, Bar: n == 3,
		}
		for i := range 9 {
			for j := range 9 {
				h.Values = append(h.Values, 1-0.07*math.Abs(float64(i-j))/float64(n+1))
			}
		}
		f.Panels = append(f.Panels, h)
	}
	drawn("matrices", f)
}

func TestExampleFigures(t *testing.T) {
	figures = t.TempDir()
	for _, draw := range []func(){ExampleDots, ExampleLine, ExampleAxes, ExampleBoxes, ExampleHeat, ExampleHeat_words, ExampleFigure} {
		draw()
	}
	files, err := filepath.Glob(filepath.Join(figures, "*.png"))
	if err != nil || len(files) != 14 {
		t.Fatalf("%d figures, %v", len(files), err)
	}
	for _, path := range files {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden.Image(t, filepath.Join("figures", filepath.Base(path)), got)
	}
}
