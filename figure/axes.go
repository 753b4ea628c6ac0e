package figure

import "image/color"

// Axes are a panel of marks over an x and a y axis.
type Axes struct {
	Title  string
	X, Y   Axis
	Marks  []Mark // drawn in this order
	Grid   bool   // lines through the ticks
	Legend bool   // the labels of the marks, placed where they cover least, or beside the plot if there are many
}

// An Axis describes one side of Axes. If Min and Max are both 0, the axis spans the data and a
// twentieth more at each end.
type Axis struct {
	Label    string
	Min, Max float64
	Inverted bool        // small values at the top or at the right
	Ticks    []PlaceTick // nil for round numbers
}

// A PlaceTick is a tick of an Axis, in the units of the data.
type PlaceTick struct {
	At   float64
	Text string
}

// A Mark is shown by Axes: *Dots or *Line.
type Mark interface {
	// points returns the places that the mark wants to be seen.
	points() (x, y []float64)
	label() string
	check() error
	// plot draws the mark; series is the colour of a line that names none.
	plot(p *plot, series color.NRGBA)
}

// Dots are a shape at each point (X[i], Y[i]). A point that is not finite is left out.
type Dots struct {
	X, Y    []float64
	Colour  color.Color   // nil is the theme's ink
	Colours []color.Color // one for each dot, instead of Colour
	Alpha   float64       // 0 to 1; 0 is opaque
	Size    float64       // diameter in points; 0 is 4
	Shape   Shape
	Hollow  bool   // the outline only
	Cloud   bool   // a raster layer in SVG and PDF, for more dots than a vector format should hold
	Label   string // in the legend
}

// A Line joins the points (X[i], Y[i]). A point that is not finite makes a gap.
type Line struct {
	X, Y   []float64
	Colour color.Color // nil is the theme's first colour
	Width  float64     // in points; 0 is 1.5
	Dashed bool
	Marker Shape  // at each point; "" for none
	Label  string // in the legend
}

// A Shape is the form of a dot. "" is Circle for Dots, and none for Line.
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
