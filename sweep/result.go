package sweep

import (
	"math"

	"github.com/golens/golens/lens"
)

// A Result holds the metrics of all runs: F changes by B places, row-major.
type Result struct {
	Prompt string       // the text as given
	Tokens []lens.Token // the whole prompt, T tokens

	Changes []string  // F, in words
	Factors []float64 // F, NaN if a change has no number
	Places  []Place   // B
	Groups  []Group   // of changes that differ only in the seed of their noise

	Words []string // N targets as given; nil for the text's own next tokens
	IDs   []int64  // N targets
	// Pieces are the tokens of IDs and of a diff's words, by id.
	Pieces map[int64]lens.Token
	Next   bool

	Series []Series // one for each metric
	Done   []bool   // [F,B], whether the run was made; if not, its values are NaN
	// Odd says whether the logits that a run read are finite numbers: Finite, Infinite or NaN.
	// It is [F,B], and [F,B,T-1] with the text's own next tokens.
	Odd []int64

	Digest   string   // of the plan: see Plan.Digest
	Warnings []string // sentences for the user: logits that are not finite numbers
	Manifest lens.Manifest
}

// A Series is a metric of every run. W is the number of its values for a run: N for a metric of
// targets, 1 for another. With the text's own next tokens, W is T-1 for all metrics.
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

// Of returns the series of a metric by name, or nil.
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

// newResult returns the result of a plan of which no run was made.
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

// Recovery returns, for each run, (value - clean) / (other - clean), [F,B,W]. It is 0 where a run
// has the clean value, and 1 where it has the other prompt's. The result is nil without another
// prompt.
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
