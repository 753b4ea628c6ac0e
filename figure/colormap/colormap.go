// Package colormap has colour maps, as matplotlib has them, and the ink that is readable on a
// colour.
package colormap

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/palette/brewer"
)

// A Map is a colour map: the colours of values from 0 to 1 in 256 equal steps.
type Map [256]color.NRGBA

//go:embed colourmaps.txt
var perceptualMaps string

// Names lists the colour maps: ColorBrewer's sequential and diverging maps, and viridis, plasma,
// inferno, magma and cividis. "_r" at the end of a name reverses the map.
func Names() []string {
	var names []string
	for line := range strings.Lines(perceptualMaps) {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	return append(names, brewerMaps...)
}

var brewerMaps = []string{
	"Blues", "BuGn", "BuPu", "GnBu", "Greens", "Greys", "OrRd", "Oranges", "PuBu", "PuBuGn", "PuRd", "Purples", "RdPu",
	"Reds", "YlGn", "YlGnBu", "YlOrBr", "YlOrRd",
	"BrBG", "PRGn", "PiYG", "PuOr", "RdBu", "RdGy", "RdYlBu", "RdYlGn", "Spectral",
}

// At returns the colour of t, from 0 to 1, in the map of a name. It equals matplotlib's to within
// one step of 8 bits. A t outside has the colour of the nearer end, and NaN that of 0.
func At(name string, t float64) (color.NRGBA, error) {
	r, err := New(name)
	if err != nil {
		return color.NRGBA{}, err
	}
	return r.At(t), nil
}

// New returns the map of a name; see Names.
func New(name string) (*Map, error) {
	base, reversed := strings.CutSuffix(name, "_r")
	r := tabledRamp(base)
	if r == nil {
		r = brewerRamp(base)
	}
	if r == nil {
		return nil, fmt.Errorf("colormap: no colour map %q; there are %s, each also with _r at its end", name, strings.Join(Names(), ", "))
	}
	if reversed {
		slices.Reverse(r[:])
	}
	return r, nil
}

// tabledRamp returns one of the maps that are kept as tables, or nil.
func tabledRamp(name string) *Map {
	for line := range strings.Lines(perceptualMaps) {
		digits, ok := strings.CutPrefix(line, name+" ")
		if !ok {
			continue
		}
		b, err := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil || len(b) != 3*256 {
			panic("colormap: the table of colour maps is damaged at " + name) // it is embedded
		}
		r := new(Map)
		for i := range r {
			r[i] = color.NRGBA{b[3*i], b[3*i+1], b[3*i+2], 255}
		}
		return r
	}
	return nil
}

// brewerRamp returns one of ColorBrewer's maps, or nil. Between its given
// colours, 9 of a sequential and 11 of a diverging map, it is linear in sRGB.
func brewerRamp(name string) *Map {
	if !slices.Contains(brewerMaps, name) {
		return nil
	}
	p, err := brewer.GetPalette(brewer.TypeDiverging, name, 11)
	if err != nil {
		if p, err = brewer.GetPalette(brewer.TypeSequential, name, 9); err != nil {
			return nil
		}
	}
	given := p.Colors()
	r := new(Map)
	for i := range r {
		x := float64(i) / 255 * float64(len(given)-1)
		k := min(int(x), len(given)-2)
		f := x - float64(k)
		a, b := color.NRGBAModel.Convert(given[k]).(color.NRGBA), color.NRGBAModel.Convert(given[k+1]).(color.NRGBA)
		mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-f) + float64(b)*f + 1e-9) } // cut, as matplotlib does
		r[i] = color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
	}
	return r
}

// At returns the colour of v, from 0 to 1. NaN has the colour of 0.
func (r *Map) At(v float64) color.NRGBA {
	if math.IsNaN(v) {
		return r[0]
	}
	return r[min(int(max(0, min(1, v))*256), 255)]
}

var (
	Black   = color.NRGBA{0, 0, 0, 255}
	White   = color.NRGBA{255, 255, 255, 255}
	Unknown = color.NRGBA{0xd9, 0xd9, 0xd9, 255} // ground of a cell whose value is NaN
)

// Ink returns black or white, whichever is easier to read on the ground. It chooses white a little
// earlier than WCAG's contrast does. WCAG finds black on a full blue better, and the eye does not.
// The contrast is never below 3.5 to 1.
func Ink(ground color.NRGBA) color.NRGBA {
	if Luminance(ground) < 0.25 {
		return White
	}
	return Black
}

// Luminance returns the relative luminance of c by WCAG 2, 0 to 1.
func Luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// XTerm returns the number and the colour of the nearest of xterm's 240 fixed colours. The first
// 16 colours are the user's own.
func XTerm(c color.NRGBA) (int, color.NRGBA) {
	steps := [6]uint8{0, 95, 135, 175, 215, 255}
	best, number, found := math.Inf(1), 0, Black
	try := func(n int, q color.NRGBA) {
		d := func(a, b uint8) float64 { x := float64(a) - float64(b); return x * x }
		if sum := 2*d(c.R, q.R) + 4*d(c.G, q.G) + 3*d(c.B, q.B); sum < best {
			best, number, found = sum, n, q
		}
	}
	for r, red := range steps {
		for g, green := range steps {
			for b, blue := range steps {
				try(16+36*r+6*g+b, color.NRGBA{red, green, blue, 255})
			}
		}
	}
	for i := range 24 {
		v := uint8(8 + 10*i)
		try(232+i, color.NRGBA{v, v, v, 255})
	}
	return number, found
}
