package draw

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	red  = color.NRGBA{255, 0, 0, 255}
	grey = color.NRGBA{128, 128, 128, 128}
)

func canvas(t *testing.T, format string, o Options) Canvas {
	t.Helper()
	c, err := New(format, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func written(t *testing.T, c Canvas) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := c.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d, %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func TestNewErrors(t *testing.T) {
	if _, err := New("gif", Options{Width: 10, Height: 10, DPI: 72}); err == nil || !strings.Contains(err.Error(), `"gif"; there are png, svg, pdf`) {
		t.Error(err)
	}
	if _, err := New("png", Options{Width: 1e5, Height: 1e5, DPI: 72}); err == nil || !strings.Contains(err.Error(), "10000 megapixels") {
		t.Error(err)
	}
}

// Neighbouring boxes leave no seam at whatever place and resolution, and no box
// vanishes between two dots.
func TestBoxesLeaveNoSeam(t *testing.T) {
	for _, dpi := range []float64{72, 100, 150, 211} {
		c := newPNG(Options{Width: 100, Height: 20, DPI: dpi, Ground: color.NRGBA{255, 255, 255, 255}})
		for i := range 30 {
			c.Box(Rect{float64(i) * 100 / 30, 0, 100.0 / 30, 20}, 0, color.NRGBA{uint8(8 * i), 0, 0, 255})
		}
		for x := range c.m.Rect.Dx() {
			if p := c.m.RGBAAt(x, 5); p.G != 0 || p.A != 255 {
				t.Errorf("at %v dots per inch, dot %d is %v", dpi, x, p)
			}
		}
		c.Box(Rect{50.01, 3, 0.01, 10}, 0, color.NRGBA{0, 255, 0, 255})
		if at := int(50.01*dpi/72 + 0.5); c.m.RGBAAt(at, int(8*dpi/72)).G != 255 {
			t.Errorf("at %v dots per inch a hairline is gone", dpi)
		}
	}
}

// A stamp lies where a filled shape does, in its colour, and is cut at Within.
func TestStamps(t *testing.T) {
	c := newPNG(Options{Width: 40, Height: 40, DPI: 72})
	c.Stamp(Stamps{Shape: Rounded(Rect{-2, -2, 4, 4}, 0), At: []Point{{10, 10}, {20, 10}}, Colours: []color.NRGBA{red, grey}})
	for _, p := range []struct {
		x, y int
		want color.RGBA
	}{{10, 10, color.RGBA{255, 0, 0, 255}}, {8, 8, color.RGBA{255, 0, 0, 255}}, {12, 10, color.RGBA{}}, {20, 10, color.RGBA{64, 64, 64, 128}}, {7, 10, color.RGBA{}}} {
		got := c.m.RGBAAt(p.x, p.y)
		for k, v := range channels(got) {
			if d := v - channels(p.want)[k]; d < -1 || d > 1 {
				t.Errorf("(%d,%d) is %v, want %v", p.x, p.y, got, p.want)
			}
		}
	}
	c = newPNG(Options{Width: 40, Height: 40, DPI: 72})
	c.Stamp(Stamps{Shape: Circle(Point{}, 5), At: []Point{{10, 10}}, Colours: []color.NRGBA{red}, Raster: true, Within: Rect{0, 0, 10, 40}})
	if c.m.RGBAAt(8, 10).A != 255 || c.m.RGBAAt(10, 10).A != 0 {
		t.Error("a raster layer is not cut at its side")
	}
}

// A PNG says how many dots an inch has.
func TestResolution(t *testing.T) {
	b := written(t, canvas(t, "png", Options{Width: 72, Height: 36, DPI: 150}))
	i := bytes.Index(b, []byte("pHYs"))
	if i < 0 || binary.BigEndian.Uint32(b[i+4:]) != 5906 || b[i+12] != 1 {
		t.Fatalf("pHYs at %d", i)
	}
	m, err := png.Decode(bytes.NewReader(b)) // which checks the sums of the chunks
	if err != nil || m.Bounds() != image.Rect(0, 0, 150, 75) {
		t.Errorf("%v, %v", m, err)
	}
}

// sketch draws one of everything.
func sketch(c Canvas, types [2]*Type) {
	c.Box(Rect{1, 1, 30, 10}, 0, red)
	c.Box(Rect{1, 20, 30, 10}, 3, grey)
	c.Fill(Circle(Point{60, 20}, 5), red)
	c.Line([]Point{{0, 0}, {50, 50}, {90, 50}}, Pen{Width: 2, Colour: grey, Dashes: Dashes(2)})
	c.Line(nil, Pen{Width: 1, Colour: red})
	c.Text(types[0], "Ab é", Point{5, 40}, 10, 0, red)
	c.Text(types[1], "Ab", Point{80, 90}, 8, Upwards, grey)
	c.Text(types[0], "", Point{80, 90}, 8, 0, grey)
	c.Stamp(Stamps{Shape: Regular(6, 4), At: []Point{{70, 70}, {80, 70}}, Colours: []color.NRGBA{red}})
	c.Stamp(Stamps{Shape: Regular(6, 4), At: []Point{{20, 70}, {30, 70}}, Colours: []color.NRGBA{red, grey}, Raster: true, Within: Rect{0, 60, 50, 30}})
	m := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	m.SetNRGBA(0, 0, red)
	c.Image(Rect{60, 80, 20, 10}, m)
}

// Every object of a PDF stands where its table says.
func TestPDFTable(t *testing.T) {
	c := canvas(t, "pdf", Options{Width: 100, Height: 100, Title: "naïve (人)"})
	sketch(c, newTypes(t))
	b := written(t, c)
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(b)
	if start == nil {
		t.Fatalf("no end: %q", b[len(b)-40:])
	}
	at, err := strconv.Atoi(string(start[1]))
	if err != nil || !bytes.HasPrefix(b[at:], []byte("xref\n0 ")) {
		t.Fatalf("no table at %d, %v", at, err)
	}
	entries := regexp.MustCompile(`(\d{10}) 00000 n \n`).FindAllSubmatch(b[at:], -1)
	if len(entries) < 12 {
		t.Errorf("%d objects", len(entries))
	}
	for i, e := range entries {
		offset, err := strconv.Atoi(string(e[1]))
		if want := fmt.Sprintf("%d 0 obj\n", i+1); err != nil || !bytes.HasPrefix(b[offset:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, offset)
		}
	}
	if !bytes.Contains(b, []byte("/Title <FEFF006E006100EF0076006500200028")) {
		t.Error("no title")
	}
}

func TestSVGText(t *testing.T) {
	c := canvas(t, "svg", Options{Width: 100, Height: 100, Title: "</title><script>"})
	types := newTypes(t)
	sketch(c, types)
	sketch(c, types)
	b := string(written(t, c))
	if strings.Contains(b, "<script>") || !strings.Contains(b, "&lt;/title&gt;&lt;script&gt;") {
		t.Error("the title is markup")
	}
	// A, b and é, and the bold A and b; two texts and the empty one.
	for what, want := range map[string]int{`<path id="g`: 5, `<g id="t`: 3, `<rect id="b`: 1, `<path id="s`: 1, "<image": 4, "<polyline": 2} {
		if got := strings.Count(b, what); got != want {
			t.Errorf("%d of %s, want %d", got, what, want)
		}
	}
}

// A canvas that cannot be written says so.
func TestWriteErrors(t *testing.T) {
	for _, format := range Formats {
		c := canvas(t, format, Options{Width: 10, Height: 10, DPI: 72})
		if _, err := c.WriteTo(full{}); err == nil || !strings.Contains(err.Error(), "write "+strings.ToUpper(format)+": no room") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no room") }
