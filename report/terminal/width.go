package terminal

import (
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/bidi"
)

// width returns how many columns of a terminal s takes. s has been through
// Visible, which leaves nothing whose width is in doubt.
func Columns(s string) int { return uniseg.StringWidth(s) }

// fit returns s in exactly n columns: shortened to end in … where it is longer,
// filled with spaces at its right where it is shorter.
func fit(s string, n int) string {
	s, w := shorten(s, n)
	return leftToRight(s) + strings.Repeat(" ", n-w)
}

// fitRight is fit with the spaces at the left.
func fitRight(s string, n int) string {
	s, w := shorten(s, n)
	return strings.Repeat(" ", n-w) + leftToRight(s)
}

// fitLine is fit without the spaces.
func fitLine(s string, n int) string {
	s, _ = shorten(s, n)
	return leftToRight(s)
}

// shorten returns s in at most n columns, and how many they are. A longer s is
// cut between characters and ends in ….
func shorten(s string, n int) (string, int) {
	if w := Columns(s); w <= n {
		return s, w
	}
	if n < 1 {
		return "", 0
	}
	var out strings.Builder
	used, state := 0, -1
	for len(s) > 0 {
		var cluster string
		var w int
		cluster, s, w, state = uniseg.FirstGraphemeClusterInString(s, state)
		if used+w > n-1 {
			break
		}
		out.WriteString(cluster)
		used += w
	}
	return out.String() + "…", used + 1
}

// leftToRight puts s between marks that take no column where it holds letters
// that run from right to left: terminals that know of directions would else draw
// neighbouring cells of such letters in the wrong order.
func leftToRight(s string) string {
	const mark = "\u200e"
	for _, r := range s {
		if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL {
			return mark + s + mark
		}
	}
	return s
}
