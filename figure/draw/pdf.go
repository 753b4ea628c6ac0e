package draw

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
)

// A pdfCanvas writes one page of PDF 1.4. Glyphs and stamps are forms that are
// kept once. The same drawing gives the same bytes.
type pdfCanvas struct {
	o       Options
	page    bytes.Buffer
	objects [][]byte // from number firstFree on
	forms   map[any]string
	names   bytes.Buffer // the page's forms and images
	alphas  map[uint8]bool
	fill    color.NRGBA // the current colour of filling
	alpha   uint8
}

var _ Canvas = (*pdfCanvas)(nil)

// The numbers of the objects that every document has.
const (
	pdfCatalog = iota + 1
	pdfPages
	pdfPage
	pdfContent
	pdfInfo
	pdfResources
	firstFree
)

func newPDF(o Options) *pdfCanvas {
	c := &pdfCanvas{o: o, forms: map[any]string{}, alphas: map[uint8]bool{}, fill: color.NRGBA{A: 255}, alpha: 255}
	fmt.Fprintf(&c.page, "1 0 0 -1 0 %s cm\n", short(o.Height)) // y downwards
	return c
}

// paint makes c the colour of filling.
func (d *pdfCanvas) paint(c color.NRGBA) {
	d.opacity(c.A)
	if c.R != d.fill.R || c.G != d.fill.G || c.B != d.fill.B {
		d.page.WriteString(rgb(c) + " rg\n")
		d.fill = c
	}
}

func (d *pdfCanvas) opacity(a uint8) {
	d.alphas[a] = true
	if a != d.alpha {
		fmt.Fprintf(&d.page, "/a%d gs\n", a)
		d.alpha = a
	}
}

func rgb(c color.NRGBA) string {
	part := func(v uint8) string { return strconv.FormatFloat(float64(v)/255, 'f', 3, 64) }
	return part(c.R) + " " + part(c.G) + " " + part(c.B)
}

func (d *pdfCanvas) Box(r Rect, radius float64, c color.NRGBA) {
	d.paint(c)
	if radius <= 0 {
		fmt.Fprintf(&d.page, "%s %s %s %s re f\n", short(r.X), short(r.Y), short(r.W), short(r.H))
		return
	}
	key := svgBox{short(r.W), short(r.H), short(radius)}
	name, ok := d.forms[key]
	if !ok {
		name = d.form(key, Rounded(Rect{0, 0, r.W, r.H}, radius))
	}
	fmt.Fprintf(&d.page, "q 1 0 0 1 %s %s cm /%s Do Q\n", short(r.X), short(r.Y), name)
}

func (d *pdfCanvas) Fill(p Path, c color.NRGBA) {
	d.paint(c)
	d.page.Write(pdfPath(p))
	d.page.WriteString("f\n")
}

func (d *pdfCanvas) Line(points []Point, pen Pen) {
	if len(points) < 2 {
		return
	}
	d.opacity(pen.Colour.A)
	dashes := ""
	if pattern := pen.pattern(); pattern != nil {
		dashes = shorts(pattern)
	}
	fmt.Fprintf(&d.page, "%s RG %s w 1 j [%s] %s d\n", rgb(pen.Colour), short(pen.Width), dashes, short(pen.Offset))
	end := "S\n"
	if isClosed(points) {
		points, end = points[:len(points)-1], "s\n" // with a bend where it ends
	}
	for i, p := range points {
		op := 'l'
		if i == 0 {
			op = 'm'
		}
		fmt.Fprintf(&d.page, "%s %s %c ", short(p.X), short(p.Y), op)
	}
	d.page.WriteString(end)
}

