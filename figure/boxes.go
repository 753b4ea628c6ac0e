package figure

// Boxes are rows of texts in rounded boxes. Each box is filled with the colour of its value. A
// label stands at the left of every row, and a row of plain texts below.
type Boxes struct {
	Title   string
	Rows    []string // labels; the first row is at the top
	Columns int
	Cells   []Cell  // row-major, len(Rows) x Columns; Text and Value are shown
	Map     string  // see colormap.Names; "" is Reds
	Alpha   float64 // opacity of the filling, 0 to 1; 0 is opaque
	Footer  string  // label of the row below, in bold; "" for none
	// FooterTexts stand below the columns, at most Columns of them.
	FooterTexts []string
}

func (b *Boxes) figure() *Figure { return &Figure{Panels: []Panel{b}} }
