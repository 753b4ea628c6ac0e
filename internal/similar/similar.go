// Package similar finds names that are similar to an unknown one.
package similar

import (
	"cmp"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// Score returns the similarity of a name to what was typed: 1 for equal, 0 for nothing in common
// (Jaro-Winkler). The beginning counts most.
func Score(typed, name string) float64 { return smetrics.JaroWinkler(typed, name, 0.7, 4) }

// Likely is the score from which a name is probably what was meant.
const Likely = 0.8

// Edits returns how many letters must be inserted, deleted or replaced to turn a into b.
func Edits(a, b string) int { return smetrics.WagnerFischer(a, b, 1, 1, 1) }

// Nearest returns at most n of the names, highest score first. Names of equal scores keep their
// order. Names below least are left out.
func Nearest(names []string, score func(name string) float64, least float64, n int) []string {
	type scored struct {
		name  string
		score float64
	}
	var all []scored
	for _, name := range names {
		if s := score(name); s >= least {
			all = append(all, scored{name, s})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []string
	for _, s := range all[:min(n, len(all))] {
		out = append(out, s.name)
	}
	return out
}

// Related reports whether one of two texts contains the other.
func Related(a, b string) bool { return strings.Contains(a, b) || strings.Contains(b, a) }
