package figure

import "image/color"

// Axes are a panel of marks over an x and a y axis.
type Axes struct {
	Title  string
	X, Y   Axis
	Marks  []Mark // drawn in this order
	Grid   bool   // lines through the ticks
	Legend bool   // the labels of the marks that have one: where they cover the least, beside the plot where they are many
}

// An Axis says what is written along one side of Axes. Where Min and Max are
// both 0, the axis spans the data and a twentieth of it more at both ends.
type Axis struct {
	Label    string
	Min, Max float64
	Inverted bool        // small values above or at the right
	Ticks    []PlaceTick // nil for round numbers
}

// A PlaceTick is a tick of an Axis in the units of the data.
type PlaceTick struct {
	At   float64
	Text string
}

// A Mark is what Axes show: *Dots or *Line.
type Mark interface {
	// points returns the places that the mark wants to be seen.
	points() (x, y []float64)
	label() string
	check() error
	// plot draws the mark; series is the colour of a line that names none.
	plot(p *plot, series color.NRGBA)
}

// Dots are a shape at each of the places (X[i], Y[i]). A place that is not finite
// has none.
type Dots struct {
	X, Y    []float64
	Colour  string   // "#rrggbb"; "" is the theme's ink
	Colours []string // one a dot, in place of Colour
	Alpha   float64  // 0 to 1; 0 is opaque
	Size    float64  // diameter in points, 4 where 0
	Shape   Shape
	Hollow  bool   // the outline only
	Cloud   bool   // a raster layer in SVG and PDF, for more dots than a vector format should hold
	Label   string // in the legend
}

// A Line joins the places (X[i], Y[i]). A place that is not finite is a gap.
type Line struct {
	X, Y   []float64
	Colour string  // "#rrggbb"; "" is the theme's first colour
	Width  float64 // points, 1.5 where 0
	Dashed bool
	Marker Shape  // at each place; "" for none
	Label  string // in the legend
}

// A Shape is the form of a dot; "" is Circle for Dots and none for Line.
type Shape string

const (
	Circle   Shape = "circle"
	Square   Shape = "square"
	Diamond  Shape = "diamond"
	Triangle Shape = "triangle"
	Hexagon  Shape = "hexagon"
	Cross    Shape = "cross"
)

func (a *Axes) figure() *Figure { return &Figure{Panels: []Panel{a}} }

func (d *Dots) points() (x, y []float64) { return d.X, d.Y }
func (d *Dots) label() string            { return d.Label }
func (l *Line) points() (x, y []float64) { return l.X, l.Y }
func (l *Line) label() string            { return l.Label }
