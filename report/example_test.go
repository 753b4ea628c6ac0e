package report_test

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/terminal"
)

// result is what the lens of a very small model says of "Are cats".
func result() *lens.Result {
	piece := func(id int64, text string) lens.Token { return lens.Token{ID: id, Bytes: []byte(text)} }
	return &lens.Result{
		Prompt:    "Are cats",
		Tokens:    []lens.Token{piece(0, "Are"), piece(1, " cats")},
		Rows:      []lens.Row{{Index: 0, Point: "drop", Label: "emb"}, {Index: 1, Point: "ln_f", Label: "L0"}},
		Positions: []int{0, 1},
		K:         1,
		TopIDs:    []int64{2, 1, 1, 3},
		TopLogits: []float32{1.5, 2, 3.25, 5},
		TopProbs:  []float32{0.1, 0.25, 0.5, 0.875},
		Entropy:   []float32{2.5, 2, 1.5, 0.5},
		Pieces:    map[int64]lens.Token{1: piece(1, " cats"), 2: piece(2, " the"), 3: piece(3, " good")},
		Manifest:  lens.Manifest{Model: "tiny", Lens: lens.Notebook.Name()},
	}
}

func ExampleWriteLens() {
	t := terminal.Terminal{Width: 60}
	if err := report.WriteLens(os.Stdout, t, result(), report.GridOptions{}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// notebook lens of tiny: likeliest next tokens
	//       0          1
	// layer Are        ·cats
	// emb   ·the  10   ·cats 25
	// L0    ·cats 50*  ·good 88
	// next  ·cats
	// numbers: probability in percent; * the text's own next token
}

// A figure is written whole or not at all, in the format that its name asks for.
func ExampleLensGrid() {
	dir, err := os.MkdirTemp("", "figure")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "lens.svg")

	grid, err := report.LensGrid(result(), report.GridOptions{By: report.ByEntropy})
	if err != nil {
		log.Fatal(err)
	}
	format, err := figure.FormatOf(path)
	if err != nil {
		log.Fatal(err)
	}
	var svg bytes.Buffer
	if err := figure.Write(&svg, format, grid, figure.Options{ColourMap: "Blues"}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4s\n", svg.String())
	// Output: <svg
}
