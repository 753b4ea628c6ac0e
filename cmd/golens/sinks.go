package main

import (
	"errors"
	"io"
	"strconv"

	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

// A file is a place where results go, and how they are written there.
type file struct {
	flag, path string
	open       func(io.Writer) sink
	plot       plot // of a figure

	on   *atomicfile.File // nil for standard output
	sink sink
}

// begin opens the file, which is dropped in the end unless it was completed.
func (f *file) begin(stdout io.Writer) error {
	w := stdout
	if f.path != "-" {
		var err error
		if f.on, err = atomicfile.Create(f.path); err != nil {
			return err
		}
		w = f.on
	}
	f.sink = f.open(w)
	return nil
}

func (f *file) drop() {
	if f.on != nil {
		f.on.Drop()
	}
}

// fileCause returns the error of the file at fault, without the format's words
// around it.
func fileCause(err error) error {
	var at *atomicfile.Error
	if errors.As(err, &at) {
		return at
	}
	return err
}

// A sink writes one result after the other in a format. Close ends the file that
// they make; it does not close the writer below.
type sink interface {
	Write(i int, r *lens.Result) error
	Close() error
}

type jsonSink struct {
	w       io.Writer
	options data.JSONOptions
}

func (s jsonSink) Write(_ int, r *lens.Result) error { return data.JSON(s.w, r, s.options) }
func (s jsonSink) Close() error                      { return nil }

type csvSink struct{ *data.CSV }

func (s csvSink) Write(_ int, r *lens.Result) error { return s.CSV.Write(r) }

type npzSink struct {
	*data.NPZ
	many bool // the arrays of each result have its number in front
}

func (s npzSink) Write(i int, r *lens.Result) error {
	prefix := ""
	if s.many {
		prefix = strconv.Itoa(i) + "/"
	}
	return s.NPZ.Write(prefix, r)
}

type plotSink struct {
	w    io.Writer
	plot plot
	view string
	grid report.GridOptions
}

func (s plotSink) Write(_ int, r *lens.Result) error {
	d, err := report.LensView(s.view, r, s.grid)
	if err != nil {
		return err
	}
	return s.plot.draw(s.w, d)
}
func (s plotSink) Close() error { return nil }
