package draw

import "math"

// A Point is a position, in points from the upper left corner.
type Point struct{ X, Y float64 }

// A Rect is a rectangle: its upper left corner and its size.
type Rect struct{ X, Y, W, H float64 }

// Inset returns the rectangle, smaller by d on every side.
func (r Rect) Inset(d float64) Rect { return Rect{r.X + d, r.Y + d, r.W - 2*d, r.H - 2*d} }

// An op is what a segment of a path does.
type op byte

const (
	moveTo op = iota
	lineTo
	cubeTo // two controls and the end
	closed
)

// A segment is a part of a path; its end is the last point that its op has.
type segment struct {
	op op
	p  [3]Point
}

// A Path is a sequence of closed outlines of lines and cubic curves.
type Path []segment

// Move begins an outline at a point.
func (p *Path) Move(a Point) { *p = append(*p, segment{moveTo, [3]Point{a}}) }

// Line continues straight to a point.
func (p *Path) Line(a Point) { *p = append(*p, segment{lineTo, [3]Point{a}}) }

// Cube continues to c in a cubic curve with the control points a and b.
func (p *Path) Cube(a, b, c Point) { *p = append(*p, segment{cubeTo, [3]Point{a, b, c}}) }

// Close ends an outline at its beginning.
func (p *Path) Close() { *p = append(*p, segment{op: closed}) }

// end returns the last point of a segment, and false for one that has none.
func (s segment) end() (Point, bool) {
	switch s.op {
	case closed:
		return Point{}, false
	case cubeTo:
		return s.p[2], true
	}
	return s.p[0], true
}

// quarter is how far the controls of a quarter circle lie from its ends, in radii.
const quarter = 4 * (math.Sqrt2 - 1) / 3

// Rounded returns r with rounded corners, clockwise.
func Rounded(r Rect, radius float64) Path {
	radius = math.Max(0, math.Min(radius, math.Min(r.W, r.H)/2))
	left, top, right, bottom := r.X, r.Y, r.X+r.W, r.Y+r.H
	if radius == 0 {
		return Polygon(Point{left, top}, Point{right, top}, Point{right, bottom}, Point{left, bottom})
	}
	c := radius * (1 - quarter)
	var p Path
	p.Move(Point{left + radius, top})
	p.Line(Point{right - radius, top})
	p.Cube(Point{right - c, top}, Point{right, top + c}, Point{right, top + radius})
	p.Line(Point{right, bottom - radius})
	p.Cube(Point{right, bottom - c}, Point{right - c, bottom}, Point{right - radius, bottom})
	p.Line(Point{left + radius, bottom})
	p.Cube(Point{left + c, bottom}, Point{left, bottom - c}, Point{left, bottom - radius})
	p.Line(Point{left, top + radius})
	p.Cube(Point{left, top + c}, Point{left + c, top}, Point{left + radius, top})
	p.Close()
	return p
}

// Circle returns a circle around c.
func Circle(c Point, radius float64) Path {
	return Rounded(Rect{c.X - radius, c.Y - radius, 2 * radius, 2 * radius}, radius)
}

// Polygon returns the outline through the points.
func Polygon(points ...Point) Path {
	var p Path
	for i, a := range points {
		if i == 0 {
			p.Move(a)
		} else {
			p.Line(a)
		}
	}
	p.Close()
	return p
}

// Regular returns a polygon of n equal sides around (0,0). Its corners are on a circle of that
// radius, one of them at the top.
func Regular(n int, radius float64) Path {
	points := make([]Point, n)
	for i := range points {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		points[i] = Point{radius * sin, -radius * cos}
	}
	return Polygon(points...)
}

// Ring returns the area between two paths. inner is within outer, and both turn the same way.
func Ring(outer, inner Path) Path {
	ring := append(Path{}, outer...)
	// The inner one backwards, so that its winding takes away what the outer adds.
	var begin Point
	var run []segment
	for _, s := range inner {
		switch s.op {
		case moveTo:
			begin, run = s.p[0], nil
		case closed:
			last := begin
			if len(run) > 0 {
				last, _ = run[len(run)-1].end()
			}
			ring.Move(last)
			for i := len(run) - 1; i >= 0; i-- {
				to := begin
				if i > 0 {
					to, _ = run[i-1].end()
				}
				if run[i].op == cubeTo {
					ring.Cube(run[i].p[1], run[i].p[0], to)
				} else {
					ring.Line(to)
				}
			}
			ring.Close()
		default:
			run = append(run, s)
		}
	}
	return ring
}

// Transform returns the path with every point put through f.
func (p Path) Transform(f func(Point) Point) Path {
	out := make(Path, len(p))
	for i, s := range p {
		out[i].op = s.op
		for k, a := range s.p {
			out[i].p[k] = f(a)
		}
	}
	return out
}

