package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
)

// Plan returns the plan of the file for a model and a prompt's ids [T], and warnings for the user.
// It looks every name up, and runs other prompts.
func (f *File) Plan(m *model.Model, b *intervene.Binder, ids []int64) (p Plan, warnings []string, err error) {
	if len(f.Changes) == 0 {
		return p, nil, choice("the plan is empty: it names no change, such as scale 0.8")
	}
	if p.Places, err = f.places(m); err != nil {
		return p, nil, err
	}
	if p.Words, p.Next, warnings, err = f.words(m); err != nil {
		return p, nil, err
	}
	more, err := f.metrics(m, &p)
	if err != nil {
		return p, nil, err
	}
	warnings = append(warnings, more...)
	at, err := positionsOf(f.Positions, len(ids))
	if err != nil {
		return p, nil, err
	}
	var from []intervene.Origin
	for _, e := range f.From {
		o, err := intervene.ParseOrigin(e.Text)
		if err != nil {
			return p, nil, e.Wrong(err)
		}
		from = append(from, o)
	}
	patches := false
	for _, e := range f.Changes {
		all, err := intervene.ParseChange(e.Text)
		if err != nil {
			return p, nil, e.Wrong(err)
		}
		drawn := map[string]int{}
		for _, specs := range all {
			drawn[intervene.Undrawn(specs)]++
		}
		for _, specs := range all {
			group := intervene.Undrawn(specs)
			if n := drawn[group]; group == "" || n < 2 {
				group = ""
			} else {
				group = fmt.Sprintf("%s, %d seeds", group, n)
			}
			for _, specs := range withOrigins(specs, from, &patches) {
				for i := range specs {
					specs[i].At = at
				}
				c, err := Bind(b, specs, p.Places, len(ids))
				if err != nil {
					return p, nil, e.Wrong(err)
				}
				if slices.ContainsFunc(p.Changes, func(o Change) bool { return o.Key == c.Key }) {
					return p, nil, e.Wrong(choice("the change %s is named twice", c.Name))
				}
				c.Group = group
				p.Changes = append(p.Changes, c)
			}
		}
	}
	if len(from) > 0 && !patches {
		return p, nil, f.From[0].Wrong(choice("another prompt's positions and points have a meaning for patch only, and here every patch has its own"))
	}
	if p.Always, err = f.always(m, b, len(ids)); err != nil {
		return p, nil, err
	}
	p, err = p.check(m, len(ids))
	return p, warnings, err
}

// withOrigins returns a change once for each origin that its patches can take, and sets used if
// they do. A patch with an origin of its own keeps that.
func withOrigins(specs []intervene.Spec, from []intervene.Origin, used *bool) [][]intervene.Spec {
	takes := func(s intervene.Spec) bool { return s.Kind == "patch" && s.From.Own() }
	if len(from) == 0 || !slices.ContainsFunc(specs, takes) {
		return [][]intervene.Spec{specs}
	}
	*used = true
	var out [][]intervene.Spec
	for _, o := range from {
		one := slices.Clone(specs)
		for i := range one {
			if takes(one[i]) {
				one[i].From = o
			}
		}
		out = append(out, one)
	}
	return out
}

func positionsOf(e Entry, T int) (hooks.Positions, error) {
	if e.Text == "" {
		return hooks.Positions{}, nil
	}
	at, err := hooks.ParsePositions(e.Text)
	if err == nil {
		_, err = at.Resolve(T)
	}
	if err != nil {
		return at, e.Wrong(&ChoiceError{Msg: err.Error()})
	}
	return at, nil
}

