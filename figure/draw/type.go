package draw

import (
	"sort"
	"strings"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"github.com/rivo/uniseg"
	"golang.org/x/image/math/fixed"
)

// A Type turns text into outlines of one weight. Only one goroutine can use it.
type Type struct {
	face     *font.Face
	fallback *fallback // nil for the built-in font alone
	missing  func(rune) string
	shaper   shaping.HarfbuzzShaper
	split    shaping.Segmenter
	lines    map[string]textLine
}

// A textLine is a line of shaped text, in units of the font size.
type textLine struct {
	advance float64
	glyphs  []placedGlyph
}

// A placedGlyph is a glyph of a face; y is counted downwards from the baseline.
type placedGlyph struct {
	glyph
	x, y float64
}

type glyph struct {
	face *font.Face
	id   font.GID
}

// TypeOptions say which fonts are used.
type TypeOptions struct {
	// System lets the fonts of this machine help out, for scripts and signs that
	// the built-in ones lack.
	System bool
	// Missing returns what stands for a character that no font has. Its own
	// characters are in the built-in fonts.
	Missing func(rune) string
}

// NewTypes returns normal and bold type. It fails if a built-in font is damaged.
func NewTypes(o TypeOptions) (normal, bold *Type, err error) {
	var shared *fallback
	if o.System {
		shared = newFallback()
	}
	both := [2]*Type{}
	for i := range both {
		face, err := builtin(i == 1)
		if err != nil {
			return nil, nil, err
		}
		both[i] = &Type{face: face, fallback: shared, missing: o.Missing, lines: map[string]textLine{}}
	}
	return both[0], both[1], nil
}

// ResolveFace returns the face for r, which covered has accepted.
func (t *Type) ResolveFace(r rune) *font.Face {
	if _, ok := t.face.NominalGlyph(r); ok || t.fallback == nil {
		return t.face
	}
	if face := t.fallback.face(r); face != nil {
		return face
	}
	return t.face
}

// covered returns s with an escape in place of every character that no font has.
func (t *Type) covered(s string) string {
	var out strings.Builder
	for _, r := range s {
		if _, ok := t.ResolveFace(r).NominalGlyph(r); ok {
			out.WriteRune(r)
		} else {
			out.WriteString(t.missing(r))
		}
	}
	return out.String()
}

// line shapes s: letters that join, marks on their letters, runs from right to
// left in their order. Lines are kept, for grids repeat their tokens.
func (t *Type) line(s string) textLine {
	if l, ok := t.lines[s]; ok || s == "" {
		return l
	}
	text := []rune(t.covered(s))
	runs := t.split.Split(shaping.Input{
		Text: text, RunEnd: len(text), Direction: di.DirectionLTR, Face: t.face,
		Size: fixed.I(int(t.face.Upem())), Script: language.Latin, Language: language.NewLanguage("en"),
	}, t)
	inSight(runs)
	var l textLine
	for _, run := range runs {
		upem := int(run.Face.Upem())
		run.Size = fixed.I(upem)
		em := func(v fixed.Int26_6) float64 { return float64(v) / 64 / float64(upem) }
		for _, g := range t.shaper.Shape(run).Glyphs {
			l.glyphs = append(l.glyphs, placedGlyph{glyph{run.Face, g.GlyphID}, l.advance + em(g.XOffset), -em(g.YOffset)})
			l.advance += em(g.Advance)
		}
	}
	t.lines[s] = l
	return l
}

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

// Width returns the width of s at the given size.
func (t *Type) Width(s string, size float64) float64 { return t.line(s).advance * size }

// Extents returns how far the letters of the built-in font reach above and below the
// baseline at the given size, and the usual distance of two baselines.
func (t *Type) Extents(size float64) (ascent, descent, line float64) {
	e, _ := t.face.FontHExtents()
	k := size / t.upem()
	return float64(e.Ascender) * k, -float64(e.Descender) * k, float64(e.Ascender-e.Descender+e.LineGap) * k
}

// Outline returns the outlines of s at the given size, with its baseline beginning at (0,0).
func (t *Type) Outline(s string, size float64) Path {
	var out Path
	for _, g := range t.line(s).glyphs {
		k := size / g.upem()
		out = append(out, g.path().Transform(func(p Point) Point { return Point{g.x*size + p.X*k, g.y*size + p.Y*k} })...)
	}
	return out
}

// Fit returns s and a size from least to size at which it is no wider than room. If it is too wide
// even at the least size, s is cut and ends in ….
func (t *Type) Fit(s string, room, size, least float64) (string, float64) {
	w := t.Width(s, size)
	if w <= room {
		return s, size
	}
	if small := size * room / w; small >= least {
		return s, small
	}
	s = t.covered(s) // cut escapes where they are written out
	ends := clusterEnds(s)
	short := func(k int) string { return s[:ends[k]] + "…" }
	k := sort.Search(len(ends), func(k int) bool { return t.Width(short(k), least) > room })
	// Kerning can make a longer text the narrower one by a hair: the one before
	// the first that is too wide fits. Not even … may.
	if k == 0 {
		return "", least
	}
	return short(k - 1), least
}

// Wrap returns s in lines that are no wider than room at the given size. It breaks at spaces and
// line ends, and within words that are wider than room.
func (t *Type) Wrap(s string, room, size float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		line := ""
		for _, word := range strings.Split(t.covered(paragraph), " ") {
			longer := line + " " + word
			if line == "" {
				longer = word
			}
			if t.Width(longer, size) <= room {
				line = longer
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for t.Width(word, size) > room {
				ends := clusterEnds(word)
				k := max(2, sort.Search(len(ends), func(k int) bool { return t.Width(word[:ends[k]], size) > room }))
				if k >= len(ends) {
					break // one character that is wider than room
				}
				lines = append(lines, word[:ends[k-1]])
				word = word[ends[k-1]:]
			}
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// clusterEnds returns 0 and, for each character of s with its marks, the number of
// bytes up to its end.
func clusterEnds(s string) []int {
	ends, at, state := []int{0}, 0, -1
	for len(s) > 0 {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		at += len(cluster)
		ends = append(ends, at)
	}
	return ends
}

// path returns the outline of a glyph in the font's units around (0,0), y
// downwards; it is empty for a space. Quadratic curves become cubic ones, which
// every format draws alike.
func (g glyph) path() Path {
	outline, _ := g.face.GlyphDataOutline(g.id)
	at := func(p opentype.SegmentPoint) Point { return Point{float64(p.X), -float64(p.Y)} }
	var out Path
	var pen Point
	for i, s := range outline.Segments {
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			if i > 0 {
				out.Close()
			}
			pen = at(s.Args[0])
			out.Move(pen)
		case opentype.SegmentOpLineTo:
			pen = at(s.Args[0])
			out.Line(pen)
		case opentype.SegmentOpQuadTo:
			control, end := at(s.Args[0]), at(s.Args[1])
			third := func(p Point) Point { return Point{p.X + (control.X-p.X)*2/3, p.Y + (control.Y-p.Y)*2/3} }
			out.Cube(third(pen), third(end), end)
			pen = end
		case opentype.SegmentOpCubeTo:
			pen = at(s.Args[2])
			out.Cube(at(s.Args[0]), at(s.Args[1]), pen)
		}
	}
	if len(out) > 0 {
		out.Close()
	}
	return out
}

func (t *Type) upem() float64 { return float64(t.face.Upem()) }
func (g glyph) upem() float64 { return float64(g.face.Upem()) }
