package sweep

import (
	"math"
	"slices"
	"strings"

	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
)

// Bind returns the change that interventions make together at places, each at its own
// site of the place's block if it names one. At one point they act in the order of
// intervene.Kinds. T is the number of tokens that will be run.
func Bind(b *intervene.Binder, specs []intervene.Spec, places []Place, T int) (Change, error) {
	c := Change{Factor: math.NaN()}
	points := make([]map[string]string, len(specs)) // of each part, by the place's point
	bound := make([]*intervene.Bound, len(specs))
	order := make([]int, len(specs))
	var names, keys []string
	for n, s := range specs {
		order[n] = n
		points[n] = map[string]string{}
		var all []string
		for _, p := range places {
			point, err := pointOf(b.Model(), s, p)
			if err != nil {
				return c, err
			}
			if !slices.Contains(all, point) {
				all = append(all, point)
			}
			points[n][p.Point] = point
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
			at[points[n][p.Point]] = append(at[points[n][p.Point]], s)
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
			point := points[n][p.Point]
			out = append(out, Edit{Point: point, Action: bound[n].At(point)})
		}
		return out, nil
	}
	return c, nil
}

// pointOf returns the point at which a part of a change acts.
func pointOf(m *model.Model, s intervene.Spec, p Place) (string, error) {
	if s.Site == "" || s.Site == p.Site {
		return p.Point, nil
	}
	if p.Block < 0 || p.Block >= m.Sizes.Blocks || s.Site == Heads {
		return "", choice("%s: %s has no such site", s, p.Label)
	}
	other, err := PlacesOf(m, s.Site, []int{p.Block}, nil)
	if err != nil {
		return "", err
	}
	return other[0].Point, nil
}

// fitsOther refuses a patch whose positions do not go with those of the other prompt.
func fitsOther(s intervene.Spec, T, other int) error {
	if s.At.All() && s.From.All() {
		if T != other {
			return choice("%s: the other prompt has %d tokens, and this one %d: say which take the place of which", s, other, T)
		}
		return nil
	}
	at, err := s.At.Resolve(T)
	if err != nil {
		return &ChoiceError{Msg: err.Error()}
	}
	from := at
	if !s.From.All() {
		if from, err = s.From.Resolve(other); err != nil {
			return choice("%s: the other prompt: %v", s, err)
		}
	}
	if len(from) != len(at) {
		return choice("%s: %d positions of the other prompt cannot take the place of %d", s, len(from), len(at))
	}
	for _, p := range from {
		if p >= other {
			return choice("%s: the other prompt has no position %d: it has %d tokens", s, p, other)
		}
	}
	return nil
}

// canAct refuses a skip of what is no block.
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
