package sweep

import (
	"math"
	"slices"
)

// A Group is the changes of a plan that differ only in the seed of their noise.
type Group struct {
	Name    string `json:"name"`    // such as "noise 0.1, 10 seeds"
	Changes []int  `json:"changes"` // indices into the plan's changes
}

func groupsOf(changes []Change) []Group {
	var out []Group
	for i, c := range changes {
		if c.Group == "" {
			continue
		}
		n := slices.IndexFunc(out, func(g Group) bool { return g.Name == c.Group })
		if n < 0 {
			n, out = len(out), append(out, Group{Name: c.Group})
		}
		out[n].Changes = append(out[n].Changes, i)
	}
	return out
}

// Spread returns the mean of a metric over a group's changes, and its standard deviation with n -
// 1 in the denominator, [B,W] each. Sums are in float64. Both are NaN at a place where a run of
// the group was not made.
func (s *Series) Spread(r *Result, g Group) (mean, sd []float32) {
	for b := range r.Places {
		for w := range s.W {
			m, d := Spread(g.Changes, func(f int) float64 { return float64(s.At(r, f, b)[w]) })
			mean, sd = append(mean, float32(m)), append(sd, float32(d))
		}
	}
	return mean, sd
}

// Spread returns the mean of the values of changes, and their standard deviation with n - 1 in the
// denominator.
func Spread(changes []int, value func(change int) float64) (mean, sd float64) {
	n := float64(len(changes))
	for _, f := range changes {
		mean += value(f) / n
	}
	for _, f := range changes {
		d := value(f) - mean
		sd += d * d / (n - 1)
	}
	return mean, math.Sqrt(sd)
}
