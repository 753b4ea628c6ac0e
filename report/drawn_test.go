package report

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/golden"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/internal/madeup"
	"github.com/golens/golens/report/terminal"
)

func drawn(t *testing.T, term terminal.Terminal, r *lens.Result, o GridOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteLens(&b, term, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalGolden(t *testing.T) {
	for name, c := range map[string]struct {
		term terminal.Terminal
		r    *lens.Result
		o    GridOptions
	}{
		"plain.txt":       {terminal.Terminal{Width: 100}, madeup.Plain(), GridOptions{}},
		"entropy.txt":     {terminal.Terminal{Width: 80}, madeup.Plain(), GridOptions{By: ByEntropy, LastOnTop: true}},
		"true.txt":        {terminal.Terminal{Width: 100, Colour: terminal.TrueColour}, madeup.Plain(), GridOptions{}},
		"xterm.txt":       {terminal.Terminal{Width: 100, Colour: terminal.Colour256, Numbers: true}, madeup.Plain(), GridOptions{By: ByAgree}},
		"hard.txt":        {terminal.Terminal{Width: 120}, madeup.Hard(), GridOptions{}},
		"hard-narrow.txt": {terminal.Terminal{Width: 20}, madeup.Hard(), GridOptions{By: ByTargetRank}},
	} {
		golden.Text(t, name, []byte(drawn(t, c.term, c.r, c.o)))
	}
}

// A cell whose value is unknown keeps its text on a ground that is on no map.
func TestUnknownValue(t *testing.T) {
	r := madeup.Hard()
	g := grid(t, r, GridOptions{})
	i := slices.IndexFunc(g.Cells, func(c figure.Cell) bool { return math.IsNaN(c.Value) })
	if i < 0 || g.Cells[i].Number != "--" || g.Cells[i].Text == "" {
		t.Fatalf("cell %d of NaN", i)
	}
	out := drawn(t, terminal.Terminal{Colour: terminal.TrueColour}, r, GridOptions{})
	if !strings.Contains(out, "48;2;217;217;217m "+g.Cells[i].Text[:5]) {
		t.Error("no grey cell")
	}
}
func TestTokensTable(t *testing.T) {
	var b bytes.Buffer
	if err := (terminal.Terminal{Width: 72}).Table(&b, TokensTable(madeup.Hard().Tokens)); err != nil {
		t.Fatal(err)
	}
	golden.Text(t, "tokens.txt", b.Bytes())
	b.Reset()
	if err := (terminal.Terminal{}).Table(&b, TokensTable(nil)); err != nil || b.String() != "position  id  piece  bytes\n" {
		t.Errorf("no tokens give %q, %v", b.String(), err)
	}
	if err := (terminal.Terminal{}).Table(&b, &figure.Table{Columns: make([]figure.TableColumn, 2), Rows: [][]string{{"x"}}}); err == nil {
		t.Error("a row that is too short is no error")
	}
}

// drawnFigure returns a figure of d with the fonts that every machine has.
func drawnFigure(t *testing.T, format string, d figure.Drawing, o figure.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	o.BuiltinFonts = true
	if err := figure.Write(&b, format, d, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFigureGolden(t *testing.T) {
	golden.Image(t, "plain.png", drawnFigure(t, "png", grid(t, madeup.Plain(), GridOptions{}), figure.Options{DPI: 72}))
	golden.Image(t, "hard.png", drawnFigure(t, "png", grid(t, madeup.Hard(), GridOptions{By: ByEntropy, LastOnTop: true}), figure.Options{DPI: 72, MaxColumns: 11, Numbers: true}))
	targets, err := TargetGrid(madeup.Plain(), GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	golden.Image(t, "targets.png", drawnFigure(t, "png", targets, figure.Options{DPI: 72, ColourMap: "Reds"}))
	small := madeup.Result{Prompt: []string{"Hi", " </script>&"}, Rows: 2, K: 1, Vocab: []string{" the", " is"}}.Make()
	golden.Text(t, "small.svg", drawnFigure(t, "svg", grid(t, small, GridOptions{}), figure.Options{}))
}

// Wherever the space ends, what draws says so.
func TestDrawingReportsErrors(t *testing.T) {
	r := madeup.Hard()
	g := grid(t, r, GridOptions{})
	for name, write := range map[string]func(w *synthetic.Disk) error{
		"terminal": func(w *synthetic.Disk) error { return WriteLens(w, terminal.Terminal{}, r, GridOptions{}) },
		"svg":      func(w *synthetic.Disk) error { return figure.Write(w, "svg", g, figure.Options{}) },
		"pdf":      func(w *synthetic.Disk) error { return figure.Write(w, "pdf", g, figure.Options{}) },
		"png":      func(w *synthetic.Disk) error { return figure.Write(w, "png", g, figure.Options{DPI: 20}) },
	} {
		for _, room := range []int{0, 1, 1000, 5000} {
			if err := write(&synthetic.Disk{Room: room}); !errors.Is(err, synthetic.ErrFull) {
				t.Errorf("%s with room for %d bytes: %v", name, room, err)
			}
		}
	}
}
