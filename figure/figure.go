// Package figure draws figures of any data as PNG, SVG and PDF: axes with dots and lines, heat
// maps, rows of boxes, and grids of shaded texts.
//
// A Figure is a row of panels, and Write draws it. The package needs no libtorch.
package figure

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golens/golens/figure/draw"
)

// A Figure is panels side by side below a title.
type Figure struct {
	Title string // above all panels; a long title is wrapped; "" for none
	// Width and Height are the desired size in inches; 0 is what the content needs. The
	// figure grows beyond them where its texts would be illegible.
	Width, Height float64
	Panels        []Panel
}

// A Panel is one part of a Figure: *Axes, *Heat, *Boxes, *Grid or *Custom.
type Panel interface {
	Drawing
	// check returns an error where the panel contradicts itself.
	check() error
	// part returns the panel made ready to be drawn.
	part(*setting) (part, error)
}

// A Drawing is drawn by Write: a *Figure, or a panel that is a figure by itself.
type Drawing interface {
	figure() *Figure
}

func (f *Figure) figure() *Figure { return f }

// Formats lists the formats of Write, which are also the extensions of its files.
var Formats = draw.Formats

// FormatOf returns the format for the extension of path.
func FormatOf(path string) (string, error) {
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if !slices.Contains(Formats, ext) {
		return "", fmt.Errorf("figure: no figure format for %s: its name must end in .png, .svg or .pdf", path)
	}
	return ext, nil
}

// Options choose how a figure is drawn. The zero Options are good defaults.
type Options struct {
	Width, Height float64 // inches; 0 is the figure's own
	DPI           int     // dots per inch of PNG; 0 is 150, or as many as fit into a megabyte
	Theme         Theme   // "" is Light
	ColourMap     string  // instead of every panel's own; see colormap.Names
	Title         string  // instead of the figure's own
	Transparent   bool    // no background
	BuiltinFonts  bool    // no system fonts, so that every machine draws the same
	MaxColumns    int     // of a Grid: columns in a band; 0 is 20
	Numbers       bool    // of a Grid: the values as numbers below the tokens
}

const (
	defaultDPI        = 150
	leastDPI          = 72 // that is chosen without being asked for
	DefaultColourMap  = "YlGnBu"
	defaultMaxColumns = 20
)

// Write draws d and writes it to w in the given format, "png", "svg" or "pdf". Without a size, a
// figure is as large as its content needs. Content that needs more than o.Width or o.Height is
// made smaller.
//
// A figure stays below a megabyte. A large PNG gets 256 colours, and then fewer dots per inch,
// unless o.DPI asks for more. A grid with thousands of cells loses its texts, and the figure says
// so.
func Write(w io.Writer, format string, d Drawing, o Options) error {
	f := *d.figure()
	if len(f.Panels) == 0 {
		return fmt.Errorf("figure: a figure without panels")
	}
	for _, p := range f.Panels {
		if err := p.check(); err != nil {
			return err
		}
	}
	for _, inches := range []float64{f.Width, f.Height, o.Width, o.Height} {
		if !isNumber(inches) || inches < 0 {
			return fmt.Errorf("figure: a figure cannot be %v inches wide or high", inches)
		}
	}
	if o.DPI < 0 || o.MaxColumns < 0 {
		return fmt.Errorf("figure: a figure's dpi and columns must not be negative")
	}
	if o.Theme == "" {
		o.Theme = Light
	}
	if _, err := ParseTheme(string(o.Theme)); err != nil {
		return err
	}
	b, err := render(&f, format, o)
	if err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("figure: write %s: %w", strings.ToUpper(format), err)
	}
	return nil
}
