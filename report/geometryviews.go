package report

import (
	"fmt"
	"image/color"
	"math/rand/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/lens"
)

// jitter is the standard deviation by which dots of one state are set apart, where
// the distance of two states is 1.
const jitter = 0.05

// StateTick names a state on an axis: Emb, then L0 for the state after block 0.
func StateTick(i int) string {
	if i == 0 {
		return "Emb"
	}
	return fmt.Sprintf("L%d", i-1)
}

// stateTicks returns ticks for n states, from the given one on.
func stateTicks(first, n int) []figure.PlaceTick {
	step := (n + 15) / 16
	var ticks []figure.PlaceTick
	for i := first; i < n; i += step {
		ticks = append(ticks, figure.PlaceTick{At: float64(i), Text: StateTick(i)})
	}
	return ticks
}

// stateColour returns the colour of state i of n.
func stateColour(i, n int) color.Color {
	c, err := colormap.At("plasma", float64(i+1)/float64(n))
	if err != nil {
		return nil // not with this map
	}
	return c
}

// cloud returns each state's values as dots in a column of their own. The same
// seed gives the same jitter.
func cloud(states [][]float32, seed uint64) []figure.Mark {
	rng := rand.New(rand.NewPCG(seed, 0))
	var marks []figure.Mark
	for i, values := range states {
		d := &figure.Dots{Colour: stateColour(i, len(states)), Alpha: 0.4, Size: 4, Cloud: true}
		for _, v := range values {
			d.X, d.Y = append(d.X, float64(i)+jitter*rng.NormFloat64()), append(d.Y, float64(v))
		}
		marks = append(marks, d)
	}
	return marks
}

// ActivationDots returns the C activations of the token at a position in every
// state, and beside them the variance of each.
func ActivationDots(g *lens.Geometry, position int, seed uint64) *figure.Figure {
	R, T := len(g.Rows), len(g.Tokens)
	states := make([][]float32, R)
	variance := &figure.Line{Marker: figure.Circle}
	for i := range states {
		at := (i*T + position) * g.Width
		states[i] = g.Hidden[at : at+g.Width]
		variance.X, variance.Y = append(variance.X, float64(i)), append(variance.Y, float64(g.Variance[i*T+position]))
	}
	x := figure.Axis{Label: "State", Ticks: stateTicks(0, R)}
	token := TokenText(g.Tokens[position])
	return &figure.Figure{Width: 12, Height: 4, Panels: []figure.Panel{
		&figure.Axes{Title: fmt.Sprintf("Activations of “%s”", token), X: x, Y: figure.Axis{Label: "Activation"}, Marks: cloud(states, seed)},
		&figure.Axes{Title: fmt.Sprintf("Variance of “%s”", token), X: x, Y: figure.Axis{Label: "Variance"}, Marks: []figure.Mark{variance}},
	}}
}

// LaminarDots returns each state's similarities as a column of dots.
func LaminarDots(laminar [][]float32, seed uint64) *figure.Figure {
	return &figure.Figure{Width: 10, Height: 4, Panels: []figure.Panel{&figure.Axes{
		Title: "Laminar profile of token similarities",
		X:     figure.Axis{Label: "State", Ticks: stateTicks(0, len(laminar))},
		Y:     figure.Axis{Label: "Cosine similarity"},
		Marks: cloud(laminar, seed),
	}}}
}

// CosineTexts say what the titles of similarity matrices speak of.
type CosineTexts struct {
	Of        []int // the position or row in each title; nil for those that are shown
	FirstTick int   // the first state with a tick on the y axis
}

// CosineLayers returns the similarity of all pairs of states, a panel for each of
// the geometry's positions.
func CosineLayers(g *lens.Geometry, texts CosineTexts) *figure.Figure {
	R := len(g.Rows)
	x, y := make([]string, R), make([]string, R)
	for _, t := range stateTicks(0, R) {
		x[int(t.At)] = t.Text
	}
	for _, t := range stateTicks(texts.FirstTick, R) {
		y[int(t.At)] = t.Text
	}
	of := texts.Of
	if of == nil {
		of = g.Positions
	}
	f := &figure.Figure{Width: 3 * float64(len(g.Positions)), Height: 3}
	for n := range g.Positions {
		f.Panels = append(f.Panels, similarity(fmt.Sprintf("CS matrix for “%s”", TokenText(g.Tokens[of[n]])),
			y, x, g.CosLayers[n*R*R:(n+1)*R*R], 0.8, n == len(g.Positions)-1))
	}
	return f
}

// CosineTokens returns the similarity of all pairs of tokens, a panel for each of
// the geometry's chosen rows.
func CosineTokens(g *lens.Geometry, texts CosineTexts) *figure.Figure {
	T := len(g.Tokens)
	ticks := make([]string, T)
	for i, t := range g.Tokens {
		ticks[i] = TokenText(t)
	}
	of := texts.Of
	if of == nil {
		of = g.Chosen
	}
	f := &figure.Figure{Width: 3 * float64(len(g.Chosen)), Height: 3}
	for n := range g.Chosen {
		f.Panels = append(f.Panels, similarity(fmt.Sprintf("CS matrix for layer %d", of[n]),
			ticks, ticks, g.CosTokens[n*T*T:(n+1)*T*T], 0.5, n == len(g.Chosen)-1))
	}
	return f
}

func similarity(title string, rows, columns []string, values []float32, low float64, bar bool) *figure.Heat {
	h := &figure.Heat{Title: title, Rows: rows, Columns: columns, Map: "plasma", Min: low, Max: 1, FirstBelow: true, Square: true, Bar: bar}
	for _, v := range values {
		h.Values = append(h.Values, float64(v))
	}
	return h
}
