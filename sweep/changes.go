package sweep

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// ParseChange reads a change as text: an intervention, "scale 0.8", or several at once,
// "zero at attn + zero at mlp", where `at` names another site of the place's block. A
// scale with a list or range of factors, "scale 0:2:0.1", is a change for each.
func ParseChange(text string) ([][]Spec, error) {
	parts, err := splitChange(text)
	if err != nil {
		return nil, err
	}
	out := [][]Spec{{}}
	for _, part := range parts {
		kind, value, _ := strings.Cut(part, " ")
		value, site := cutSite(strings.TrimSpace(value))
		if site != "" && !slices.Contains(Sites, site) {
			return nil, choice("%s: no site is called %q: there are %s", part, site, siteNames())
		}
		if unquoted, err := strconv.Unquote(value); err == nil && strings.HasPrefix(value, `"`) {
			value = unquoted
		}
		values := []string{value}
		if kind == "scale" {
			factors, err := ParseFactors(value)
			if err != nil {
				return nil, err
			}
			values = nil
			for _, f := range factors {
				values = append(values, strconv.FormatFloat(f, 'g', -1, 64))
			}
		}
		var longer [][]Spec
		for _, before := range out {
			for _, v := range values {
				s, err := ParseSpec(kind, v)
				if err != nil {
					return nil, err
				}
				s.Site = site
				longer = append(longer, append(slices.Clone(before), s))
			}
		}
		if len(longer) > mostFactors {
			return nil, choice("%s: it is more than %d changes", text, mostFactors)
		}
		out = longer
	}
	return out, nil
}

// splitChange cuts a text at each + that stands alone, outside of quotes.
func splitChange(text string) ([]string, error) {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '+' && !quoted && i > 0 && text[i-1] == ' ' && i+1 < len(text) && text[i+1] == ' ':
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	if quoted {
		return nil, choice("%s: a quotation mark has no end", text)
	}
	parts = append(parts, text[from:])
	for i, p := range parts {
		if parts[i] = strings.TrimSpace(p); parts[i] == "" {
			return nil, choice("%q: a change is missing, such as scale 0.8 or zero", text)
		}
	}
	return parts, nil
}

// cutSite takes " at SITE" off the end of a value, which may be quoted.
func cutSite(value string) (string, Site) {
	if rest, ok := strings.CutPrefix(value, "at "); ok { // "zero at mlp"
		return "", Site(strings.TrimSpace(rest))
	}
	i := strings.LastIndex(value, " at ")
	if i < 0 || strings.Contains(value[i:], `"`) {
		return value, ""
	}
	return strings.TrimSpace(value[:i]), Site(strings.TrimSpace(value[i+4:]))
}

// Change returns the change that interventions make together at places, each at its
// own site of the place's block if it names one. At one point they act in the order
// of SpecKinds. T is the number of tokens that will be run.
func (b *Binder) Change(specs []Spec, places []Place, T int) (Change, error) {
	c := Change{Factor: math.NaN()}
	points := make([]map[string]string, len(specs)) // of each part, by the place's point
	bound := make([]*Bound, len(specs))
	order := make([]int, len(specs))
	var names, keys []string
	for n, s := range specs {
		order[n] = n
		points[n] = map[string]string{}
		var all []string
		for _, p := range places {
			point, err := b.pointOf(s, p)
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
		if other := bound[n].other; other != nil {
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
		at := map[string][]Spec{}
		for n, s := range specs {
			at[points[n][p.Point]] = append(at[points[n][p.Point]], s)
		}
		for point, here := range at {
			if err := Conflict(point, here, T); err != nil {
				return c, err
			}
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return slices.Index(SpecKinds, specs[i].Kind) - slices.Index(SpecKinds, specs[j].Kind)
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
func (b *Binder) pointOf(s Spec, p Place) (string, error) {
	if s.Site == "" || s.Site == p.Site {
		return p.Point, nil
	}
	if p.Block < 0 || p.Block >= b.m.Sizes.Blocks || s.Site == Heads {
		return "", choice("%s: %s has no such site", s, p.Label)
	}
	other, err := PlacesOf(b.m, s.Site, []int{p.Block}, nil)
	if err != nil {
		return "", err
	}
	return other[0].Point, nil
}

// fitsOther refuses a patch whose positions do not go with those of the other prompt.
func fitsOther(s Spec, T, other int) error {
	if s.At.All() && s.From.All() {
		if T != other {
			return choice("%s: the other prompt has %d tokens, and this one %d: say which take the place of which", s, other, T)
		}
		return nil
	}
	at, err := s.At.Resolve(T)
	if err != nil {
		return &ChoiceError{err.Error()}
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
func canAct(s Spec, places []Place) error {
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
