package figure

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/golens/golens/figure/draw"
)

// A Figure is one drawing: panels side by side below a title.
type Figure struct {
	Title string // over all panels; a long one is wrapped; "" for none
	// Width and Height are the wished size in inches; 0 is what the content needs.
	// The figure grows beyond them where its texts would else be illegible.
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

// A Drawing is what WriteFigure draws: a *Figure, or a panel that is a figure by itself.
type Drawing interface {
	figure() *Figure
}

func (f *Figure) figure() *Figure { return f }

// Formats lists the formats of WriteFigure, which are also the extensions
// of its files.
var Formats = draw.Formats

// FormatOf returns the format that the extension of path names.
func FormatOf(path string) (string, error) {
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if !slices.Contains(Formats, ext) {
		return "", fmt.Errorf("figure: no figure format for %s: its name must end in .png, .svg or .pdf", path)
	}
	return ext, nil
}

// FigureOptions choose how a figure is drawn; the zero value is good.
type Options struct {
	Width, Height float64 // inches, in place of the figure's own; 0 is the figure's own
	DPI           int     // dots per inch of PNG; where 0, 150 or as many as fit into a megabyte
	Theme         Theme   // Light where empty
	ColourMap     string  // in place of every panel's own; see ColourMaps
	Title         string  // in place of the figure's own
	Transparent   bool    // no ground
	BuiltinFonts  bool    // no fonts of the system, so that every machine draws the same
	MaxColumns    int     // of a Grid: columns side by side before a further band begins, 20 where 0
	Numbers       bool    // of a Grid: the values as numbers below the tokens
}

const (
	defaultDPI        = 150
	leastDPI          = 72 // that is chosen without being asked for
	DefaultColourMap  = "YlGnBu"
	defaultMaxColumns = 20
)

// WriteFigure draws d and writes it to w in the given format, "png", "svg" or
// "pdf". Without a size, a figure is as large as its content needs; content that
// needs more than o.Width or o.Height is made smaller.
//
// A figure is kept under a megabyte: a large one has 256 colours, then fewer dots
// per inch unless o.DPI asks for them, and cells in their thousands lose their
// texts, which the figure says.
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
