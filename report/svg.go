package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"strconv"

	"github.com/go-text/typesetting/font"
	"gonum.org/v1/plot/vg"
)

// An svgSurface writes SVG. It keeps every glyph once and refers to it, which
// makes a grid of tokens a tenth of the size that it has as plain paths, the only
// way that gonum's own SVG canvas offers for outlines.
type svgSurface struct {
	width, height vg.Length
	title         string
	defs, body    bytes.Buffer
	names         map[svgGlyph]int
}

type svgGlyph struct {
	face *font.Face
	id   font.GID
}

var _ surface = (*svgSurface)(nil)

func newSVG(width, height vg.Length, title string) *svgSurface {
	return &svgSurface{width: width, height: height, title: title, names: map[svgGlyph]int{}}
}

func (s *svgSurface) fill(b vg.Rectangle, radius vg.Length, c color.NRGBA) {
	fmt.Fprintf(&s.body, "<rect %s fill=%q/>\n", s.box(b, radius), cssColour(c))
}

func (s *svgSurface) frame(b vg.Rectangle, radius, line vg.Length, c color.NRGBA) {
	fmt.Fprintf(&s.body, "<rect %s fill=\"none\" stroke=%q stroke-width=%q/>\n", s.box(b, radius), cssColour(c), short2(line))
}

// box returns the attributes of a rectangle.
func (s *svgSurface) box(b vg.Rectangle, radius vg.Length) string {
	size := b.Size()
	out := fmt.Sprintf("x=%q y=%q width=%q height=%q", short2(b.Min.X), short2(s.height-b.Max.Y), short2(size.X), short2(size.Y))
	if radius > 0 {
		out += fmt.Sprintf(" rx=%q", short2(radius))
	}
	return out
}

func (s *svgSurface) text(set *typesetter, text string, p vg.Point, size vg.Length, c color.NRGBA) {
	upem := vg.Length(set.face.Upem())
	fmt.Fprintf(&s.body, "<g fill=%q transform=\"translate(%s %s) scale(%.4g)\">",
		cssColour(c), short2(p.X), short2(s.height-p.Y), float64(size/upem))
	for _, g := range set.line(text).glyphs {
		name, ok := s.glyph(set, g.id)
		if !ok {
			continue
		}
		fmt.Fprintf(&s.body, "<use href=\"#g%d\" x=\"%.0f\"", name, g.x*float64(upem))
		if g.y != 0 {
			fmt.Fprintf(&s.body, " y=\"%.0f\"", -g.y*float64(upem))
		}
		s.body.WriteString("/>")
	}
	s.body.WriteString("</g>\n")
}

// glyph returns the number of a glyph's definition, which is made at its first
// use in the font's own units, or false for a glyph without an outline.
func (s *svgSurface) glyph(set *typesetter, id font.GID) (int, bool) {
	key := svgGlyph{set.face, id}
	if n, ok := s.names[key]; ok {
		return n, n >= 0
	}
	outline, ok := set.face.GlyphDataOutline(id)
	if !ok || len(outline.Segments) == 0 {
		s.names[key] = -1
		return 0, false
	}
	var path vg.Path
	appendOutline(&path, outline, vg.Point{}, 1)
	n := len(s.names)
	s.names[key] = n
	fmt.Fprintf(&s.defs, "<path id=\"g%d\" d=%q/>\n", n, pathData(path))
	return n, true
}

// pathData returns a glyph as SVG writes it, where y is counted downwards.
func pathData(path vg.Path) string {
	var b []byte
	point := func(p vg.Point) {
		b = append(b, short2(p.X)...)
		b = append(b, ' ')
		b = append(b, short2(-p.Y)...)
	}
	for _, c := range path {
		switch c.Type {
		case vg.MoveComp:
			b = append(b, 'M')
			point(c.Pos)
		case vg.LineComp:
			b = append(b, 'L')
			point(c.Pos)
		case vg.CurveComp: // cubic ones; see appendOutline
			b = append(b, 'C')
			for _, p := range c.Control {
				point(p)
				b = append(b, ' ')
			}
			point(c.Pos)
		case vg.CloseComp:
			b = append(b, 'Z')
		}
	}
	return string(b)
}

// WriteTo writes the document. Its title is what a screen reader says.
func (s *svgSurface) WriteTo(w io.Writer) (int64, error) {
	var doc bytes.Buffer
	width, height := short2(s.width), short2(s.height)
	fmt.Fprintf(&doc, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%spt\" height=\"%spt\" viewBox=\"0 0 %s %s\" role=\"img\">\n",
		width, height, width, height)
	doc.WriteString("<title>")
	xml.EscapeText(&doc, []byte(s.title)) // a buffer takes all
	doc.WriteString("</title>\n<defs>\n")
	doc.Write(s.defs.Bytes())
	doc.WriteString("</defs>\n")
	doc.Write(s.body.Bytes())
	doc.WriteString("</svg>\n")
	return doc.WriteTo(w)
}

// short2 returns a length with at most two decimals.
func short2(l vg.Length) string {
	b := strconv.AppendFloat(nil, float64(l), 'f', 2, 64)
	b = bytes.TrimRight(b, "0")
	b = bytes.TrimRight(b, ".")
	if string(b) == "-0" {
		return "0"
	}
	return string(b)
}

func cssColour(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
