package terminal

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
)

// terminalRamp is dark for low values and bright for high ones. Every cell brings
// its own ground and ink, so the grid can be read on a light and a dark terminal;
// on the more common dark one the likely tokens stand out.
const terminalRamp = "YlGnBu_r"

// A gridDrawing is a Grid being laid out for one terminal.
type gridDrawing struct {
	t       Terminal
	g       *figure.Grid
	ramp    *colormap.Map
	label   int   // columns of the row labels
	text    []int // columns of each grid column's texts
	number  int   // columns of the numbers, 0 where they are not shown
	numbers bool
}

func newGridDrawing(t Terminal, g *figure.Grid) (*gridDrawing, error) {
	if len(g.Cells) != len(g.Rows)*len(g.Columns) {
		return nil, fmt.Errorf("terminal: a grid of %d rows and %d columns has %d cells", len(g.Rows), len(g.Columns), len(g.Cells))
	}
	r, err := colormap.New(terminalRamp)
	if err != nil {
		return nil, err
	}
	d := &gridDrawing{t: t, g: g, ramp: r}
	d.numbers = g.Scale.Number != "" && (g.Scale.Always || t.Numbers || t.Colour == NoColour)

	d.label = Columns(g.Corner)
	for _, h := range g.Rows {
		d.label = max(d.label, Columns(h.Text))
	}
	for _, f := range g.Footers {
		d.label = max(d.label, Columns(f.Label))
	}
	d.label = min(d.label, t.width()/3)
	if d.numbers {
		for _, c := range g.Cells {
			d.number = max(d.number, Columns(c.Number))
		}
	}
	// A column may take what is left beside the labels and no more.
	most := max(1, min(t.maxCell(), t.width()-d.label-d.around()))
	for i, h := range g.Columns {
		n := max(1, Columns(h.Text), Columns(h.Note))
		for r := range g.Rows {
			n = max(n, Columns(g.At(r, i).Text))
		}
		for _, f := range g.Footers {
			if i < len(f.Cells) {
				n = max(n, Columns(f.Cells[i]))
			}
		}
		d.text = append(d.text, min(n, most))
	}
	return d, nil
}

// around returns how many columns a grid column takes beside its text: a space
// on each side, and the number with the space and the mark around it.
func (d *gridDrawing) around() int {
	n := 2
	if d.numbers {
		n += 1 + d.number
	}
	if d.marks() {
		n++
	}
	return n
}

// marks says whether marked cells are told by a sign and not by a style.
func (d *gridDrawing) marks() bool { return d.g.Mark != "" && d.t.Colour == NoColour }

// columns are those of a grid from one on, up to another.
type columns struct{ from, to int }

// bands cuts the columns into runs that fit the width.
func (d *gridDrawing) bands() []columns {
	if len(d.text) == 0 {
		return nil
	}
	bands := []columns{{}}
	used := d.label
	for i, n := range d.text {
		n += d.around()
		last := &bands[len(bands)-1]
		if used+n > d.t.width() && last.to > last.from {
			bands = append(bands, columns{i, i})
			last = &bands[len(bands)-1]
			used = d.label
		}
		last.to = i + 1
		used += n
	}
	return bands
}

// band writes the columns [from,to): heads, rows, footers.
func (d *gridDrawing) band(out *bufio.Writer, from, to int) {
	plain := func(label string, text func(i int) string, style func(string) string) {
		var line strings.Builder
		line.WriteString(fit(label, d.label))
		for i := from; i < to; i++ {
			line.WriteString(d.plain(text(i), i))
		}
		out.WriteString(style(strings.TrimRight(line.String(), " ")) + "\n")
	}
	if slices.ContainsFunc(d.g.Columns[from:to], func(h figure.Head) bool { return h.Note != "" }) {
		plain("", func(i int) string { return d.g.Columns[i].Note }, d.t.faint)
	}
	plain(d.g.Corner, func(i int) string { return d.g.Columns[i].Text }, d.t.bold)
	for r, h := range d.g.Rows {
		var line strings.Builder
		line.WriteString(fit(h.Text, d.label))
		for i := from; i < to; i++ {
			line.WriteString(d.cell(d.g.At(r, i), i))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	for _, f := range d.g.Footers {
		plain(f.Label, func(i int) string {
			if i < len(f.Cells) {
				return f.Cells[i]
			}
			return ""
		}, d.t.faint)
	}
}

// plain returns a text of column i without shading, in the place of its cells.
func (d *gridDrawing) plain(text string, i int) string {
	return " " + fit(text, d.text[i]) + strings.Repeat(" ", d.around()-1)
}

// cell returns a cell of column i in exactly its columns.
func (d *gridDrawing) cell(c figure.Cell, i int) string {
	s := " " + fit(c.Text, d.text[i]) + " "
	if d.numbers {
		s += fitRight(c.Number, d.number) + " "
	}
	if d.marks() {
		// The mark takes the place of the last space, which a new one follows.
		sign := " "
		if c.Marked {
			sign = "*"
		}
		s = strings.TrimSuffix(s, " ") + sign + " "
	}
	return d.t.shadeStyle(d.ramp, c.Value, c.Marked, s)
}

// legend writes what the shading, the numbers and the marks mean.
func (d *gridDrawing) legend(out *bufio.Writer) {
	s := d.g.Scale
	var parts []string
	if d.t.Colour != NoColour && len(s.Ticks) > 1 {
		const steps = 16
		var bar strings.Builder
		for i := range steps {
			bar.WriteString(d.t.shadeStyle(d.ramp, float64(i)/(steps-1), false, " "))
		}
		parts = append(parts, fmt.Sprintf("%s %s %s %s", s.Name, s.Ticks[0].Text, bar.String(), s.Ticks[len(s.Ticks)-1].Text))
	}
	if d.numbers && !s.Always { // else the title says it
		parts = append(parts, "numbers: "+s.Number)
	}
	if d.g.Mark != "" && slices.ContainsFunc(d.g.Cells, func(c figure.Cell) bool { return c.Marked }) {
		if d.marks() {
			parts = append(parts, "* "+d.g.Mark)
		} else {
			parts = append(parts, d.t.style("1;4", "underlined")+" "+d.g.Mark)
		}
	}
	if len(parts) > 0 {
		out.WriteString(d.wrap(parts))
	}
}

// wrap puts parts on a line, or on one each where they do not fit together.
func (d *gridDrawing) wrap(parts []string) string {
	if one := strings.Join(parts, "; "); Columns(stripStyle(one)) <= d.t.width() {
		return one + "\n"
	}
	var out strings.Builder
	for _, p := range parts {
		if Columns(stripStyle(p)) > d.t.width() {
			p = fitLine(stripStyle(p), d.t.width())
		}
		out.WriteString(p + "\n")
	}
	return out.String()
}

// stripStyle returns s without the escape sequences of Terminal.style.
func stripStyle(s string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(s, "\x1b[")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		_, s, _ = strings.Cut(rest, "m")
	}
}
