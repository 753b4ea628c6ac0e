package figure

// A Grid is a table of short texts, each shaded by a value; usually layers by tokens. It says what
// to show, and a terminal or Write draws it. All its texts must be safe to show (see package
// internal/visible).
type Grid struct {
	Title   string
	Corner  string // above the row labels, such as "layer"
	Columns []Head
	Rows    []Head
	Cells   []Cell // row-major, len(Rows) x len(Columns)

	Scale Scale
	Mark  string // the meaning of a marked cell, such as "the text's own next token"

	Footers []Footer // unshaded rows below, such as the tokens that really follow
	Notes   []string // sentences below all
}

// A Head names a column or a row.
type Head struct {
	Text string
	Note string // less important, such as the position in the prompt
}

// A Cell is one field of a Grid.
type Cell struct {
	Text   string
	Number string  // the value for people, as short as possible, such as "87"
	Value  float64 // the place of the cell on the scale, 0 to 1; NaN for unknown
	Marked bool
}

// A Footer is a row without shading: a label, and a text for each column.
type Footer struct {
	Label string
	Cells []string
}

// A Scale says what the shading of a Grid means.
type Scale struct {
	Name   string // of the quantity, with its unit: "probability", "entropy in nats"
	Number string // what Cell.Number is, such as "probability in percent"; "" where there are none
	Ticks  []Tick // rising; the first at 0, the last at 1
	// Always says that the numbers belong to the cell's text and are shown
	// wherever the grid is drawn, not only where there is no colour.
	Always bool
}

// A Tick is a mark on a scale.
type Tick struct {
	At   float64 // 0 to 1
	Text string
}

// At returns the cell in row r and column c.
func (g *Grid) At(r, c int) Cell { return g.Cells[r*len(g.Columns)+c] }

// A Table is plain columns of text under headings.
type Table struct {
	Columns []TableColumn
	Rows    [][]string
	Notes   []string // sentences below
}

// A TableColumn is the heading of one column of a Table.
type TableColumn struct {
	Head  string
	Right bool // numbers stand at the right
}
