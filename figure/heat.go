package figure

import (
	"cmp"
	"image/color"
	"math"

	"github.com/golens/golens/figure/colormap"
)

// A Heat is a matrix of values as coloured cells.
type Heat struct {
	Title          string
	XLabel, YLabel string
	// Rows and Columns are the tick labels; "" leaves one out. Their lengths are the size of
	// the matrix.
	Rows, Columns []string
	Values        []float64 // row-major, len(Rows) x len(Columns); NaN is blank
	Texts         []string  // in the cells, nil for none
	// Map names the colours, see colormap.Names; "" is YlGnBu. Values outside of Min and Max
	// have the colours of the ends.
	Map      string
	Min, Max float64 // values of the map's ends; if both are 0, those of the data
	// Flat, if above 0, paints every cell in the colour of Map at this fraction of its range,
	// whatever the values are: a plain background for Texts.
	Flat       float64
	FirstBelow bool // the first row is at the bottom, not at the top
	Square     bool // cells are as high as wide
	Bar        bool // a colour bar at the right
	BarLabel   string
}

func (h *Heat) figure() *Figure { return &Figure{Panels: []Panel{h}} }

// Shades returns the colour of each value, and false for a blank cell.
func (h *Heat) Shades() (func(v float64) (color.NRGBA, bool), error) {
	ramp, err := colormap.New(cmp.Or(h.Map, DefaultColourMap))
	if err != nil {
		return nil, err
	}
	return h.shades(ramp), nil
}

// shades is Shades with another colour map.
func (h *Heat) shades(ramp *colormap.Map) func(v float64) (color.NRGBA, bool) {
	scale := valueScale(h)
	return func(v float64) (color.NRGBA, bool) {
		switch {
		case math.IsNaN(v):
			return color.NRGBA{}, false
		case h.Flat > 0:
			return ramp.At(h.Flat), true
		}
		return ramp.At(scale.at(v)), true
	}
}
