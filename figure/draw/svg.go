package draw

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"
)

// An svgCanvas writes SVG. Glyphs, texts, boxes and stamps are defined once and
// used where they are wanted, which makes a grid of tokens a tenth of the size
// that it has as plain paths.
type svgCanvas struct {
	o          Options
	defs, body bytes.Buffer
	names      map[any]string // by what is defined
	scale      string         // of the open group of texts, "" where none is open
	err        error
}

var _ Canvas = (*svgCanvas)(nil)

func newSVG(o Options) *svgCanvas { return &svgCanvas{o: o, names: map[any]string{}} }

type svgBox struct{ w, h, radius string }

type svgText struct {
	t *Type
	s string
}

// define returns the name of a definition, and whether it has still to be written.
func (s *svgCanvas) define(key any, letter string) (name string, isNew bool) {
	if name, ok := s.names[key]; ok {
		return name, false
	}
	name = letter + strconv.FormatInt(int64(len(s.names)), 36)
	s.names[key] = name
	return name, true
}

// endTexts closes the group of texts, if one is open.
func (s *svgCanvas) endTexts() {
	if s.scale != "" {
		s.body.WriteString("</g>\n")
		s.scale = ""
	}
}

func (s *svgCanvas) Box(r Rect, radius float64, c color.NRGBA) {
	s.endTexts()
	b := svgBox{short(r.W), short(r.H), short(radius)}
	if radius <= 0 {
		fmt.Fprintf(&s.body, "<rect x=%q y=%q width=%q height=%q%s/>\n", short(r.X), short(r.Y), b.w, b.h, fill(c))
		return
	}
	name, isNew := s.define(b, "b")
	if isNew {
		fmt.Fprintf(&s.defs, "<rect id=%q width=%q height=%q rx=%q/>\n", name, b.w, b.h, b.radius)
	}
	fmt.Fprintf(&s.body, "<use href=\"#%s\" x=%q y=%q%s/>\n", name, short(r.X), short(r.Y), fill(c))
}

func (s *svgCanvas) Fill(p Path, c color.NRGBA) {
	s.endTexts()
	fmt.Fprintf(&s.body, "<path d=%q%s/>\n", pathData(p), fill(c))
}

func (s *svgCanvas) Line(points []Point, pen Pen) {
	if len(points) < 2 {
		return
	}
	s.endTexts()
	shape := "polyline"
	if isClosed(points) { // with a bend where it ends
		shape, points = "polygon", points[:len(points)-1]
	}
	fmt.Fprintf(&s.body, `<%s fill="none" stroke-linejoin="round" points="`, shape)
	for i, p := range points {
		if i > 0 {
			s.body.WriteByte(' ')
		}
		s.body.WriteString(short(p.X) + "," + short(p.Y))
	}
	dashes := ""
	if pattern := pen.pattern(); pattern != nil {
		dashes = fmt.Sprintf(` stroke-dasharray="%s"`, shorts(pattern))
		if pen.Offset != 0 {
			dashes += fmt.Sprintf(` stroke-dashoffset="%s"`, short(pen.Offset))
		}
	}
	fmt.Fprintf(&s.body, "\" stroke=%q%s stroke-width=%q%s/>\n", css(pen.Colour), opacity("stroke", pen.Colour), short(pen.Width), dashes)
}

// Text draws in units of the font, so that a text is defined once for all sizes.
func (s *svgCanvas) Text(t *Type, text string, p Point, size, angle float64, c color.NRGBA) {
	name := s.text(t, text)
	scale := strconv.FormatFloat(size/t.upem(), 'g', 4, 64)
	if angle != 0 {
		s.endTexts()
		fmt.Fprintf(&s.body, "<use href=\"#%s\" transform=\"translate(%s %s) rotate(%s) scale(%s)\"%s/>\n", name, short(p.X), short(p.Y), short(-angle*180/math.Pi), scale, fill(c))
		return
	}
	if s.scale != scale {
		s.endTexts()
		fmt.Fprintf(&s.body, "<g transform=\"scale(%s)\">\n", scale)
		s.scale = scale
	}
	unit, _ := strconv.ParseFloat(scale, 64) // as it is written
	fmt.Fprintf(&s.body, "<use href=\"#%s\" x=\"%.0f\" y=\"%.0f\"%s/>\n", name, p.X/unit, p.Y/unit, fill(c))
}

