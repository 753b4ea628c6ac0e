package report

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/palette/brewer"
)

// A ramp gives the colour of a value from 0 to 1.
type ramp []color.NRGBA

// newRamp returns the ColorBrewer map of that name, such as "YlGnBu" or "Reds",
// backwards with "_r" at its end. As in matplotlib, which has the same maps, the
// colours between the nine given ones are linear in sRGB.
func newRamp(name string) (ramp, error) {
	base, reversed := strings.CutSuffix(name, "_r")
	p, err := brewer.GetPalette(brewer.TypeAny, base, 9)
	if err != nil {
		return nil, fmt.Errorf("report: no colour map %q; ColorBrewer's of nine steps and more are known, such as YlGnBu, Reds, Greys or RdYlBu_r", name)
	}
	var out ramp
	for _, c := range p.Colors() {
		out = append(out, color.NRGBAModel.Convert(c).(color.NRGBA))
	}
	if reversed {
		for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
			out[i], out[j] = out[j], out[i]
		}
	}
	return out, nil
}

// at returns the colour of v, which lies between 0 and 1.
func (r ramp) at(v float64) color.NRGBA {
	x := clamp01(v) * float64(len(r)-1)
	i := min(int(x), len(r)-2)
	f := x - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-f) + float64(b)*f)) }
	a, b := r[i], r[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

var (
	black   = color.NRGBA{0, 0, 0, 255}
	white   = color.NRGBA{255, 255, 255, 255}
	unknown = color.NRGBA{0xd9, 0xd9, 0xd9, 255} // ground of a cell whose value is NaN
)

// ink returns black or white, whichever is read better on the ground. White is
// taken a little earlier than by WCAG's contrast, which finds black on a full
// blue the better of the two where the eye does not; the contrast is never below
// 3.5 to 1.
func ink(ground color.NRGBA) color.NRGBA {
	if luminance(ground) < 0.25 {
		return white
	}
	return black
}

// luminance returns the relative luminance of c by WCAG 2, 0 to 1.
func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// xterm returns the number of the nearest of xterm's 240 fixed colours (the
// first 16 are the user's own) and the colour that it is.
func xterm(c color.NRGBA) (int, color.NRGBA) {
	steps := [6]uint8{0, 95, 135, 175, 215, 255}
	best, number, found := math.Inf(1), 0, black
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
