package report

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/golens/golens/lens"
)

// A Colour says which colours a terminal can show.
type Colour int

const (
	NoColour   Colour = iota // plain text: values stand as numbers beside the tokens
	Colour256                // xterm's 256 colours
	TrueColour               // 24 bits
)

// A Terminal draws views as lines of text.
type Terminal struct {
	Width   int    // columns; 80 where 0 or less
	Colour  Colour // NoColour unless asked for
	Numbers bool   // values as numbers beside the tokens even where there is colour
	MaxCell int    // columns of the longest text in a cell; 14 where 0 or less
}

const (
	defaultWidth   = 80
	leastWidth     = 20
	defaultMaxCell = 14
)

func (t Terminal) width() int {
	if t.Width <= 0 {
		return defaultWidth
	}
	return max(t.Width, leastWidth)
}

func (t Terminal) maxCell() int {
	if t.MaxCell <= 0 {
		return defaultMaxCell
	}
	return t.MaxCell
}

// Grid writes g to w. Columns that do not fit the width go on in further bands,
// each with the row labels again.
func (t Terminal) Grid(w io.Writer, g *Grid) error {
	d, err := newGridDrawing(t, g)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if g.Title != "" {
		out.WriteString(t.bold(fitLine(g.Title, t.width())) + "\n")
	}
	for i, band := range d.bands() {
		if i > 0 {
			out.WriteByte('\n')
		}
		d.band(out, band.from, band.to)
	}
	d.legend(out)
	t.notes(out, g.Notes)
	return flush(out)
}

// Lens writes the grid of r and, where it has targets or whole targets, theirs below.
func (t Terminal) Lens(w io.Writer, r *lens.Result, o GridOptions) error {
	g, err := LensGrid(r, o)
	if err != nil {
		return err
	}
	targets, err := TargetGrid(r, o)
	if err != nil {
		return err
	}
	whole, err := JointGrid(r, o)
	if err != nil {
		return err
	}
	if err := t.Grid(w, g); err != nil {
		return err
	}
	for _, g := range []*Grid{targets, whole} {
		if g == nil {
			continue
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return terminalError(err)
		}
		if err := t.Grid(w, g); err != nil {
			return err
		}
	}
	return nil
}

// Table writes b to w, one line a row. What does not fit the width is shortened,
// from the last column on.
func (t Terminal) Table(w io.Writer, b *Table) error {
	widths := make([]int, len(b.Columns))
	for i, c := range b.Columns {
		widths[i] = width(c.Head)
	}
	for n, row := range b.Rows {
		if len(row) != len(b.Columns) {
			return fmt.Errorf("report: row %d of a table has %d texts for %d columns", n, len(row), len(b.Columns))
		}
		for i, text := range row {
			widths[i] = max(widths[i], width(text))
		}
	}
	const gap = 2
	for i, left := 0, t.width(); i < len(widths); i++ {
		rest := len(widths) - 1 - i // each of them keeps a gap and a column
		widths[i] = max(1, min(widths[i], left-(gap+1)*rest))
		left -= widths[i] + gap
	}
	out := bufio.NewWriter(w)
	line := func(row []string, style func(string) string) {
		var cells []string
		for i, text := range row {
			if b.Columns[i].Right {
				text = fitRight(text, widths[i])
			} else {
				text = fit(text, widths[i])
			}
			cells = append(cells, text)
		}
		out.WriteString(style(strings.TrimRight(strings.Join(cells, strings.Repeat(" ", gap)), " ")) + "\n")
	}
	heads := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		heads[i] = c.Head
	}
	line(heads, t.bold)
	for _, row := range b.Rows {
		line(row, func(s string) string { return s })
	}
	t.notes(out, b.Notes)
	return flush(out)
}

func (t Terminal) notes(out *bufio.Writer, notes []string) {
	for _, n := range notes {
		out.WriteString(fitLine(n, t.width()) + "\n")
	}
}

func flush(out *bufio.Writer) error {
	if err := out.Flush(); err != nil {
		return terminalError(err)
	}
	return nil
}

func terminalError(err error) error {
	return fmt.Errorf("report: write to the terminal: %w", err)
}

// bold and the other styles are the only places that write escape sequences.
func (t Terminal) bold(s string) string  { return t.style("1", s) }
func (t Terminal) faint(s string) string { return t.style("2", s) }

func (t Terminal) style(sgr, s string) string {
	if t.Colour == NoColour || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

// shadeStyle writes s on the ground that value v has on the ramp, marked ones
// bold and underlined.
func (t Terminal) shadeStyle(r *ramp, v float64, marked bool, s string) string {
	if t.Colour == NoColour {
		return s
	}
	ground := unknown
	if !math.IsNaN(v) {
		ground = r.at(v)
	}
	var sgr string
	if t.Colour == Colour256 {
		back, seen := xterm(ground)
		front, _ := xterm(ink(seen))
		sgr = fmt.Sprintf("38;5;%d;48;5;%d", front, back)
	} else {
		front := ink(ground)
		sgr = fmt.Sprintf("38;2;%d;%d;%d;48;2;%d;%d;%d", front.R, front.G, front.B, ground.R, ground.G, ground.B)
	}
	if marked {
		sgr = "1;4;" + sgr
	}
	return t.style(sgr, s)
}
