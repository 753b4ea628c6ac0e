package draw

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/fontscan"
)

// The built-in fonts cover Latin, Greek, Cyrillic and many signs. Condensed
// letters let more of a token into a cell.
var (
	regularFont = sync.OnceValues(func() (*font.Face, error) { return font.ParseTTF(bytes.NewReader(dejavusanscondensed.TTF)) })
	boldFont    = sync.OnceValues(func() (*font.Face, error) { return font.ParseTTF(bytes.NewReader(dejavusanscondensedbold.TTF)) })
)

// systemFonts returns what is known of the fonts of this machine: nothing where
// they cannot be read. They are looked through once, which takes about a
// millisecond a font, and only where a text needs it. No index is left behind.
var systemFonts = sync.OnceValue(func() []fontscan.Footprint {
	dir, err := os.MkdirTemp("", "golens-fonts")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	all, err := fontscan.SystemFonts(log.New(io.Discard, "", 0), dir)
	if err != nil {
		return nil
	}
	fonts := slices.Clone(all)
	slices.SortStableFunc(fonts, func(a, b fontscan.Footprint) int {
		if d := strangeness(a) - strangeness(b); d != 0 {
			return d
		}
		if d := strings.Compare(a.Location.File, b.Location.File); d != 0 {
			return d
		}
		return int(a.Location.Index) - int(b.Location.Index)
	})
	return fonts
})

// strangeness is small for a font that goes well with the built-in ones: upright,
// of normal weight, without serifs and not of one width.
func strangeness(f fontscan.Footprint) int {
	n := 0
	if f.Aspect.Style != font.StyleNormal {
		n += 4
	}
	if f.Aspect.Weight != font.WeightNormal {
		n += 2
	}
	if strings.Contains(f.Family, "serif") && !strings.Contains(f.Family, "sans") || strings.Contains(f.Family, "mono") {
		n++
	}
	return n
}

// A fallback finds faces for characters that the built-in fonts lack. It is for
// one goroutine.
type fallback struct {
	faces map[font.FontID]*font.Face // nil for one that could not be read
	found map[rune]*font.Face        // nil for a character that no font has
}

func newFallback() *fallback {
	return &fallback{faces: map[font.FontID]*font.Face{}, found: map[rune]*font.Face{}}
}

// face returns a face that has an outline of r, or nil.
func (f *fallback) face(r rune) *font.Face {
	if face, ok := f.found[r]; ok {
		return face
	}
	f.found[r] = nil
	for _, print := range systemFonts() {
		if !print.Runes.Contains(r) {
			continue
		}
		if face := f.load(print.Location); face != nil && hasOutline(face, r) {
			f.found[r] = face
			break
		}
	}
	return f.found[r]
}

// load returns the face of a file, or nil.
func (f *fallback) load(at font.FontID) *font.Face {
	if face, ok := f.faces[at]; ok {
		return face
	}
	f.faces[at] = nil
	data, err := os.ReadFile(at.File)
	if err != nil {
		return nil
	}
	// Of a collection, whose fonts are large, only the one is read.
	fonts, err := opentype.NewLoaders(bytes.NewReader(data))
	if err != nil || int(at.Index) >= len(fonts) {
		return nil
	}
	if one, err := font.NewFont(fonts[at.Index]); err == nil {
		f.faces[at] = font.NewFace(one)
	}
	return f.faces[at]
}

// hasOutline says whether a face draws r as curves, not as a bitmap or in colours.
func hasOutline(face *font.Face, r rune) bool {
	id, ok := face.NominalGlyph(r)
	if !ok {
		return false
	}
	o, ok := face.GlyphDataOutline(id)
	return ok && len(o.Segments) > 0
}

func builtin(bold bool) (*font.Face, error) {
	parsed := regularFont
	if bold {
		parsed = boldFont
	}
	face, err := parsed()
	if err != nil {
		return nil, fmt.Errorf("read the built-in font: %w", err)
	}
	return font.NewFace(face.Font), nil
}

// FontOf returns the file of the system font that draws a character which the built-in fonts lack.
// It returns "" if there is none; an escape is then shown.
func FontOf(r rune) string {
	f := newFallback()
	for _, print := range systemFonts() {
		if print.Runes.Contains(r) {
			if face := f.load(print.Location); face != nil && hasOutline(face, r) {
				return print.Location.File
			}
		}
	}
	return ""
}

// CheckFonts returns an error unless the built-in fonts can be read.
func CheckFonts() error {
	for _, bold := range []bool{false, true} {
		if _, err := builtin(bold); err != nil {
			return err
		}
	}
	return nil
}
