package draw

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// A mask is what a shape covers, in dots; at is where its upper left dot lies. The
// alpha is nil where it covers nothing.
type mask struct {
	alpha *image.Alpha
	at    image.Point
}

type maskKey struct {
	glyph glyph
	size  float64
	angle float64
	part  image.Point // of a dot, in quarters
}

// unbounded is larger than every image.
var unbounded = image.Rect(-1<<20, -1<<20, 1<<20, 1<<20)

// rasterize returns what the inside of a path covers of the dots within a
// rectangle; the path is in dots.
func rasterize(p Path, within image.Rectangle) mask {
	b := p.Bounds()
	area := image.Rect(int(math.Floor(b.X)), int(math.Floor(b.Y)), int(math.Ceil(b.X+b.W)), int(math.Ceil(b.Y+b.H))).Intersect(within)
	if area.Empty() {
		return mask{}
	}
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	at := func(p Point) (x, y float32) {
		return float32(p.X - float64(area.Min.X)), float32(p.Y - float64(area.Min.Y))
	}
	var pen Point
	for _, s := range p {
		switch s.op {
		case moveTo:
			r.MoveTo(at(s.p[0]))
		case lineTo:
			r.LineTo(at(s.p[0]))
		case cubeTo:
			// The rasterizer's own curves have too few sides to look round.
			n := sides(pen, s.p)
			for i := 1; i <= n; i++ {
				r.LineTo(at(cubic(pen, s.p, float64(i)/float64(n))))
			}
		case closed:
			r.ClosePath()
		}
		if end, ok := s.end(); ok {
			pen = end
		}
	}
	alpha := image.NewAlpha(image.Rect(0, 0, area.Dx(), area.Dy()))
	r.DrawOp = draw.Src
	r.Draw(alpha, alpha.Bounds(), image.Opaque, image.Point{})
	return mask{alpha, area.Min}
}

// sides returns in how many lines a cubic curve is drawn, so that they stay within
// about a twentieth of a dot of it.
func sides(a Point, p [3]Point) int {
	length := math.Hypot(p[0].X-a.X, p[0].Y-a.Y) + math.Hypot(p[1].X-p[0].X, p[1].Y-p[0].Y) + math.Hypot(p[2].X-p[1].X, p[2].Y-p[1].Y)
	return int(math.Min(64, math.Ceil(2*math.Sqrt(length))+1))
}

// cubic returns the point of a curve from a at a fraction of its way.
func cubic(a Point, p [3]Point, f float64) Point {
	g := 1 - f
	at := func(a, b, c, d float64) float64 { return g*g*g*a + 3*g*g*f*b + 3*g*f*f*c + f*f*f*d }
	return Point{at(a.X, p[0].X, p[1].X, p[2].X), at(a.Y, p[0].Y, p[1].Y, p[2].Y)}
}

// quarters returns the whole dot of a place, and the rest in quarters of a dot.
func quarters(p Point) (whole, part image.Point) {
	x, y := int(math.Round(4*p.X)), int(math.Round(4*p.Y))
	whole = image.Point{x >> 2, y >> 2}
	return whole, image.Point{x & 3, y & 3}
}

// stampOn draws stamps on m, whose upper left corner is at a place, at a number of
// dots a point. A place is met to a quarter of a dot.
func stampOn(m draw.Image, corner Point, scale float64, s Stamps) {
	masks := map[image.Point]mask{}
	uniforms := map[color.NRGBA]*image.Uniform{}
	for i, p := range s.At {
		whole, part := quarters(Point{(p.X - corner.X) * scale, (p.Y - corner.Y) * scale})
		shape, ok := masks[part]
		if !ok {
			shape = rasterize(s.Shape.Transform(func(q Point) Point {
				return Point{q.X*scale + float64(part.X)/4, q.Y*scale + float64(part.Y)/4}
			}), unbounded)
			masks[part] = shape
		}
		if shape.alpha == nil {
			continue
		}
		colour := s.colour(i)
		u, ok := uniforms[colour]
		if !ok {
			u = image.NewUniform(colour)
			uniforms[colour] = u
		}
		draw.DrawMask(m, shape.alpha.Bounds().Add(shape.at.Add(whole)), u, image.Point{}, shape.alpha, image.Point{}, draw.Over)
	}
}

// layerDPI is the resolution of raster layers in vector formats where none is asked for.
const layerDPI = 200

// rasterLayer returns the stamps as an image, and the rectangle that it covers:
// s.Within, made up to whole dots.
func rasterLayer(s Stamps, dpi float64) (*image.RGBA, Rect) {
	if dpi == 0 {
		dpi = layerDPI
	}
	scale := dpi / 72
	w, h := int(math.Ceil(s.Within.W*scale)), int(math.Ceil(s.Within.H*scale))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	stampOn(m, Point{s.Within.X, s.Within.Y}, scale, s)
	return m, Rect{s.Within.X, s.Within.Y, float64(w) / scale, float64(h) / scale}
}