// Lines returns the points along each outline, with curves in pieces that the eye takes
// for round at a dot a point or larger.
func (p Path) Lines() [][]Point {
	var out [][]Point
	var run []Point
	end := func() {
		if len(run) > 1 {
			out = append(out, run)
		}
		run = nil
	}
	for _, s := range p {
		switch s.op {
		case moveTo:
			end()
			run = []Point{s.p[0]}
		case lineTo:
			run = append(run, s.p[0])
		case cubeTo:
			if len(run) == 0 {
				run = []Point{s.p[0]}
			}
			from := run[len(run)-1]
			n := 2 * sides(from, s.p)
			for i := 1; i <= n; i++ {
				run = append(run, cubic(from, s.p, float64(i)/float64(n)))
			}
		case closed:
			if len(run) > 0 {
				begin := run[0]
				run = append(run, begin)
				end()
				run = []Point{begin}
			}
		}
	}
	end()
	return out
}

// Each calls a function for each part of the path, in order.
func (p Path) Each(move, line func(Point), cube func(a, b, c Point), close func()) {
	for _, s := range p {
		switch s.op {
		case moveTo:
			move(s.p[0])
		case lineTo:
			line(s.p[0])
		case cubeTo:
			cube(s.p[0], s.p[1], s.p[2])
		case closed:
			close()
		}
	}
}

// Bounds returns the smallest rectangle around the points and control points of p.
func (p Path) Bounds() Rect {
	low, high := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, s := range p {
		n := 1
		switch s.op {
		case closed:
			n = 0
		case cubeTo:
			n = 3
		}
		for _, a := range s.p[:n] {
			low = Point{math.Min(low.X, a.X), math.Min(low.Y, a.Y)}
			high = Point{math.Max(high.X, a.X), math.Max(high.Y, a.Y)}
		}
	}
	if low.X > high.X {
		return Rect{}
	}
	return Rect{low.X, low.Y, high.X - low.X, high.Y - low.Y}
}

// turned returns what turns a point around (0,0), by an angle to the left; y is downwards.
func turned(angle float64) func(Point) Point {
	switch angle {
	case 0:
		return func(p Point) Point { return p }
	case Upwards:
		return func(p Point) Point { return Point{p.Y, -p.X} }
	}
	sin, cos := math.Sincos(angle)
	return func(p Point) Point { return Point{p.X*cos + p.Y*sin, p.Y*cos - p.X*sin} }
}

// isClosed reports whether a line ends where it began.
func isClosed(points []Point) bool {
	return len(points) > 3 && points[0] == points[len(points)-1]
}

// outline returns what a pen covers along the points: a bar for every piece and a
// circle at every bend, all turning the same way.
func outline(points []Point, pen Pen) Path {
	var p Path
	if isClosed(points) && pen.pattern() == nil {
		p = append(p, Circle(points[0], pen.Width/2)...)
	}
	for _, run := range pen.cut(points) {
		for i := 1; i < len(run); i++ {
			a, b := run[i-1], run[i]
			length := math.Hypot(b.X-a.X, b.Y-a.Y)
			if length == 0 {
				continue
			}
			dx, dy := (b.X-a.X)/length*pen.Width/2, (b.Y-a.Y)/length*pen.Width/2
			p = append(p, Polygon(Point{a.X + dy, a.Y - dx}, Point{b.X + dy, b.Y - dx}, Point{b.X - dy, b.Y + dx}, Point{a.X - dy, a.Y + dx})...)
			if i > 1 {
				p = append(p, Circle(a, pen.Width/2)...)
			}
		}
	}
	return p
}

// cut returns the points as they are, or the dashes along them.
func (p Pen) cut(points []Point) [][]Point {
	pattern := p.pattern()
	if pattern == nil {
		return [][]Point{points}
	}
	whole, period := 0.0, 0.0
	for _, d := range pattern {
		period += d
	}
	for i := 1; i < len(points); i++ {
		whole += math.Hypot(points[i].X-points[i-1].X, points[i].Y-points[i-1].Y)
	}
	const most = 1e5 // dashes that nobody sees
	if whole/period > most {
		return [][]Point{points}
	}
	var runs [][]Point
	at := -math.Mod(math.Mod(p.Offset, period)+period, period)
	for i := 0; at < whole; i = (i + 2) % len(pattern) {
		if end := at + pattern[i]; end > 0 && pattern[i] > 0 {
			runs = append(runs, part(points, math.Max(at, 0), math.Min(end, whole)))
		}
		at += pattern[i] + pattern[i+1]
	}
	return runs
}

// part returns the piece of a line between two lengths along it.
func part(points []Point, from, to float64) []Point {
	var out []Point
	at := 0.0
	for i := 1; i < len(points) && at < to; i++ {
		a, b := points[i-1], points[i]
		length := math.Hypot(b.X-a.X, b.Y-a.Y)
		if length == 0 || at+length < from {
			at += length
			continue
		}
		between := func(d float64) Point {
			f := math.Max(0, math.Min(1, (d-at)/length))
			return Point{a.X + f*(b.X-a.X), a.Y + f*(b.Y-a.Y)}
		}
		if out == nil {
			out = append(out, between(from))
		}
		out = append(out, between(to))
		at += length
	}
	return out
}
