package draw

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// A tally is how often a colour occurs.
type tally struct {
	c color.RGBA
	n int
}

// flat is how many of a palette's 256 colours are the commonest of the image as
// they are: grounds, cells, ink. The others stand for the many at the edges of
// letters and dots.
const flat = 160

// fewColours returns m in at most 256 colours: exactly where it has no more, else
// with its commonest ones kept and the others brought together.
func fewColours(m *image.RGBA) *image.Paletted {
	all := tallies(m)
	kept, rest := all[:min(len(all), 256)], map[color.RGBA]uint8{}
	if len(all) > 256 {
		mixed := blended(all[flat:])
		kept = append(slices.Clone(all[:flat]), medianCut(mixed, 256-flat)...)
		for _, t := range mixed {
			rest[coarse(t.c)] = nearest(kept, t.c)
		}
	}
	p := image.NewPaletted(m.Rect, make(color.Palette, len(kept)))
	index := make(map[color.RGBA]uint8, len(all))
	for i, t := range kept {
		p.Palette[i] = t.c
	}
	for i, t := range all {
		if len(all) <= 256 || i < flat {
			index[t.c] = uint8(i)
		} else {
			index[t.c] = rest[coarse(t.c)]
		}
	}
	var last color.RGBA
	at, known := uint8(0), false
	for i := range p.Pix {
		c := color.RGBA{m.Pix[4*i], m.Pix[4*i+1], m.Pix[4*i+2], m.Pix[4*i+3]}
		if c != last || !known {
			last, at, known = c, index[c], true
		}
		p.Pix[i] = at
	}
	return p
}

// exactly returns m with a palette, or nil where it has more than 256 colours.
func exactly(m *image.RGBA) *image.Paletted {
	seen := map[color.RGBA]bool{}
	var last color.RGBA
	for i := 0; i < len(m.Pix); i += 4 {
		c := color.RGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3]}
		if c != last || i == 0 {
			last, seen[c] = c, true
			if len(seen) > 256 {
				return nil
			}
		}
	}
	return fewColours(m)
}

// coarse returns a colour without its lower bits, which many at the edges of
// letters and dots have in common.
func coarse(c color.RGBA) color.RGBA {
	const upper = 0xf8
	return color.RGBA{c.R & upper, c.G & upper, c.B & upper, c.A & upper}
}

// blended returns the means of the colours that are coarsely the same.
func blended(colours []tally) []tally {
	groups := map[color.RGBA][]tally{}
	for _, t := range colours {
		groups[coarse(t.c)] = append(groups[coarse(t.c)], t)
	}
	var out []tally
	for c, group := range groups {
		m := mean(group)
		if coarse(m.c) != c { // rounded up
			m.c = c
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b tally) int { return compareColours(a.c, b.c) })
	return out
}

// tallies returns the colours of m, the commonest first.
func tallies(m *image.RGBA) []tally {
	counts := map[color.RGBA]int{}
	for i := 0; i < len(m.Pix); {
		c := color.RGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3]}
		begin := i
		for i < len(m.Pix) && c == (color.RGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3]}) {
			i += 4
		}
		counts[c] += (i - begin) / 4
	}
	out := make([]tally, 0, len(counts))
	for c, n := range counts {
		out = append(out, tally{c, n})
	}
	slices.SortFunc(out, func(a, b tally) int {
		return cmp.Or(b.n-a.n, compareColours(a.c, b.c))
	})
	return out
}

func compareColours(a, b color.RGBA) int {
	return cmp.Or(int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B), int(a.A)-int(b.A))
}

func channels(c color.RGBA) [4]int { return [4]int{int(c.R), int(c.G), int(c.B), int(c.A)} }

// medianCut returns n colours that stand for the given ones: the box of colours
// with the most to lose is halved along its longest side again and again.
func medianCut(colours []tally, n int) []tally {
	boxes := [][]tally{slices.Clone(colours)}
	for len(boxes) < n {
		worst, axis, loss := -1, 0, 0
		for i, b := range boxes {
			if k, side, count := longest(b); side > 0 && side*count > loss {
				worst, axis, loss = i, k, side*count
			}
		}
		if worst < 0 {
			break
		}
		b := boxes[worst]
		slices.SortFunc(b, func(a, c tally) int {
			return cmp.Or(channels(a.c)[axis]-channels(c.c)[axis], compareColours(a.c, c.c))
		})
		half, whole := 0, 0
		for _, t := range b {
			whole += t.n
		}
		cut := 1
		for i, t := range b[:len(b)-1] {
			half += t.n
			cut = i + 1
			if 2*half >= whole {
				break
			}
		}
		boxes[worst] = b[:cut]
		boxes = append(boxes, b[cut:])
	}
	var out []tally
	for _, b := range boxes {
		out = append(out, mean(b))
	}
	return out
}

// longest returns the channel in which colours differ most, by how much, and how
// often the colours occur.
func longest(b []tally) (axis, side, count int) {
	low, high := [4]int{255, 255, 255, 255}, [4]int{}
	for _, t := range b {
		for k, v := range channels(t.c) {
			low[k], high[k] = min(low[k], v), max(high[k], v)
		}
		count += t.n
	}
	for k := range low {
		if d := high[k] - low[k]; d > side {
			axis, side = k, d
		}
	}
	return axis, side, count
}

func mean(b []tally) tally {
	var sum [4]int
	n := 0
	for _, t := range b {
		for k, v := range channels(t.c) {
			sum[k] += v * t.n
		}
		n += t.n
	}
	part := func(k int) uint8 { return uint8((sum[k] + n/2) / n) }
	return tally{color.RGBA{part(0), part(1), part(2), part(3)}, n}
}

func nearest(palette []tally, c color.RGBA) uint8 {
	best, at := 1<<30, 0
	for i, t := range palette {
		d := 0
		a, b := channels(t.c), channels(c)
		for k := range a {
			d += (a[k] - b[k]) * (a[k] - b[k])
		}
		if d < best {
			best, at = d, i
		}
	}
	return uint8(at)
}
