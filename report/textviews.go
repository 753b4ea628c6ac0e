package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
)

// TextTable returns a line for each row of a text's means.
func TextTable(t *lens.Text) *figure.Table {
	b := &figure.Table{Columns: []figure.TableColumn{
		{Head: "layer"}, {Head: "cross-entropy", Right: true}, {Head: "entropy", Right: true}, {Head: "KL", Right: true}, {Head: "agrees", Right: true},
		{Head: "rank 1", Right: true}, {Head: "in 10", Right: true}, {Head: "median rank", Right: true}, {Head: "1/rank", Right: true},
	}}
	for _, s := range t.Stats {
		b.Columns = append(b.Columns, figure.TableColumn{Head: s.Name, Right: true})
	}
	for n, r := range t.Rows {
		b.Rows = append(b.Rows, []string{visible.Name(r.Label), nats(t.CrossEntropy[n]), nats(t.Entropy[n]), nats(t.KL[n]), sharePercent(t.Agree[n]),
			sharePercent(withinRank(t, n, 1)), sharePercent(withinRank(t, n, 10)), grouped(medianRank(t, n)), nats(t.ReciprocalRank[n])})
		for _, s := range t.Stats {
			b.Rows[n] = append(b.Rows[n], nats(s.Mean[n]))
		}
	}
	of := "the whole text"
	if !t.Whole {
		of = "the beginning of the text, where it was stopped"
	}
	windows := fmt.Sprintf("%s tokens in windows of %d: %s", grouped(t.Tokens), t.Chunk, of)
	if len(t.Prefix) > 0 {
		windows += fmt.Sprintf("; %d in front of each window", len(t.Prefix))
	}
	last := len(t.Rows) - 1
	model := fmt.Sprintf("%s: perplexity %s", visible.Name(t.Rows[last].Label), fewDigits(math.Exp(t.CrossEntropy[last])))
	if t.Bytes > 0 {
		model += fmt.Sprintf(", %.3f bits a byte", t.BitsPerByte(last))
	}
	b.Notes = []string{
		windows, model,
		"means in nats; KL(final || row); agrees: with the model's likeliest token",
		"rank, in 10, 1/rank: of the text's own next token, " + grouped(t.Targets) + " of them",
	}
	return b
}

// nats writes a mean for people.
func nats(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// sharePercent writes a share for people.
func sharePercent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + "%"
}

// fewDigits writes a number for people with as few digits as tell it from its like.
func fewDigits(v float64) string {
	if v >= 1000 && v < 1e15 {
		return grouped(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// grouped writes a count with commas: 50,257.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TextFigure draws a text's means by depth: the nats, the shares, and beside them what a
// token costs by how many were before it in its window, in some of the rows.
func TextFigure(t *lens.Text) *figure.Figure {
	R := len(t.Rows)
	step := (R + 15) / 16
	x := figure.Axis{Label: "Layer"}
	for n := 0; n < R; n += step {
		x.Ticks = append(x.Ticks, figure.PlaceTick{At: float64(n), Text: visible.Name(t.Rows[n].Label)})
	}
	line := func(label string, colour color.Color, dashed bool, value func(n int) float64) *figure.Line {
		l := &figure.Line{Label: label, Colour: colour, Marker: figure.Circle, Dashed: dashed}
		for n := range R {
			l.X, l.Y = append(l.X, float64(n)), append(l.Y, value(n))
		}
		return l
	}
	f := &figure.Figure{Width: 14, Height: 4, Panels: []figure.Panel{
		&figure.Axes{Title: "Means over " + grouped(t.Tokens) + " tokens", X: x, Y: figure.Axis{Label: "Nats"}, Grid: true, Legend: true, Marks: []figure.Mark{
			line("cross-entropy", sweepPaints[0], false, func(n int) float64 { return t.CrossEntropy[n] }),
			line("entropy", sweepPaints[1], false, func(n int) float64 { return t.Entropy[n] }),
			line("KL(final || row)", sweepPaints[2], true, func(n int) float64 { return t.KL[n] }),
		}},
		&figure.Axes{Title: "The text's next token, and the model's", X: x, Y: figure.Axis{Label: "Share", Min: 0, Max: 1}, Grid: true, Legend: true, Marks: []figure.Mark{
			line("next token within 10", sweepPaints[0], false, func(n int) float64 { return withinRank(t, n, 10) }),
			line("next token first", sweepPaints[1], false, func(n int) float64 { return withinRank(t, n, 1) }),
			line("mean 1/rank", sweepPaints[3], true, func(n int) float64 { return t.ReciprocalRank[n] }),
			line("agrees with the model", sweepPaints[2], false, func(n int) float64 { return t.Agree[n] }),
		}},
	}}
	if t.Chunk > 1 {
		f.Panels = append(f.Panels, textPlaces(t))
	}
	return f
}

// textPlaces draws the cross-entropy by place in the window, in groups of places that
// make about forty dots, for at most four rows.
func textPlaces(t *lens.Text) *figure.Axes {
	a := &figure.Axes{Title: "By place in the window", X: figure.Axis{Label: "Tokens before, in the window"}, Y: figure.Axis{Label: "Cross-entropy in nats"}, Grid: true, Legend: true}
	group := (t.Chunk + 39) / 40
	for i, n := range lens.Spaced(len(t.Rows)-1, 4) {
		l := &figure.Line{Label: visible.Name(t.Rows[n].Label), Colour: sweepPaints[i%len(sweepPaints)], Width: 1.2}
		costs := t.PlaceCrossEntropy[n*t.Chunk : (n+1)*t.Chunk]
		for from := 0; from < t.Chunk; from += group {
			sum, targets := 0.0, int64(0)
			for p := from; p < min(from+group, t.Chunk); p++ {
				if k := t.PlaceTargets[p]; k > 0 {
					sum, targets = sum+costs[p]*float64(k), targets+k
				}
			}
			if targets > 0 {
				l.X, l.Y = append(l.X, float64(from)+float64(min(group, t.Chunk-from)-1)/2), append(l.Y, sum/float64(targets))
			}
		}
		a.Marks = append(a.Marks, l)
	}
	return a
}

// withinRank returns the share of row n's targets that are within one of RankLimits.
func withinRank(t *lens.Text, n, limit int) float64 {
	return t.Within[n*len(lens.RankLimits)+slices.Index(lens.RankLimits, limit)]
}

// medianRank returns the median of the ranks of row n's targets.
func medianRank(t *lens.Text, n int) int64 {
	return t.Quantiles[n*len(lens.RankPercents)+slices.Index(lens.RankPercents, 50)]
}
