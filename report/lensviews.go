package report

import (
	"fmt"
	"image/color"
	"strconv"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/visible"
	"github.com/golens/golens/lens"
)

// dotRed is the colour of the one dot that matters.
var dotRed = figure.RGB(0xd62728)

// VocabularyDots returns every log-probability [V], in nats, against its token's
// id, the largest marked.
func VocabularyDots(logprobs []float32, title string) *figure.Figure {
	x, y, best := make([]float64, len(logprobs)), make([]float64, len(logprobs)), 0
	for i, v := range logprobs {
		x[i], y[i] = float64(i), float64(v)
		if v > logprobs[best] {
			best = i
		}
	}
	return &figure.Figure{Width: 8, Height: 4, Panels: []figure.Panel{&figure.Axes{
		Title: title,
		X:     figure.Axis{Label: "Token index", Min: -10, Max: float64(len(logprobs) + 9)},
		Y:     figure.Axis{Label: "Log-softmax prob"},
		Marks: []figure.Mark{
			&figure.Dots{X: x, Y: y, Alpha: 0.3, Size: 3, Cloud: true},
			&figure.Dots{X: x[best : best+1], Y: y[best : best+1], Colour: dotRed, Size: 8},
		},
	}}}
}

// WordBoxes returns the likeliest token of every block and position of r, in boxes
// that are redder the surer; the text's own next tokens stand below. A row of the
// embedding is left out.
func WordBoxes(r *lens.Result) *figure.Figure {
	b := &figure.Boxes{Map: "Reds", Alpha: 0.4, Columns: len(r.Positions), Footer: "Target:"}
	for i, row := range r.Rows {
		if row.Index == 0 {
			continue
		}
		b.Rows = append(b.Rows, fmt.Sprintf("Layer %d:", row.Index))
		for p := range r.Positions {
			at := (i*len(r.Positions) + p) * r.K
			b.Cells = append(b.Cells, figure.Cell{Text: piece(r, r.TopIDs[at]), Value: float64(r.TopProbs[at])})
		}
	}
	for _, p := range r.Positions {
		text := ""
		if p+1 < len(r.Tokens) {
			text = TokenText(r.Tokens[p+1])
		}
		b.FooterTexts = append(b.FooterTexts, text)
	}
	for n := len(b.FooterTexts); n > 0 && b.FooterTexts[n-1] == ""; n-- {
		b.FooterTexts = b.FooterTexts[:n-1] // the last token has no next one
	}
	return &figure.Figure{Width: 10, Height: 5, Panels: []figure.Panel{b}}
}

// LineTexts are what stands around lines.
type LineTexts struct{ X, Y, Title string }

// lineColours tell lines apart, for as many as they are; then they begin again.
var lineColours = []color.Color{nil, figure.RGB(0xd62728), figure.RGB(0x2ca02c), figure.RGB(0xff7f0e), figure.RGB(0x9467bd), figure.RGB(0x8c564b),
	figure.RGB(0x17becf), figure.RGB(0x7f7f7f)}

// TargetLines returns the probability or the rank of each target word by row, at
// the last position that was read; ranks run downwards, so that up is better.
func TargetLines(r *lens.Result, by Measure, texts LineTexts) *figure.Figure {
	t := r.Targets
	axes := &figure.Axes{
		Title: texts.Title, Grid: true, Legend: t.N > 1,
		X: figure.Axis{Label: texts.X, Ticks: rowTicks(r.Rows)},
		Y: figure.Axis{Label: texts.Y, Inverted: by == ByTargetRank},
	}
	for n := range t.N {
		line := &figure.Line{Marker: figure.Circle, Colour: lineColours[n%len(lineColours)], Label: visible.Name(t.Words[n])}
		for i, row := range r.Rows {
			at := (i*len(t.Positions)+len(t.Positions)-1)*t.N + n
			v := float64(t.Rank[at])
			if by == ByTargetProb {
				v = float64(t.Prob[at])
			}
			line.X, line.Y = append(line.X, float64(row.Index)), append(line.Y, v)
		}
		axes.Marks = append(axes.Marks, line)
	}
	return &figure.Figure{Width: 6.4, Height: 4.8, Panels: []figure.Panel{axes}}
}

// rowTicks returns ticks at the numbers of rows, at most fourteen of them.
func rowTicks(rows []lens.Row) []figure.PlaceTick {
	step := (len(rows) + 13) / 14
	var ticks []figure.PlaceTick
	for i := 0; i < len(rows); i += step {
		ticks = append(ticks, figure.PlaceTick{At: float64(rows[i].Index), Text: strconv.Itoa(rows[i].Index)})
	}
	return ticks
}

// PieceHeat returns the pieces [R,P] of every second row of r, the first at the
// bottom, on a plain ground, or where values [R,P] are given coloured by them.
func PieceHeat(r *lens.Result, pieces []string, values []float32) *figure.Figure {
	P := len(r.Positions)
	h := &figure.Heat{XLabel: "Input token", YLabel: "Layer", Map: "Greys", Flat: 0.25, FirstBelow: true}
	if values != nil {
		h.Map, h.Flat, h.Bar, h.BarLabel = "YlGnBu", 0, true, "Entropy (nats)"
	}
	for _, p := range r.Positions {
		h.Columns = append(h.Columns, TokenText(r.Tokens[p]))
	}
	for i := 0; i < len(r.Rows); i += 2 {
		h.Rows = append(h.Rows, strconv.Itoa(r.Rows[i].Index))
		for at := i * P; at < (i+1)*P; at++ {
			h.Texts = append(h.Texts, pieces[at])
			v := 0.0
			if values != nil {
				v = float64(values[at])
			}
			h.Values = append(h.Values, v)
		}
	}
	return &figure.Figure{Width: 20, Height: 10, Panels: []figure.Panel{h}}
}
