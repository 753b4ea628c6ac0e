package figure

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
