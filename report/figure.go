package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// A Figure is one drawing: panels side by side below a title.
type Figure struct {
	Title string // over all panels; a long one is wrapped; "" for none
	// Width and Height are the wished size in inches; 0 is what the content needs.
	// The figure grows beyond them where its texts would else be illegible.
	Width, Height float64
	Panels        []Panel
}

// A Panel is one part of a Figure: *Axes, *Heat, *Boxes or *Grid.
type Panel interface {
	Drawing
	// check returns an error where the panel contradicts itself.
	check() error
}

// A Drawing is what WriteFigure draws: a *Figure, or a panel that is a figure by itself.
type Drawing interface {
	figure() *Figure
}

func (f *Figure) figure() *Figure { return f }

// FigureFormats lists the formats of WriteFigure, which are also the extensions
// of its files.
var FigureFormats = []string{"png", "svg", "pdf"}

// FigureFormat returns the format that the extension of path names.
func FigureFormat(path string) (string, error) {
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if !slices.Contains(FigureFormats, ext) {
		return "", fmt.Errorf("report: no figure format for %s: its name must end in .png, .svg or .pdf", path)
	}
	return ext, nil
}

// FigureOptions choose how a figure is drawn; the zero value is good.
type FigureOptions struct {
	Width, Height float64 // inches, in place of the figure's own; 0 is the figure's own
	DPI           int     // dots per inch of PNG, 150 where 0
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
	defaultColourMap  = "YlGnBu"
	defaultMaxColumns = 20
	// maxPixels keeps a PNG within what viewers open and memory holds.
	maxPixels = 100e6
)

// WriteFigure draws g as a heat map with its texts in the cells and writes it to
// w in the given format, "png", "svg" or "pdf". Without a size in o, the figure is
// as large as its rows and columns need; with one, it is scaled to fit.
func WriteFigure(w io.Writer, format string, d Drawing, o FigureOptions) error {
	f := d.figure()
	if len(f.Panels) == 0 {
		return fmt.Errorf("report: a figure without panels")
	}
	for _, p := range f.Panels {
		if err := p.check(); err != nil {
			return err
		}
	}
	g, ok := f.Panels[0].(*Grid)
	if !ok {
		return fmt.Errorf("report: only a grid can be drawn")
	}
	if o.Width < 0 || o.Height < 0 || o.DPI < 0 || o.MaxColumns < 0 {
		return fmt.Errorf("report: a figure's width, height, dpi and columns must not be negative")
	}
	if o.ColourMap == "" {
		o.ColourMap = defaultColourMap
	}
	if o.MaxColumns == 0 {
		o.MaxColumns = defaultMaxColumns
	}
	if o.DPI == 0 {
		o.DPI = defaultDPI
	}
	h, err := newHeatmap(g, o)
	if err != nil {
		return err
	}
	width, height, scale := h.size(o)
	on, out, err := newSurface(format, width, height, o.DPI, g.Title)
	if err != nil {
		return err
	}
	h.draw(&page{
		on: on, width: width, height: height, scale: scale,
		dx: (width - h.width*scale) / 2, dy: (height - h.height*scale) / 2,
	})
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("report: write %s: %w", strings.ToUpper(format), err)
	}
	return nil
}

// newSurface returns a surface of the given size, and what writes it in its format.
func newSurface(format string, w, h vg.Length, dpi int, title string) (surface, io.WriterTo, error) {
	switch format {
	case "png":
		if dots := w.Dots(float64(dpi)) * h.Dots(float64(dpi)); dots > maxPixels {
			return nil, nil, fmt.Errorf("report: a PNG of %.0f megapixels is too large: choose fewer positions, fewer dots per inch, or SVG", dots/1e6)
		}
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(dpi))}
		return vgSurface{c}, c, nil
	case "svg":
		s := newSVG(w, h, title)
		return s, s, nil
	case "pdf":
		c := vgpdf.New(w, h)
		return vgSurface{c}, c, nil
	}
	return nil, nil, fmt.Errorf("report: no figure format %q; there are %s", format, strings.Join(FigureFormats, ", "))
}