// text returns the name of a text's definition.
func (s *svgCanvas) text(t *Type, text string) string {
	name, isNew := s.define(svgText{t, text}, "t")
	if !isNew {
		return name
	}
	var uses bytes.Buffer
	for _, g := range t.line(text).glyphs {
		shape := g.path()
		if len(shape) == 0 {
			continue
		}
		glyph, isNew := s.define(g.glyph, "g")
		if isNew {
			// A font of other units is brought to those of the built-in one, of which
			// the eye sees no part.
			k := t.upem() / g.upem()
			shape = shape.Transform(func(p Point) Point { return Point{math.Round(p.X * k), math.Round(p.Y * k)} })
			fmt.Fprintf(&s.defs, "<path id=%q d=%q/>\n", glyph, pathData(shape))
		}
		fmt.Fprintf(&uses, "<use href=\"#%s\"", glyph)
		if g.x != 0 {
			fmt.Fprintf(&uses, " x=\"%.0f\"", g.x*t.upem())
		}
		if g.y != 0 {
			fmt.Fprintf(&uses, " y=\"%.0f\"", g.y*t.upem())
		}
		uses.WriteString("/>")
	}
	fmt.Fprintf(&s.defs, "<g id=%q>%s</g>\n", name, uses.Bytes())
	return name
}

func (s *svgCanvas) Stamp(st Stamps) {
	if st.Raster {
		m, r := rasterLayer(st, s.o.LayerDPI)
		s.embed(r, m, "")
		return
	}
	s.endTexts()
	data := pathData(st.Shape)
	name, isNew := s.define(data, "s")
	if isNew {
		fmt.Fprintf(&s.defs, "<path id=%q d=%q/>\n", name, data)
	}
	if len(st.Colours) == 1 && len(st.At) > 1 {
		fmt.Fprintf(&s.body, "<g%s>\n", fill(st.Colours[0]))
		defer s.body.WriteString("</g>\n")
	}
	for i, p := range st.At {
		own := ""
		if len(st.Colours) > 1 || len(st.At) == 1 {
			own = fill(st.colour(i))
		}
		fmt.Fprintf(&s.body, "<use href=\"#%s\" x=%q y=%q%s/>\n", name, short(p.X), short(p.Y), own)
	}
}

func (s *svgCanvas) Image(r Rect, m image.Image) {
	s.embed(r, enlarged(m), ` style="image-rendering:pixelated"`)
}

func (s *svgCanvas) embed(r Rect, m *image.RGBA, more string) {
	s.endTexts()
	b, err := encodePNG(m, s.o.Limit*3/5) // base64 takes a third more
	if err != nil {
		s.err = err
	}
	fmt.Fprintf(&s.body, "<image x=%q y=%q width=%q height=%q preserveAspectRatio=\"none\"%s href=\"data:image/png;base64,%s\"/>\n",
		short(r.X), short(r.Y), short(r.W), short(r.H), more, base64.StdEncoding.EncodeToString(b))
}

// WriteTo writes the document.
func (s *svgCanvas) WriteTo(w io.Writer) (int64, error) {
	s.endTexts()
	if s.err != nil {
		return 0, fmt.Errorf("write SVG: %w", s.err)
	}
	var doc bytes.Buffer
	width, height := short(s.o.Width), short(s.o.Height)
	fmt.Fprintf(&doc, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%spt\" height=\"%spt\" viewBox=\"0 0 %s %s\" role=\"img\">\n",
		width, height, width, height)
	doc.WriteString("<title>")
	xml.EscapeText(&doc, []byte(s.o.Title)) // a buffer takes all
	doc.WriteString("</title>\n<defs>\n")
	doc.Write(s.defs.Bytes())
	doc.WriteString("</defs>\n")
	doc.Write(s.body.Bytes())
	doc.WriteString("</svg>\n")
	n, err := doc.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write SVG: %w", err)
	}
	return n, nil
}

// pathData returns a path as SVG writes it.
func pathData(p Path) string {
	var b []byte
	for _, s := range p {
		switch s.op {
		case moveTo:
			b = appendPoints(append(b, 'M'), s.p[:1])
		case lineTo:
			b = appendPoints(append(b, 'L'), s.p[:1])
		case cubeTo:
			b = appendPoints(append(b, 'C'), s.p[:])
		case closed:
			b = append(b, 'Z')
		}
	}
	return string(b)
}

func appendPoints(b []byte, points []Point) []byte {
	for i, p := range points {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(append(append(b, short(p.X)...), ' '), short(p.Y)...)
	}
	return b
}

// short returns a number with at most two decimals.
func short(x float64) string {
	b := strconv.AppendFloat(nil, x, 'f', 2, 64)
	b = bytes.TrimRight(b, "0")
	b = bytes.TrimRight(b, ".")
	if string(b) == "-0" {
		return "0"
	}
	return string(b)
}

// shorts returns numbers with spaces between them.
func shorts(list []float64) string {
	var out []string
	for _, x := range list {
		out = append(out, short(x))
	}
	return strings.Join(out, " ")
}

func css(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// fill returns the attributes that fill with a colour; black is what SVG fills with.
func fill(c color.NRGBA) string {
	if c == (color.NRGBA{A: 255}) {
		return ""
	}
	return fmt.Sprintf(" fill=%q%s", css(c), opacity("fill", c))
}

func opacity(what string, c color.NRGBA) string {
	if c.A == 255 {
		return ""
	}
	return fmt.Sprintf(" %s-opacity=%q", what, strconv.FormatFloat(float64(c.A)/255, 'g', 3, 64))
}
