package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// Whatever the texts, values and sizes are: a figure is refused with an error, or
// drawn as well-formed SVG of finite numbers.
func FuzzFigure(f *testing.F) {
	f.Add("title", "·word", 0.5, 3.0, 4.0, 3.0, uint8(3), uint8(2), uint16(0))
	f.Add("</script><img src=x onerror=alert(1)>", "]]>&", math.Inf(1), -1e308, 0.0, 0.01, uint8(1), uint8(1), uint16(0xffff))
	f.Add("\x1b[0m\xff", "人工\n", math.NaN(), 1e-320, 50.0, 0.0, uint8(40), uint8(7), uint16(0x5555))
	f.Add(strings.Repeat("long ", 100), strings.Repeat("x", 300), 1e308, -1e308, 1.0, 1.0, uint8(9), uint8(30), uint16(0x0f0f))
	f.Fuzz(func(t *testing.T, title, text string, a, b, width, height float64, rows, columns uint8, bits uint16) {
		if width > 100 || height > 100 {
			return
		}
		bit := func(n int) bool { return bits>>n&1 == 1 }
		value := func(i int) float64 { return []float64{a, b, a + b, 0, float64(i)}[i%5] }
		heat := &Heat{Title: title, XLabel: text, Bar: bit(0), BarLabel: text, FirstBelow: bit(1), Square: bit(2), YLabel: title}
		boxes := &Boxes{Title: text, Columns: int(columns), Footer: title, FooterTexts: make([]string, columns)}
		dots, line := &Dots{Cloud: bit(3), Hollow: bit(4), Label: text, Size: b, Alpha: a}, &Line{Dashed: bit(5), Marker: Hexagon, Label: title}
		axes := &Axes{Title: title, X: Axis{Label: text, Min: a, Max: b}, Y: Axis{Label: title, Inverted: bit(6)}, Grid: bit(7), Legend: bit(8), Marks: []Mark{dots, line}}
		for range columns {
			heat.Columns = append(heat.Columns, text)
		}
		for i := range rows {
			heat.Rows, boxes.Rows = append(heat.Rows, text), append(boxes.Rows, title)
			for j := range columns {
				v := value(int(i) + int(j))
				heat.Values, heat.Texts = append(heat.Values, v), append(heat.Texts, text)
				boxes.Cells = append(boxes.Cells, Cell{Text: text, Value: v})
				dots.X, dots.Y = append(dots.X, v), append(dots.Y, value(int(j)))
			}
		}
		line.X, line.Y = dots.Y, dots.X
		if bit(9) {
			heat.Texts = nil
		}
		if bit(10) {
			axes.X.Min, axes.X.Max, dots.Size, dots.Alpha = 0, 0, 0, 0
		}
		o := Options{BuiltinFonts: true, Theme: Themes[int(bits>>11)%2]}
		if bit(12) {
			o.Width, o.Height = width, height
		}
		for _, p := range []Panel{heat, boxes, axes} {
			drawing := &Figure{Title: title, Width: width, Height: height, Panels: []Panel{p, p}}
			var svg bytes.Buffer
			if err := Write(&svg, "svg", drawing, o); err != nil {
				if !strings.HasPrefix(err.Error(), "figure: ") || svg.Len() > 0 {
					t.Errorf("%T: %v and %d bytes", p, err, svg.Len())
				}
				continue
			}
			wellFormed(t, svg.Bytes())
		}
	})
}

// wellFormed fails where an SVG is not, or holds what is no number.
func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !strings.Contains(" svg title defs path g use rect polyline image ", " "+e.Name.Local+" ") {
			t.Errorf("element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if a.Name.Local != "href" && (strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf")) {
				t.Fatalf("%s of %s is %.60s", a.Name.Local, e.Name.Local, a.Value)
			}
		}
	}
}
