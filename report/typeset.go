package report

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"sync"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/vg"
)

// Text in figures is drawn as outlines. So PNG, SVG and PDF agree to the curve,
// need no font where they are looked at, and hold every script that the font
// holds, which their own text operators do not.

// A typesetter turns text into outlines of one font. It is for one goroutine.
type typesetter struct {
	face   *font.Face
	shaper shaping.HarfbuzzShaper
	split  shaping.Segmenter
	lines  map[string]textLine
}

// A textLine is a line of shaped text, in units of the font size.
type textLine struct {
	advance float64
	glyphs  []placedGlyph
}

type placedGlyph struct {
	id   font.GID
	x, y float64
}

// The fonts cover Latin, Greek, Cyrillic and many signs. Condensed letters let
// more of a token into a cell.
var (
	regularFont = sync.OnceValues(func() (*font.Face, error) { return font.ParseTTF(bytes.NewReader(dejavusanscondensed.TTF)) })
	boldFont    = sync.OnceValues(func() (*font.Face, error) { return font.ParseTTF(bytes.NewReader(dejavusanscondensedbold.TTF)) })
)

func newTypesetter(parsed func() (*font.Face, error)) (*typesetter, error) {
	face, err := parsed()
	if err != nil {
		return nil, fmt.Errorf("report: read the built-in font: %w", err)
	}
	return &typesetter{face: font.NewFace(face.Font), lines: map[string]textLine{}}, nil
}

// covered returns s with an escape in place of every character that the font
// does not have.
func (t *typesetter) covered(s string) string {
	var out strings.Builder
	for _, r := range s {
		if _, ok := t.face.NominalGlyph(r); ok {
			out.WriteRune(r)
		} else {
			out.WriteString(escapeRune(r))
		}
	}
	return out.String()
}

// line shapes s: letters that join, marks on their letters, runs from right to
// left in their order. Lines are kept, for grids repeat their tokens.
func (t *typesetter) line(s string) textLine {
	if l, ok := t.lines[s]; ok {
		return l
	}
	text := []rune(t.covered(s))
	upem := int(t.face.Upem())
	runs := t.split.Split(shaping.Input{
		Text: text, RunEnd: len(text), Direction: di.DirectionLTR, Face: t.face,
		Size: fixed.I(upem), Script: language.Latin, Language: language.NewLanguage("en"),
	}, oneFace{t.face})
	inSight(runs)
	var l textLine
	em := func(v fixed.Int26_6) float64 { return float64(v) / 64 / float64(upem) }
	for _, run := range runs {
		for _, g := range t.shaper.Shape(run).Glyphs {
			l.glyphs = append(l.glyphs, placedGlyph{g.GlyphID, l.advance + em(g.XOffset), em(g.YOffset)})
			l.advance += em(g.Advance)
		}
	}
	t.lines[s] = l
	return l
}

type oneFace struct{ face *font.Face }

func (f oneFace) ResolveFace(rune) *font.Face { return f.face }

// inSight brings runs from the order of reading into that of the page: within a
// line from left to right, neighbouring runs from right to left change places.
func inSight(runs []shaping.Input) {
	for i := 0; i < len(runs); i++ {
		j := i
		for j < len(runs) && runs[j].Direction == di.DirectionRTL {
			j++
		}
		for a, b := i, j-1; a < b; a, b = a+1, b-1 {
			runs[a], runs[b] = runs[b], runs[a]
		}
		i = max(i, j-1)
	}
}

// width returns how wide s is at the given size.
func (t *typesetter) width(s string, size vg.Length) vg.Length {
	return vg.Length(t.line(s).advance) * size
}

// fit returns s and a size, at most size and at least least, at which it is no
// wider than room; s is cut to end in … where the least size is still too large.
func (t *typesetter) fit(s string, room, size, least vg.Length) (string, vg.Length) {
	w := t.width(s, size)
	if w <= room {
		return s, size
	}
	if small := size * room / w; small >= least {
		return s, small
	}
	s = t.covered(s) // cut escapes where they are written out
	ends := clusterEnds(s)
	short := func(k int) string { return s[:ends[k]] + "…" }
	k := sort.Search(len(ends), func(k int) bool { return t.width(short(k), least) > room })
	// Kerning can make a longer text the narrower one by a hair: the one before
	// the first that is too wide fits. Not even … may.
	if k == 0 {
		return "", least
	}
	return short(k - 1), least
}

// path returns the outlines of s with its baseline beginning at p.
func (t *typesetter) path(s string, p vg.Point, size vg.Length) vg.Path {
	scale := size / vg.Length(t.face.Upem())
	var out vg.Path
	for _, g := range t.line(s).glyphs {
		outline, ok := t.face.GlyphDataOutline(g.id)
		if !ok {
			continue // a space
		}
		origin := p.Add(vg.Point{X: vg.Length(g.x) * size, Y: vg.Length(g.y) * size})
		appendOutline(&out, outline, origin, scale)
	}
	return out
}

// appendOutline adds a glyph to path. Quadratic curves become cubic ones, which
// is what every format of the figures draws alike.
func appendOutline(path *vg.Path, o font.GlyphOutline, origin vg.Point, scale vg.Length) {
	at := func(p opentype.SegmentPoint) vg.Point {
		return origin.Add(vg.Point{X: vg.Length(p.X) * scale, Y: vg.Length(p.Y) * scale})
	}
	var pen vg.Point
	for i, s := range o.Segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			pen = at(s.Args[0])
			path.Move(pen)
		case opentype.SegmentOpLineTo:
			pen = at(s.Args[0])
			path.Line(pen)
		case opentype.SegmentOpQuadTo:
			control, end := at(s.Args[0]), at(s.Args[1])
			third := func(p vg.Point) vg.Point { return p.Add(control.Sub(p).Scale(2.0 / 3)) }
			path.CubeTo(third(pen), third(end), end)
			pen = end
		case opentype.SegmentOpCubeTo:
			pen = at(s.Args[2])
			path.CubeTo(at(s.Args[0]), at(s.Args[1]), pen)
		}
	}
	if len(o.Segments) > 0 {
		path.Close()
	}
}
