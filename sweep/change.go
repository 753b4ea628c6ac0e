package sweep

import (
	"math"
	"slices"
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
)

// Bind returns the change that interventions make together at places. An intervention with a site
// acts at that site of the place's block. At one point they act in the order of intervene.Kinds. T
// is the number of tokens of the run.
func Bind(b *intervene.Binder, specs []intervene.Spec, places []Place, T int) (Change, error) {
	c := Change{Factor: math.NaN()}
	points := make([]map[string][]string, len(specs)) // of each part, by the place's point
	bound := make([]*intervene.Bound, len(specs))
	order := make([]int, len(specs))
	var names, keys []string
	for n, s := range specs {
		order[n] = n
		points[n] = map[string][]string{}
		var all []string
		for _, p := range places {
			here, err := pointsOf(b.Model(), s, p)
			if err != nil {
				return c, err
			}
			for _, point := range here {
				if !slices.Contains(all, point) {
					all = append(all, point)
				}
			}
			points[n][p.Point] = here
		}
		if err := canAct(s, places); err != nil {
			return c, err
		}
		var err error
		if bound[n], err = b.Bind(s, all); err != nil {
			return c, err
		}
		name, key := s.String(), bound[n].Key
		if other := bound[n].Other(); other != nil {
			c.Other = other
			if err := fitsOther(s, T, len(other)); err != nil {
				return c, err
			}
		}
		if !s.At.All() {
			key += " at positions " + s.At.String()
		}
		names, keys = append(names, name), append(keys, key)
		if s.Kind == "scale" && len(specs) == 1 {
			c.Factor = s.Factor
		}
	}
	for _, p := range places {
		at := map[string][]intervene.Spec{}
		for n, s := range specs {
			for _, point := range points[n][p.Point] {
				at[point] = append(at[point], s)
			}
		}
		for point, here := range at {
			if err := intervene.Conflict(point, here, T); err != nil {
				return c, err
			}
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return intervene.Compare(specs[i], specs[j])
	})
	c.Name, c.Key = strings.Join(names, " + "), strings.Join(keys, " + ")
	c.Edits = func(p Place) ([]Edit, error) {
		var out []Edit
		for _, n := range order {
			for _, point := range points[n][p.Point] {
				out = append(out, Edit{Point: point, Action: bound[n].At(point)})
			}
		}
		return out, nil
	}
	return c, nil
}

// pointsOf returns the points at which a part of a change acts: one, or one for each block of a
// place's window.
func pointsOf(m *model.Model, s intervene.Spec, p Place) ([]string, error) {
	if s.Site == "" || s.Site == p.Site {
		return p.points(), nil
	}
	if p.Block < 0 || p.Block >= m.Sizes.Blocks || s.Site.OfHeads() {
		return nil, choice("%s: %s has no such site", s, p.Label)
	}
	blocks := p.Window
	if blocks == nil {
		blocks = []int{p.Block}
	}
	others, err := PlacesOf(m, s.Site, blocks, nil)
	var out []string
	for _, o := range others {
		out = append(out, o.Point)
	}
	return out, err
}

// fitsOther refuses a patch whose positions do not match those of the other prompt.
func fitsOther(s intervene.Spec, T, other int) error {
	if err := hooks.CheckPatch(s.From.At, s.At, T, other); err != nil {
		return choice("%s: %s", s, strings.TrimPrefix(err.Error(), "torch: run check_patch: "))
	}
	return nil
}

// canAct refuses to skip anything but a block.
func canAct(s intervene.Spec, places []Place) error {
	for _, p := range places {
		site := p.Site
		if s.Site != "" {
			site = s.Site
		}
		if s.Kind == "skip" && site != Resid {
			return choice("skip makes a block the identity and acts at %s, not at %s; zero takes out what %s adds", Resid, site, site)
		}
	}
	return nil
}
