package sweep

import (
	"fmt"
	"math"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// A Plan says what is changed at which places, and what is read. Its runs are a clean run, and one
// for each change at each place.
type Plan struct {
	Changes []Change
	Places  []Place

	Words   []lens.Word // N targets, read at the last position
	Next    bool        // the targets are the text's own next tokens, at every position but the last
	Metrics []Metric    // LogProb if there are none

	// Always acts in every run, the clean one too.
	Always []Edit
}

// An Edit is an action at a point.
type Edit struct {
	Point  string
	Action hooks.Action
	Key    string // of an edit that always acts: identifies it; the action's name if empty
}

// A Change is an intervention that a plan makes at each place.
type Change struct {
	Name   string  // in words, such as "scale 0.8"
	Factor float64 // its number, for the axis of a figure; NaN if it has none
	Key    string  // identifies the change, with the contents of its files; Name if empty

	// Group is the common name of changes that differ only in the seed of their noise, or "":
	// see Result.Groups.
	Group string

	// Other are the tokens of the other prompt of a patch, or nil. If all patches of a plan
	// share one, its own metrics are read too: see Series.Recovery.
	Other []int64

	// Edits returns the change's edits at a place.
	Edits func(Place) ([]Edit, error)
}

// Scale returns the changes that multiply a place by each of the factors.
func Scale(factors ...float64) []Change {
	var out []Change
	for _, f := range factors {
		c := Do(hooks.Scale(f))
		c.Factor = f
		out = append(out, c)
	}
	return out
}

// Do returns the change in which an action acts at a place.
func Do(a hooks.Action) Change {
	return Change{Name: a.String(), Factor: math.NaN(), Edits: func(p Place) (out []Edit, err error) {
		for _, point := range p.points() {
			out = append(out, Edit{Point: point, Action: a})
		}
		return out, nil
	}}
}

// Both returns the change that makes a, and then b, at a place.
func Both(a, b Change) Change {
	return Change{Name: a.Name + " + " + b.Name, Factor: math.NaN(), Edits: func(p Place) ([]Edit, error) {
		first, err := a.Edits(p)
		if err != nil {
			return nil, err
		}
		second, err := b.Edits(p)
		return slices.Concat(first, second), err
	}}
}

// A Metric is a value that is read of a run. Diff is used by the kind Diff only.
type Metric struct {
	Kind Kind
	// For Diff: the log-probability of the first word minus that of the second.
	Diff [2]lens.Word
}

// A Kind names a metric.
type Kind string

const (
	LogProb Kind = "logprob" // of each target, in nats
	Prob    Kind = "prob"    // of each target
	Rank    Kind = "rank"    // of each target: 1 + the number of larger logits
	Logit   Kind = "logit"   // of each target
	Entropy Kind = "entropy" // of the distribution, in nats
	KL      Kind = "kl"      // from the run to the clean one, KL(clean || run), in nats
	Diff    Kind = "diff"    // of two words' log-probabilities, in nats
)

// Kinds are all metrics.
var Kinds = []Kind{LogProb, Prob, Rank, Logit, Entropy, KL, Diff}

// OfTargets reports whether a metric has a value for each target.
func (k Kind) OfTargets() bool { return slices.Contains([]Kind{LogProb, Prob, Rank, Logit}, k) }

// Name returns the metric's name in files: its kind, and for diff the words.
func (m Metric) Name() string {
	if m.Kind == Diff {
		return fmt.Sprintf("diff:%q,%q", m.Diff[0].Text, m.Diff[1].Text)
	}
	return string(m.Kind)
}

// check fills in defaults, and refuses a plan that cannot be run.
func (p Plan) check(m *model.Model, T int) (Plan, error) {
	if len(p.Changes) == 0 {
		return p, choice("the plan is empty: it names no change, such as scale 0.8")
	}
	if len(p.Places) == 0 {
		return p, choice("the plan is empty: it names no place to change")
	}
	if len(p.Metrics) == 0 {
		p.Metrics = []Metric{{Kind: LogProb}}
	}
	for _, c := range p.Changes {
		if math.IsInf(c.Factor, 0) {
			return p, choice("%s: the factor must be a finite number", c.Name)
		}
	}
	if p.Next && len(p.Words) > 0 {
		return p, choice("targets are either words or the text's own next tokens, not both")
	}
	if p.Next && T < 2 {
		return p, choice("a text of one token has no next token to follow: give a longer prompt, or a target")
	}
	words := slices.Clone(p.Words)
	for i, k := range p.Metrics {
		switch {
		case !slices.Contains(Kinds, k.Kind):
			return p, choice("no metric is called %q: there are logprob, prob, rank, logit, entropy, kl and diff", k.Kind)
		case k.Kind.OfTargets() && !p.Next && len(p.Words) == 0:
			return p, choice("the metric %s needs a target", k.Kind)
		case slices.ContainsFunc(p.Metrics[:i], func(o Metric) bool { return o.Name() == k.Name() }):
			return p, choice("the metric %s is named twice", k.Name())
		case k.Kind == Diff:
			words = append(words, k.Diff[0], k.Diff[1])
		}
	}
	for _, w := range words {
		if w.ID < 0 || w.ID >= int64(m.Sizes.Vocab) {
			return p, choice("the target %q has the id %d, which is not in the vocabulary of %d", w.Text, w.ID, m.Sizes.Vocab)
		}
	}
	return p, nil
}

// other returns the tokens of the one prompt from which all patches take states, or nil.
func (p Plan) other() []int64 {
	var out []int64
	for _, c := range p.Changes {
		switch {
		case c.Other == nil:
		case out == nil:
			out = c.Other
		case !slices.Equal(out, c.Other):
			return nil
		}
	}
	if p.Next {
		return nil // its words are others
	}
	return out
}

// Runs returns the number of variants, without the clean run.
func (p Plan) Runs() int { return len(p.Changes) * len(p.Places) }
