package data

import (
	"io"
)

// A Format is a way to write results to a file. A new one is a variable of this type in
// a file of its own, and an entry in Formats.
type Format struct {
	Name     string // of its flag, and the ending of its files: "json"
	Usage    string // what it does, for people: "write JSON"
	Manifest bool   // its files say what made the results, and name the weights
	Table    bool   // it writes a Bundle's Table, which not every result has
	New      func(w io.Writer, o Options) Writer
}

// Formats lists all formats.
var Formats = []Format{JSON, CSV, NPZ}

// A Writer writes one result after the other. Close ends what they make; it does not
// close the file below.
type Writer interface {
	Write(*Bundle) error
	Close() error
}

// Options say how results are written.
type Options struct {
	Several bool     // results come one after the other: JSON lines, and numbers in front of NPZ's names
	Large   []string // arrays that JSON writes too, though they are large
	// Create opens a further file of the same results, for a format that has several. The
	// file's name has the text behind that of the first. Nil where there can be no other.
	Create func(behind string) (io.Writer, error)
}
