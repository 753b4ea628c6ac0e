package gonum_test

import (
	"bytes"
	"fmt"
	"log"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/draw"
	"github.com/golens/golens/figure/gonum"
)

// Any plot of gonum can be written by golens: with outlined letters of any script, and
// alike in PNG, SVG and PDF.
func Example() {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Rank of “ head”", "layer", "rank"
	dots, err := plotter.NewScatter(plotter.XYs{{X: 0, Y: 5}, {X: 1, Y: 7}, {X: 2, Y: 3}, {X: 3, Y: 1}})
	if err != nil {
		log.Fatal(err)
	}
	p.Add(dots, plotter.NewGrid())
	var svg bytes.Buffer
	if err := gonum.Write(&svg, p, "svg", 5*vg.Inch, 3*vg.Inch, draw.Options{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(svg.Len() > 0, bytes.Contains(svg.Bytes(), []byte("<text")))
	// Output: true false
}

// A grid of golens lies in a plot of gonum: here with a line of gonum's own over it.
func ExampleGrid() {
	grid := &figure.Grid{Columns: []figure.Head{{Text: "The"}, {Text: "man"}, {Text: "shook"}}, Rows: []figure.Head{{Text: "L0"}, {Text: "L1"}}}
	for i, text := range []string{"last", "'s", "hands", "first", ",", "head"} {
		grid.Cells = append(grid.Cells, figure.Cell{Text: text, Value: float64(i) / 5, Marked: text == "head"})
	}
	cells, err := gonum.Grid(grid)
	if err != nil {
		log.Fatal(err)
	}
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 1}, {X: 2, Y: 0}})
	if err != nil {
		log.Fatal(err)
	}
	p := plot.New()
	p.Add(cells, line)
	cells.Name(p)
	write(p, os.Getenv("GOLENS_EXAMPLES"))
	fmt.Println(cells.DataRange())
	// Output: -0.5 2.5 -0.5 1.5
}

func ExampleHeat() {
	heat, err := gonum.Heat(&figure.Heat{Rows: []string{"L0", "L1"}, Columns: []string{"The", "man"}, Values: []float64{1, 2, 3, 4}})
	if err != nil {
		log.Fatal(err)
	}
	p := plot.New()
	p.Add(heat)
	p.Legend.Add("1 to 4", heat)
	heat.Name(p)
	fmt.Println(p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max))
	// Output: [{0 L1} {1 L0}]
}

func ExampleBoxes() {
	boxes, err := gonum.Boxes(&figure.Boxes{Rows: []string{"L0"}, Columns: 2, Cells: []figure.Cell{{Text: "a", Value: 0.2}, {Text: "b", Value: 0.8}}, FooterTexts: []string{"x", "y"}})
	if err != nil {
		log.Fatal(err)
	}
	p := plot.New()
	p.Add(boxes)
	boxes.Name(p)
	fmt.Println(p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max))
	// Output: [{0 x} {1 y}]
}

// The curve has a gap where a layer has no number.
func ExampleNewCurve() {
	curve := gonum.NewCurve(3, 2, math.NaN(), 1)
	p := plot.New()
	p.Add(curve)
	p.Legend.Add("entropy", curve)
	fmt.Println(p.X.Min, p.X.Max, p.Y.Min, p.Y.Max)
	// Output: 0 3 1 3
}

func ExampleNewCloud() {
	cloud, err := gonum.NewCloud([]float64{1, 2, 3}, []float64{4, 6, 5})
	if err != nil {
		log.Fatal(err)
	}
	p := plot.New()
	p.Add(cloud)
	fmt.Println(p.X.Min, p.X.Max, p.Y.Min, p.Y.Max)
	// Output: 1 3 4 6
}

// A panel of golens as a plot: what gonum or you have can be added to it.
func ExampleAxes() {
	p, err := gonum.Axes(&figure.Axes{
		Title: "Rank of the target", X: figure.Axis{Label: "Layer"}, Y: figure.Axis{Label: "Rank", Inverted: true}, Legend: true,
		Marks: []figure.Mark{&figure.Line{X: []float64{0, 1, 2, 3}, Y: []float64{400, math.NaN(), 20, 1}, Marker: figure.Circle, Label: "head"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Title.Text, p.X.Min, p.X.Max, p.Y.Min, p.Y.Max, p.Y.Scale.Normalize(1, 400, 1))
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		fmt.Print(t.Label, " ")
	}
	// Output:
	// Rank of the target -0.15 3.15 -18.95 419.95 1
	// 0 100 200 300 400
}

// write keeps a picture for a person, where a folder for them is named.
func write(p *plot.Plot, dir string) {
	if dir == "" {
		return
	}
	f, err := os.Create(dir + "/gonum.png")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if err := gonum.Write(f, p, "png", 5*vg.Inch, 2.5*vg.Inch, draw.Options{}); err != nil {
		log.Fatal(err)
	}
}
