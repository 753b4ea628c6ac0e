package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/atomicfile"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/page"
)

// A made is a result, for every place where it may go.
type made struct {
	bundle  func() (*data.Bundle, error)
	drawing func() (figure.Drawing, error)
	lens    *lens.Result // for pages and logitlenskit's layout
}

// A writer writes one result after the other in a format. Close ends what they make; it
// does not close the file below.
type writer interface {
	Write(*made) error
	Close() error
}

// A file is a place where results go, and how they are written there.
type file struct {
	flag, path string
	manifest   bool // it says what made the results
	open       func(io.Writer, *file) writer

	on     []*atomicfile.File // none for standard output
	writer writer
}

// begin opens the file, which is dropped in the end unless it was completed.
func (f *file) begin(stdout io.Writer) error {
	w := stdout
	if f.path != "-" {
		var err error
		if w, err = f.create(""); err != nil {
			return err
		}
	}
	f.writer = f.open(w, f)
	return nil
}

// create opens a file of these results, with some text behind the name of the first.
func (f *file) create(behind string) (io.Writer, error) {
	if f.path == "-" {
		return nil, errors.New("this format has several files, and standard output takes one: give a file name")
	}
	ext := filepath.Ext(f.path)
	on, err := atomicfile.Create(strings.TrimSuffix(f.path, ext) + behind + ext)
	if err != nil {
		return nil, err
	}
	f.on = append(f.on, on)
	return on, nil
}

func (f *file) drop() {
	for _, on := range f.on {
		on.Drop()
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

// dataWriter writes in a format of package data.
type dataWriter struct{ data.Writer }

func (w dataWriter) Write(m *made) error {
	b, err := m.bundle()
	if err != nil {
		return err
	}
	return w.Writer.Write(b)
}

// A writeFunc is a writer of one result.
type writeFunc func(*made) error

func (f writeFunc) Write(m *made) error { return f(m) }
func (f writeFunc) Close() error        { return nil }

// plotWriter draws a result.
func plotWriter(w io.Writer, p plot) writer {
	return writeFunc(func(m *made) error {
		d, err := m.drawing()
		if err != nil {
			return err
		}
		return p.draw(w, d)
	})
}

// kitWriter writes the layout of logitlenskit.
func kitWriter(w io.Writer, n *notes) writer {
	return writeFunc(func(m *made) error {
		note, err := data.LogitLensKit(w, m.lens, time.Now())
		if note != "" {
			n.warn("", note)
		}
		return err
	})
}

// A pageWriter keeps the results until all are there.
type pageWriter struct {
	w       io.Writer
	options page.Options
	results []*lens.Result
}

func (p *pageWriter) Write(m *made) error {
	kept := *m.lens
	kept.Hidden, kept.Logits = nil, nil // the page has no use for them
	p.results = append(p.results, &kept)
	return nil
}

func (p *pageWriter) Close() error { return page.Write(p.w, p.results, p.options) }
