package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
)

// CSV has the lines of a Table.
var CSV = Format{Name: "csv", Usage: "write CSV", Table: true,
	New: func(w io.Writer, _ Options) Writer { return &csvFile{w: csv.NewWriter(w)} }}

// A csvFile writes the tables of bundles below one line of heads.
type csvFile struct {
	w     *csv.Writer
	begun bool
}

func (f *csvFile) Write(b *Bundle) error {
	if b.Table == nil {
		return errors.New("report: this result has no lines for CSV")
	}
	// An error of a line stays in the writer.
	if !f.begun {
		f.w.Write(b.Table.Columns)
		f.begun = true
	}
	b.Table.Lines(func(fields []string) { f.w.Write(fields) })
	return f.err()
}

func (f *csvFile) Close() error {
	f.w.Flush()
	return f.err()
}

func (f *csvFile) err() error {
	if err := f.w.Error(); err != nil {
		return fmt.Errorf("report: write CSV: %w", err)
	}
	return nil
}
