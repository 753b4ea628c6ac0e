package figure

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/golens/golens/figure/colormap"
)

// A Theme is the set of colours of a figure.
type Theme string

const (
	Light Theme = "light" // dark ink on white
	Dark  Theme = "dark"  // light ink on dark grey, bold labels, no upper and right spines
)

// Themes lists all themes.
var Themes = []Theme{Light, Dark}

// ParseTheme returns the theme of a name, or an error that lists the names.
func ParseTheme(name string) (Theme, error) {
	if t := Theme(name); slices.Contains(Themes, t) {
		return t, nil
	}
	return "", fmt.Errorf("figure: no theme %q; there are light and dark", name)
}

// A look is what a theme is made of.
type look struct {
	ground, ink color.NRGBA
	note        color.NRGBA // less important text
	spine, grid color.NRGBA // lines around axes and through their ticks
	mark        color.NRGBA // frames of marked cells
	blank       color.NRGBA // cells without a value
	series      []color.NRGBA
	boldLabels  bool
	open        bool // no upper and right spines
}

var looks = map[Theme]*look{
	Light: {
		ground: colormap.White, ink: color.NRGBA{0x22, 0x22, 0x22, 255}, note: color.NRGBA{0x6b, 0x6b, 0x6b, 255},
		spine: color.NRGBA{0x55, 0x55, 0x55, 255}, grid: color.NRGBA{0xe2, 0xe2, 0xe2, 255},
		mark: color.NRGBA{0xe0, 0x5a, 0x1c, 255}, blank: colormap.Unknown,
		series: []color.NRGBA{{0x1f, 0x77, 0xb4, 255}, {0xd6, 0x5f, 0x0e, 255}, {0x2c, 0x8a, 0x3c, 255}, {0xc0, 0x2f, 0x3a, 255}, {0x7b, 0x5c, 0xb0, 255}, {0x8c, 0x56, 0x4b, 255}},
	},
	Dark: {
		ground: color.NRGBA{0x38, 0x38, 0x38, 255}, ink: color.NRGBA{0xdd, 0xe2, 0xf4, 255}, note: color.NRGBA{0xae, 0xb4, 0xc8, 255},
		spine: color.NRGBA{0xdd, 0xe2, 0xf4, 255}, grid: color.NRGBA{0x50, 0x50, 0x50, 255},
		mark: color.NRGBA{0xff, 0xa0, 0x5a, 255}, blank: color.NRGBA{0x5a, 0x5a, 0x5a, 255},
		series:     []color.NRGBA{{0x7f, 0xc4, 0xff, 255}, {0xff, 0xb8, 0x6b, 255}, {0x8f, 0xe0, 0x9a, 255}, {0xff, 0x8f, 0x8f, 255}, {0xc9, 0xb2, 0xff, 255}, {0xd8, 0xb4, 0xa0, 255}},
		boldLabels: true, open: true,
	},
}
