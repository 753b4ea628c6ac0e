package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// Plan returns what the file asks of a model and a prompt's ids [T], and sentences for
// the user. Everything is looked up, and other prompts are run.
func (f *File) Plan(m *model.Model, b *Binder, ids []int64) (p Plan, warnings []string, err error) {
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
	var from hooks.Positions
	if f.From.Text != "" {
		if from, err = hooks.ParsePositions(f.From.Text); err != nil {
			return p, nil, f.From.Wrong(&ChoiceError{err.Error()})
		}
	}
	patches := false
	for _, e := range f.Changes {
		all, err := ParseChange(e.Text)
		if err != nil {
			return p, nil, e.Wrong(err)
		}
		for _, specs := range all {
			for i := range specs {
				specs[i].At = at
				if specs[i].Kind == "patch" {
					specs[i].From, patches = from, true
				}
			}
			c, err := b.Change(specs, p.Places, len(ids))
			if err != nil {
				return p, nil, e.Wrong(err)
			}
			if slices.ContainsFunc(p.Changes, func(o Change) bool { return o.Key == c.Key }) {
				return p, nil, e.Wrong(choice("the change %s is named twice", c.Name))
			}
			p.Changes = append(p.Changes, c)
		}
	}
	if !from.All() && !patches {
		return p, nil, f.From.Wrong(choice("another prompt's positions have a meaning for patch only"))
	}
	if p.Always, err = f.always(m, b, len(ids)); err != nil {
		return p, nil, err
	}
	p, err = p.check(m, len(ids))
	return p, warnings, err
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
		return at, e.Wrong(&ChoiceError{err.Error()})
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

// siteOf reads a site; "attn:h5" is one head of each attention.
func siteOf(name string) (Site, []int, error) {
	if number, ok := strings.CutPrefix(name, "attn:h"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 {
			return "", nil, choice("%q is no head: write attn:h5, or heads for all", name)
		}
		return Heads, []int{n}, nil
	}
	if !slices.Contains(Sites, Site(name)) {
		return "", nil, choice("no site is called %q: there are %s, and attn:h5 for one head", name, siteNames())
	}
	return Site(name), nil, nil
}

// words finds the targets' tokens.
func (f *File) words(m *model.Model) (words []lens.Word, next bool, warnings []string, err error) {
	for _, e := range f.Targets {
		if e.Text == "next" {
			next = true
			continue
		}
		w, warning, err := wordOf(m, e.Text)
		if err != nil {
			return nil, false, nil, e.Wrong(err)
		}
		if warning != "" {
			warnings = append(warnings, warning)
		}
		words = append(words, w)
	}
	for _, e := range f.TargetIDs {
		for _, text := range strings.Split(e.Text, ",") {
			id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil || id < 0 || id >= int64(m.Sizes.Vocab) {
				return nil, false, nil, e.Wrong(choice("%q is no token id: the vocabulary has the ids 0 to %d", text, m.Sizes.Vocab-1))
			}
			words = append(words, lens.Word{Text: "#" + strings.TrimSpace(text), ID: id})
		}
	}
	if next && len(words) > 0 {
		return nil, false, nil, f.Targets[0].Wrong(choice("the target next, the text's own next token, goes with no other target"))
	}
	return words, next, warnings, nil
}

// wordOf returns the first token of a word, in front of which goes a space as within a
// text, and a warning where it has more.
func wordOf(m *model.Model, word string) (lens.Word, string, error) {
	if word == "" {
		return lens.Word{}, "", choice("the target is empty")
	}
	tok, err := m.Tokenizer()
	if err != nil {
		return lens.Word{}, "", err
	}
	text := word
	if r, _ := utf8.DecodeRuneInString(word); !unicode.IsSpace(r) {
		text = " " + word
	}
	ids := tok.Encode(text)
	if len(ids) == 1 {
		return lens.Word{Text: word, ID: ids[0]}, "", nil
	}
	first, _ := tok.Piece(ids[0])
	return lens.Word{Text: word, ID: ids[0]}, fmt.Sprintf("the target %q is %d tokens, of which the first, %q (%d), is followed; its id names any other", text, len(ids), first, ids[0]), nil
}

// metrics adds the metrics to a plan: logprob where none is named, and there are targets.
func (f *File) metrics(m *model.Model, p *Plan) (warnings []string, err error) {
	for _, e := range f.Metrics {
		name, words, isDiff := strings.Cut(e.Text, ":")
		k := Metric{Kind: Kind(name)}
		if !slices.Contains(Kinds, k.Kind) {
			return nil, e.Wrong(choice("no metric is called %q: there are logprob, prob, rank, logit, entropy, kl and diff", name))
		}
		if (k.Kind == Diff) != isDiff {
			return nil, e.Wrong(choice(`metric %s: diff, and it alone, has two words behind it, such as diff:" good"," bad"`, e.Text))
		}
		if isDiff {
			pair, err := twoWords(words)
			if err != nil {
				return nil, e.Wrong(err)
			}
			for i, text := range pair {
				w, warning, err := wordOf(m, text)
				if err != nil {
					return nil, e.Wrong(err)
				}
				if k.Diff[i] = w; warning != "" {
					warnings = append(warnings, warning)
				}
			}
		}
		p.Metrics = append(p.Metrics, k)
	}
	return warnings, nil
}

// twoWords reads `" a"," b"` or `a,b`.
func twoWords(text string) ([2]string, error) {
	var out [2]string
	rest := text
	for i := range out {
		word, after, comma := rest, "", false
		if strings.HasPrefix(rest, `"`) {
			quoted, err := strconv.QuotedPrefix(rest)
			if err == nil {
				word, err = strconv.Unquote(quoted)
			}
			if err != nil {
				return out, choice("metric diff:%s: a quotation mark has no end", text)
			}
			after, comma = strings.CutPrefix(rest[len(quoted):], ",")
		} else {
			word, after, comma = strings.Cut(rest, ",")
		}
		if word == "" || comma != (i == 0) || i == 1 && after != "" {
			return out, choice(`metric diff:%s: write two words with a comma between them, such as diff:" good"," bad"`, text)
		}
		out[i], rest = word, after
	}
	return out, nil
}

// always binds what acts in every run: "POINT CHANGE".
func (f *File) always(m *model.Model, b *Binder, T int) ([]Edit, error) {
	type one struct {
		entry Entry
		point string
		spec  Spec
	}
	var all []one
	at := map[string][]Spec{}
	for _, e := range f.Always {
		place, text, _ := strings.Cut(e.Text, " ")
		point, where, from, err := ParsePoint(place)
		if err != nil {
			return nil, e.Wrong(err)
		}
		name, err := m.Points.Canonical(point)
		if err != nil {
			return nil, e.Wrong(&ChoiceError{err.Error()})
		}
		if _, err := where.Resolve(T); err != nil {
			return nil, e.Wrong(&ChoiceError{err.Error()})
		}
		changes, err := ParseChange(text)
		if err != nil {
			return nil, e.Wrong(err)
		}
		if len(changes) != 1 {
			return nil, e.Wrong(choice("%s: what acts in every run has one factor", e.Text))
		}
		for _, s := range changes[0] {
			if s.Site != "" {
				return nil, e.Wrong(choice("%s: the point in front says where it acts", e.Text))
			}
			s.At, s.From = where, from
			at[name] = append(at[name], s)
			if err := Conflict(name, at[name], T); err != nil {
				return nil, e.Wrong(err)
			}
			all = append(all, one{e, point, s})
		}
	}
	slices.SortStableFunc(all, func(x, y one) int { return slices.Index(SpecKinds, x.spec.Kind) - slices.Index(SpecKinds, y.spec.Kind) })
	var out []Edit
	for _, o := range all {
		bound, err := b.Bind(o.spec, []string{o.point})
		if err != nil {
			return nil, o.entry.Wrong(err)
		}
		out = append(out, Edit{o.point, bound.At(o.point), bound.Key})
	}
	return out, nil
}