func (d *pdfCanvas) Text(t *Type, s string, p Point, size, angle float64, c color.NRGBA) {
	d.paint(c)
	k := strconv.FormatFloat(size, 'f', 3, 64)
	matrix := k + " 0 0 " + k
	switch {
	case angle == Upwards:
		matrix = "0 -" + k + " " + k + " 0"
	case angle != 0:
		sin, cos := math.Sincos(angle)
		matrix = fmt.Sprintf("%.4f %.4f %.4f %.4f", size*cos, -size*sin, size*sin, size*cos)
	}
	fmt.Fprintf(&d.page, "q %s %s %s cm", matrix, short(p.X), short(p.Y))
	// Each glyph is placed from the one before: the same word is the same text,
	// which the compression finds again.
	var x, y float64
	for _, g := range t.line(s).glyphs {
		name, ok := d.forms[g.glyph]
		if !ok {
			name = d.glyph(g.glyph)
		}
		if name == "" {
			continue
		}
		dx, dy := thousandth(g.x-x), thousandth(g.y-y)
		if dx != 0 || dy != 0 {
			fmt.Fprintf(&d.page, " 1 0 0 1 %s %s cm", strconv.FormatFloat(dx, 'f', -1, 64), strconv.FormatFloat(dy, 'f', -1, 64))
		}
		x, y = x+dx, y+dy
		fmt.Fprintf(&d.page, " /%s Do", name)
	}
	d.page.WriteString(" Q\n")
}

// thousandth returns x rounded to three decimals.
func thousandth(x float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 3, 64), 64)
	return v
}

// glyph adds a glyph as a form whose unit is the font size, and returns its name,
// "" for a space.
func (d *pdfCanvas) glyph(g glyph) string {
	p := g.path().Transform(func(p Point) Point { return Point{math.Round(p.X), math.Round(p.Y)} })
	if len(p) == 0 {
		d.forms[g] = ""
		return ""
	}
	b := p.Bounds()
	matrix := fmt.Sprintf("[%.6f 0 0 %.6f 0 0]", 1/g.upem(), 1/g.upem())
	return d.addForm(g, p, b, matrix)
}

func (d *pdfCanvas) form(key any, p Path) string {
	return d.addForm(key, p, p.Bounds(), "[1 0 0 1 0 0]")
}

func (d *pdfCanvas) addForm(key any, p Path, b Rect, matrix string) string {
	name := "f" + strconv.FormatInt(int64(len(d.forms)), 36)
	d.forms[key] = name
	dict := fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [%s %s %s %s] /Matrix %s",
		short(b.X-1), short(b.Y-1), short(b.X+b.W+1), short(b.Y+b.H+1), matrix)
	d.name(name, d.add(pdfStream(dict, append(pdfPath(p), 'f'))))
	return name
}

// add returns the number of a new object.
func (d *pdfCanvas) add(object []byte) int {
	d.objects = append(d.objects, object)
	return firstFree + len(d.objects) - 1
}

func (d *pdfCanvas) name(name string, object int) {
	fmt.Fprintf(&d.names, "/%s %d 0 R\n", name, object)
}

func (d *pdfCanvas) Stamp(s Stamps) {
	if s.Raster {
		m, r := rasterLayer(s, d.o.LayerDPI)
		d.embed(r, m)
		return
	}
	key := pathData(s.Shape)
	name, ok := d.forms[key]
	if !ok {
		name = d.form(key, s.Shape)
	}
	for i, p := range s.At {
		d.paint(s.colour(i))
		fmt.Fprintf(&d.page, "q 1 0 0 1 %s %s cm /%s Do Q\n", short(p.X), short(p.Y), name)
	}
}

func (d *pdfCanvas) Image(r Rect, m image.Image) { d.embed(r, enlarged(m)) }

func pdfPath(p Path) []byte {
	var b []byte
	for _, s := range p {
		switch s.op {
		case moveTo:
			b = append(appendPoints(b, s.p[:1]), " m "...)
		case lineTo:
			b = append(appendPoints(b, s.p[:1]), " l "...)
		case cubeTo:
			b = append(appendPoints(b, s.p[:]), " c "...)
		case closed:
			b = append(b, "h "...)
		}
	}
	return b
}
