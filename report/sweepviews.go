package report

import "fmt"

// ScalingDots returns the log-probability of a word with each block's output
// scaled, and a line where it is without.
func ScalingDots(scaled []float32, clean float32) *Figure {
	n := len(scaled)
	dots := &Dots{Shape: Hexagon, Size: 9, Colour: "#1f77b4"}
	for i, v := range scaled {
		dots.X, dots.Y = append(dots.X, float64(i)), append(dots.Y, float64(v))
	}
	ticks := stateTicks(1, n+1)
	for i := range ticks {
		ticks[i].At--
	}
	line := &Line{X: []float64{-0.5, float64(n) - 0.5}, Y: []float64{float64(clean), float64(clean)}, Colour: dotRed, Dashed: true,
		Label: fmt.Sprintf("Clean: %.2f", clean)}
	return &Figure{Width: 9, Height: 3, Panels: []Panel{&Axes{
		Title:  "Impact of global hidden-state scaling on log-softmax",
		X:      Axis{Label: "Transformer block", Ticks: ticks, Min: -0.5, Max: float64(n) - 0.5},
		Y:      Axis{Label: "Log softmax"},
		Marks:  []Mark{line, dots},
		Legend: true,
	}}}
}