// places returns the places of the sites in the blocks.
func (f *File) places(m *model.Model) ([]Place, error) {
	var blocks []int
	if f.Blocks.Text != "" && f.Blocks.Text != "all" {
		p, err := hooks.ParsePositions(f.Blocks.Text)
		if err != nil {
			return nil, f.Blocks.Wrong(choice("blocks %q: write all, or numbers such as 0,3 or 2..5 or 8..", f.Blocks.Text))
		}
		if blocks, err = p.Resolve(m.Sizes.Blocks); err != nil {
			return nil, f.Blocks.Wrong(choice("blocks %s: the model has %d, counted from 0 (or from -1 back)", f.Blocks.Text, m.Sizes.Blocks))
		}
	}
	sites := f.At
	if len(sites) == 0 {
		sites = []Entry{{Text: string(Resid)}}
	}
	var out []Place
	for _, e := range sites {
		for _, name := range strings.Split(e.Text, ",") {
			site, heads, err := siteOf(strings.TrimSpace(name))
			if err != nil {
				return nil, e.Wrong(err)
			}
			more, err := PlacesOf(m, site, blocks, heads)
			if err == nil && f.Window.Text != "" {
				n, bad := strconv.Atoi(f.Window.Text)
				if bad != nil {
					return nil, f.Window.Wrong(choice("window %q: write how many blocks it has, such as 5", f.Window.Text))
				}
				if more, err = Windows(m, more, n); err != nil {
					return nil, f.Window.Wrong(err)
				}
			}
			if err != nil {
				return nil, e.Wrong(err)
			}
			for _, p := range more {
				if slices.ContainsFunc(out, func(o Place) bool { return o.Point == p.Point }) {
					return nil, e.Wrong(choice("%s is named twice", p.Point))
				}
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// siteOf reads a site. "attn:h5" is one head of each attention, and "attn:q5" its query.
func siteOf(name string) (Site, []int, error) {
	if mark, ok := strings.CutPrefix(name, "attn:"); ok {
		for _, site := range Sites {
			number, ok := strings.CutPrefix(mark, site.HeadMark())
			if !site.OfHeads() || !ok {
				continue
			}
			if n, err := strconv.Atoi(number); err == nil && n >= 0 {
				return site, []int{n}, nil
			}
		}
		return "", nil, choice("%q is no head: write attn:h5, attn:q5, attn:k5 or attn:v5, or heads, q, k or v for all", name)
	}
	if !slices.Contains(Sites, Site(name)) {
		return "", nil, choice("no site is called %q: there are %s, and attn:h5 for one head", name, intervene.SiteNames())
	}
	return Site(name), nil, nil
}

// always binds the edits that act in every run: "POINT CHANGE".
func (f *File) always(m *model.Model, b *intervene.Binder, T int) ([]Edit, error) {
	type one struct {
		entry  Entry
		points []string
		spec   intervene.Spec
	}
	var all []one
	at := map[string][]intervene.Spec{}
	for _, e := range f.Always {
		place, text, _ := strings.Cut(e.Text, " ")
		w, err := intervene.ParsePoint(place)
		if err != nil {
			return nil, e.Wrong(err)
		}
		if _, err := w.At.Resolve(T); err != nil {
			return nil, e.Wrong(&ChoiceError{Msg: err.Error()})
		}
		changes, err := intervene.ParseChange(text)
		if err != nil {
			return nil, e.Wrong(err)
		}
		if len(changes) != 1 {
			return nil, e.Wrong(choice("%s: what acts in every run has one factor and one seed", e.Text))
		}
		for _, s := range changes[0] {
			if s.Site != "" {
				return nil, e.Wrong(choice("%s: the point in front says where it acts", e.Text))
			}
			if s.At = w.At; s.From.Own() {
				s.From = w.From
			}
			for _, point := range w.Points {
				name, err := m.Points.Canonical(point)
				if err != nil {
					return nil, e.Wrong(&ChoiceError{Msg: err.Error()})
				}
				at[name] = append(at[name], s)
				if err := intervene.Conflict(name, at[name], T); err != nil {
					return nil, e.Wrong(err)
				}
			}
			all = append(all, one{e, w.Points, s})
		}
	}
	slices.SortStableFunc(all, func(x, y one) int { return intervene.Compare(x.spec, y.spec) })
	var out []Edit
	for _, o := range all {
		bound, err := b.Bind(o.spec, o.points)
		if err == nil && bound.Other() != nil {
			err = fitsOther(o.spec, T, len(bound.Other()))
		}
		if err != nil {
			return nil, o.entry.Wrong(err)
		}
		for _, point := range o.points {
			out = append(out, Edit{point, bound.At(point), bound.Key})
		}
	}
	return out, nil
}
