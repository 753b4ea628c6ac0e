package draw

import (
	"image"
	"math"
	"testing"
)

// area returns how many dots a path covers, each of which counts by its part.
func area(p Path) float64 {
	m := rasterize(p, unbounded)
	if m.alpha == nil {
		return 0
	}
	sum := 0.0
	for _, a := range m.alpha.Pix {
		sum += float64(a) / 255
	}
	return sum
}

func TestPathAreas(t *testing.T) {
	square := Rounded(Rect{10.3, -5.6, 40, 30}, 0)
	for _, c := range []struct {
		name string
		p    Path
		want float64
	}{
		{"square", square, 1200},
		{"circle", Circle(Point{50, 50}, 20), math.Pi * 400},
		{"rounded", Rounded(Rect{0, 0, 40, 30}, 5), 1200 - (4-math.Pi)*25},
		{"too round", Rounded(Rect{0, 0, 40, 20}, 100), 400 + math.Pi*100},
		{"hexagon", Regular(6, 20), 1.5 * math.Sqrt(3) * 400},
		{"ring", Ring(Circle(Point{}, 20), Circle(Point{}, 15)), math.Pi * (400 - 225)},
		{"frame", Ring(Rounded(Rect{0, 0, 40, 30}, 0), Rounded(Rect{5, 5, 30, 20}, 0)), 600},
		{"nothing", nil, 0},
		{"a bent line", outline([]Point{{0, 0}, {100, 0}, {100, 50}}, Pen{Width: 4}), 596 + math.Pi},
		{"a line back over itself", outline([]Point{{0, 0}, {100, 0}, {0, 0}}, Pen{Width: 4}), 400 + math.Pi*2},
		{"dashes", outline([]Point{{0, 0}, {1060, 0}}, Pen{Width: 10, Dashes: Dashes(10)}), 200 * 37},
		{"dashes round corners", outline([]Point{{0, 0}, {30, 0}, {30, 23}}, Pen{Width: 10, Dashes: Dashes(10)}), 345 + 25*math.Pi/4},
		{"a closed line", outline([]Point{{0, 0}, {100, 0}, {100, 50}, {0, 50}, {0, 0}}, Pen{Width: 4}), 1200 - 16 + 4*math.Pi},
		{"dashes of three lengths", outline([]Point{{0, 0}, {120, 0}}, Pen{Width: 10, Dashes: []float64{10, 20, 30}}), 600},
		{"dashes that begin later", outline([]Point{{0, 0}, {100, 0}}, Pen{Width: 10, Dashes: []float64{10, 10}, Offset: 5}), 500},
		{"dashes that begin before", outline([]Point{{0, 0}, {30, 0}}, Pen{Width: 10, Dashes: []float64{10, 10}, Offset: -5}), 150},
		{"no dashes", outline([]Point{{0, 0}, {30, 0}}, Pen{Width: 10, Dashes: []float64{math.NaN(), 3}}), 300},
		{"dashes too short to see", outline([]Point{{0, 0}, {30, 0}}, Pen{Width: 10, Dashes: []float64{1e-9}}), 300},
		{"a line of no length", outline([]Point{{3, 3}, {3, 3}}, Pen{Width: 4}), 0},
	} {
		if got := area(c.p); !(math.Abs(got-c.want) <= 0.002*c.want+0.3) {
			t.Errorf("%s: %.1f dots, want %.1f", c.name, got, c.want)
		}
	}
	if b := square.Bounds(); !(math.Abs(b.X-10.3)+math.Abs(b.Y+5.6)+math.Abs(b.W-40)+math.Abs(b.H-30) <= 1e-9) {
		t.Errorf("bounds %+v", b)
	}
}

// What lies outside is not drawn, and takes no memory.
func TestRasterizeWithin(t *testing.T) {
	m := rasterize(Rounded(Rect{-1e6, 5, 2e6, 1e6}, 0), image.Rect(0, 0, 10, 10))
	if m.at != (image.Point{0, 5}) || m.alpha.Rect != image.Rect(0, 0, 10, 5) {
		t.Errorf("%v at %v", m.alpha.Rect, m.at)
	}
	if m := rasterize(Circle(Point{-50, 0}, 5), image.Rect(0, 0, 10, 10)); m.alpha != nil {
		t.Error("a circle outside is drawn")
	}
}

func TestQuarters(t *testing.T) {
	for _, c := range []struct {
		p           Point
		whole, part image.Point
	}{
		{Point{3, 4}, image.Point{3, 4}, image.Point{}},
		{Point{3.26, -0.25}, image.Point{3, -1}, image.Point{1, 3}},
		{Point{2.9, 2.6}, image.Point{3, 2}, image.Point{0, 2}},
	} {
		if whole, part := quarters(c.p); whole != c.whole || part != c.part {
			t.Errorf("%v is %v and %v", c.p, whole, part)
		}
	}
}
