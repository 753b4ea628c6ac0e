package figure

// Boxes are rows of texts in rounded boxes, each filled with the colour of its
// value, with a label at the left of every row and a row of plain texts below.
type Boxes struct {
	Title   string
	Rows    []string // labels, the first row on top
	Columns int
	Cells   []Cell  // row-major, len(Rows) x Columns; Text and Value are shown
	Map     string  // see ColourMaps; Reds where empty
	Alpha   float64 // of the filling, 0 to 1; 0 is opaque
	Footer  string  // label of the row below, in bold; "" for none
	// FooterTexts stand below the columns, at most Columns of them.
	FooterTexts []string
}

func (b *Boxes) figure() *Figure { return &Figure{Panels: []Panel{b}} }
