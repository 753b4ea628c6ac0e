package sweep

import (
	"math"

	"github.com/golens/golens/lens"
)

// A Result holds what became of the metrics: F changes by B places, row-major.
type Result struct {
	Prompt string       // the text as given
	Tokens []lens.Token // the whole prompt, T tokens

	Changes []string  // F, in words
	Factors []float64 // F, NaN where a change has no number
	Places  []Place   // B
	Groups  []Group   // of changes that differ in the seed of their noise only

	Words []string // N targets as given; nil for the text's own next tokens
	IDs   []int64  // N targets
	// Pieces are the tokens of IDs and of a diff's words, by id.
	Pieces map[int64]lens.Token
	Next   bool

	Series []Series // one for each metric
	Done   []bool   // [F,B], whether the run was made; values of others are NaN
	// Odd says whether the logits that a run read are finite numbers: Finite, Infinite or NaN.
	// It is [F,B], and [F,B,T-1] with the text's own next tokens.
	Odd []int64

	Digest   string   // of the plan: see Plan.Digest
	Warnings []string // sentences for the user: logits that are not finite numbers
	Manifest lens.Manifest
}

// A Series is a metric of every run. W is N for a metric of targets and 1 for another;
// with the text's own next tokens it is T-1 for all.
type Series struct {
	Metric Metric
	W      int
	Clean  []float32 // [W], of the run without a change
	Values []float32 // [F,B,W]
	Other  []float32 // [W], of the other prompt of a patch; nil where there is none
}

// At returns the values of a change at a place, [W].
func (s *Series) At(r *Result, change, place int) []float32 {
	from := (change*len(r.Places) + place) * s.W
	return s.Values[from : from+s.W]
}

// Of returns the series of a metric's name, nil if there is none.
func (r *Result) Of(name string) *Series {
	for i := range r.Series {
		if r.Series[i].Metric.Name() == name {
			return &r.Series[i]
		}
	}
	return nil
}

// Complete reports whether every run was made.
func (r *Result) Complete() bool {
	for _, d := range r.Done {
		if !d {
			return false
		}
	}
	return true
}

// newResult makes the result of a plan, with nothing done.
func newResult(p Plan, ids []int64) *Result {
	r := &Result{Next: p.Next}
	for _, id := range ids {
		r.Tokens = append(r.Tokens, lens.Token{ID: id})
	}
	for _, c := range p.Changes {
		r.Changes, r.Factors = append(r.Changes, c.Name), append(r.Factors, c.Factor)
	}
	r.Groups = groupsOf(p.Changes)
	r.Places = p.Places
	n := 1
	for _, w := range p.Words {
		r.Words, r.IDs = append(r.Words, w.Text), append(r.IDs, w.ID)
	}
	if p.Next {
		r.IDs = ids[1:]
		n = len(ids) - 1
	}
	r.Done = make([]bool, p.Runs())
	r.Odd = make([]int64, p.Runs()*r.positions())
	for _, k := range p.Metrics {
		w := n
		if !p.Next && k.Kind.OfTargets() {
			w = len(p.Words)
		}
		s := Series{Metric: k, W: w, Clean: make([]float32, w), Values: make([]float32, p.Runs()*w)}
		for i := range s.Values {
			s.Values[i] = float32(math.NaN())
		}
		r.Series = append(r.Series, s)
	}
	return r
}

// Recovery returns how far each run came from the clean run, 0, to the other prompt's,
// 1: (value - clean) / (other - clean), [F,B,W]; nil where there is no other.
func (s *Series) Recovery() []float32 {
	if s.Other == nil {
		return nil
	}
	out := make([]float32, len(s.Values))
	for i, v := range s.Values {
		clean := float64(s.Clean[i%s.W])
		out[i] = float32((float64(v) - clean) / (float64(s.Other[i%s.W]) - clean))
	}
	return out
}
