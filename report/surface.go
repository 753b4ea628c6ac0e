package report

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// A surface is what figures are drawn on. Points are counted from the lower left
// corner, as vg does.
type surface interface {
	// fill and frame draw a box with round corners, whole or as a line around.
	fill(b vg.Rectangle, radius vg.Length, c color.NRGBA)
	frame(b vg.Rectangle, radius, line vg.Length, c color.NRGBA)
	// text draws s as outlines, with its baseline beginning at p.
	text(set *typesetter, s string, p vg.Point, size vg.Length, c color.NRGBA)
}

// A vgSurface draws on a canvas of gonum's: PNG and PDF.
type vgSurface struct{ canvas vg.Canvas }

var _ surface = vgSurface{}

func (v vgSurface) fill(b vg.Rectangle, radius vg.Length, c color.NRGBA) {
	v.canvas.SetColor(c)
	v.canvas.Fill(rounded(b, radius))
}

func (v vgSurface) frame(b vg.Rectangle, radius, line vg.Length, c color.NRGBA) {
	v.canvas.SetColor(c)
	v.canvas.SetLineWidth(line)
	v.canvas.Stroke(rounded(b, radius))
}

func (v vgSurface) text(set *typesetter, s string, p vg.Point, size vg.Length, c color.NRGBA) {
	v.canvas.SetColor(c)
	v.canvas.Fill(set.path(s, p, size))
}

// rounded returns b with corners of radius r as cubic curves: gonum's canvases
// draw arcs each in their own way.
func rounded(b vg.Rectangle, r vg.Length) vg.Path {
	if r <= 0 {
		return b.Path()
	}
	const k = 4 * (math.Sqrt2 - 1) / 3 // how far the controls of a quarter circle lie
	c := r * (1 - k)
	at := func(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: y} }
	left, bottom, right, top := b.Min.X, b.Min.Y, b.Max.X, b.Max.Y
	var path vg.Path
	path.Move(at(left+r, bottom))
	path.Line(at(right-r, bottom))
	path.CubeTo(at(right-c, bottom), at(right, bottom+c), at(right, bottom+r))
	path.Line(at(right, top-r))
	path.CubeTo(at(right, top-c), at(right-c, top), at(right-r, top))
	path.Line(at(left+r, top))
	path.CubeTo(at(left+c, top), at(left, top-c), at(left, top-r))
	path.Line(at(left, bottom+r))
	path.CubeTo(at(left, bottom+c), at(left+c, bottom), at(left+r, bottom))
	path.Close()
	return path
}
