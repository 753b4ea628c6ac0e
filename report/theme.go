package report

import (
	"fmt"
	"slices"
)

// A Theme is the set of colours that a figure is drawn in.
type Theme string

const (
	Light Theme = "light" // dark ink on white
	Dark  Theme = "dark"  // light ink on dark grey, without the upper and right spines
)

// Themes lists all themes.
var Themes = []Theme{Light, Dark}

// ParseTheme returns the theme of that name, or an error that lists them.
func ParseTheme(name string) (Theme, error) {
	if t := Theme(name); slices.Contains(Themes, t) {
		return t, nil
	}
	return "", fmt.Errorf("report: no theme %q; there are light and dark", name)
}
