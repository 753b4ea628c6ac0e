// Package draw puts shapes, text and images on PNG, SVG and PDF, with the same result in all
// three.
//
// Lengths are in points, 1/72 inch, from the upper left corner; y grows downwards. Text is drawn
// as outlines. So no format needs a font where it is viewed, and all contain every script of the
// fonts on this machine. Repeated glyphs, words and dots are stored once.
package draw

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strings"
)

// Formats lists the formats of New.
var Formats = []string{"png", "svg", "pdf"}

// A Canvas is a surface to draw on. Colours can be translucent. WriteTo ends it.
type Canvas interface {
	// Box fills a rectangle with round corners.
	Box(r Rect, radius float64, c color.NRGBA)
	// Fill fills the inside of p by the nonzero winding rule.
	Fill(p Path, c color.NRGBA)
	// Line draws a line through the points, with round joins.
	Line(points []Point, pen Pen)
	// Text draws s with its baseline beginning at p. The baseline is turned to the left
	// by an angle in radians: 0 for a line from left to right, Upwards for one from below.
	Text(t *Type, s string, p Point, size, angle float64, c color.NRGBA)
	// Stamp draws one shape at many places.
	Stamp(s Stamps)
	// Image draws m over r, each dot of it as a rectangle.
	Image(r Rect, m image.Image)
	io.WriterTo
}

// Upwards is the angle of a text that is read from below.
const Upwards = math.Pi / 2

// A Pen is the style of a line. Lines have straight ends and round joins.
type Pen struct {
	Width  float64
	Colour color.NRGBA
	// Dashes are the lengths of a dash, of the gap after it, and so on in turns; nil for
	// a whole line. Offset is how far into them the line begins.
	Dashes []float64
	Offset float64
}

// Dashes returns the usual dashes of a line: about four widths long, with gaps of about two.
func Dashes(width float64) []float64 { return []float64{3.7 * width, 1.6 * width} }

// pattern returns the lengths of dashes and gaps, an even number of them, nil for a whole
// line. Lengths that are no dashes count as none.
func (p Pen) pattern() []float64 {
	sum := 0.0
	for _, d := range p.Dashes {
		if !(d >= 0) || math.IsInf(d, 0) {
			return nil
		}
		sum += d
	}
	switch {
	case sum <= 0 || p.Width <= 0:
		return nil
	case len(p.Dashes)%2 == 1:
		return append(append([]float64(nil), p.Dashes...), p.Dashes...)
	}
	return p.Dashes
}

// Stamps are many copies of a shape.
type Stamps struct {
	Shape   Path // around (0,0)
	At      []Point
	Colours []color.NRGBA // one a place, or one for all
	// Raster asks vector formats for an image of the stamps, which is as large as
	// Within and cut there.
	Raster bool
	Within Rect
}

func (s Stamps) colour(i int) color.NRGBA {
	if len(s.Colours) == 1 {
		return s.Colours[0]
	}
	return s.Colours[i]
}

// Options describe a canvas.
type Options struct {
	Width, Height float64     // points
	DPI           float64     // dots per inch of PNG
	Title         string      // what a screen reader says, in SVG and PDF
	Ground        color.NRGBA // of the whole; none where its alpha is 0
	LayerDPI      float64     // dots per inch of raster layers in SVG and PDF, 200 where 0
	// Limit is the number of bytes above which an image is written in 256 colours;
	// 0 for none.
	Limit int
}

// Transparent is a canvas without background.
var Transparent color.NRGBA

// MaxPixels is the largest number of dots in a PNG that viewers open and memory holds.
const MaxPixels = 100e6

// New returns an empty canvas of a format, "png", "svg" or "pdf".
func New(format string, o Options) (Canvas, error) {
	var c Canvas
	switch format {
	case "png":
		if dots := o.Width * o.Height * o.DPI * o.DPI / (72 * 72); dots > MaxPixels {
			return nil, fmt.Errorf("a PNG of %.0f megapixels is too large: choose fewer dots per inch, a smaller figure, or SVG", dots/1e6)
		}
		return newPNG(o), nil
	case "svg":
		c = newSVG(o)
	case "pdf":
		c = newPDF(o)
	default:
		return nil, fmt.Errorf("no figure format %q; there are %s", format, strings.Join(Formats, ", "))
	}
	if o.Ground.A > 0 {
		c.Box(Rect{0, 0, o.Width, o.Height}, 0, o.Ground)
	}
	return c, nil
}
