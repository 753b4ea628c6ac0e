package sweep

import (
	"fmt"
	"math"
	"slices"
)

// A Comparison says how two results differ.
type Comparison struct {
	Same     bool     // every number that both have is equal, to the bit
	MustSame bool     // both were made under equal conditions, so they must be equal
	Why      []string // the conditions that differ
	Metrics  []Difference
}

// A Difference says how the values of one metric differ.
type Difference struct {
	Name          string
	Compared      int // the number of values that both have
	Differ        int
	Most          float64 // the largest difference of two values
	Place, Change string  // where it is
	A, B          float32 // the two values there
}

// Compare compares two results with the same runs: the same changes, places and targets by name.
// Prompts and models can differ.
func Compare(a, b *Result) (*Comparison, error) {
	switch {
	case !slices.Equal(a.Changes, b.Changes):
		return nil, choice("the results have other changes: %s, and %s", some(a.Changes), some(b.Changes))
	case !slices.EqualFunc(a.Places, b.Places, func(x, y Place) bool { return x.Label == y.Label }):
		return nil, choice("the results have other places: %d, and %d", len(a.Places), len(b.Places))
	case !slices.Equal(a.Words, b.Words) || a.Next != b.Next || a.Next && len(a.IDs) != len(b.IDs):
		return nil, choice("the results have other targets")
	}
	c := &Comparison{Same: true}
	x, y := madeBy(a), madeBy(b)
	for i := range x {
		if x[i] != y[i] {
			c.Why = append(c.Why, x[i].Name)
		}
	}
	c.MustSame = len(c.Why) == 0
	for i := range a.Series {
		s := &a.Series[i]
		o := b.Of(s.Metric.Name())
		if o == nil || o.W != s.W {
			continue
		}
		d := Difference{Name: s.Metric.Name()}
		for n, v := range s.Clean {
			d.see(v, o.Clean[n], "", "clean")
		}
		for n, v := range s.Values {
			if run := n / s.W; a.Done[run] && b.Done[run] {
				d.see(v, o.Values[n], a.Places[run%len(a.Places)].Label, a.Changes[run/len(a.Places)])
			}
		}
		c.Same = c.Same && d.Differ == 0
		c.Metrics = append(c.Metrics, d)
	}
	if len(c.Metrics) == 0 {
		return nil, choice("the results have no metric in common")
	}
	return c, nil
}

// madeBy returns the conditions of a result, by name.
func madeBy(r *Result) []struct{ Name, Value string } {
	return append(r.Manifest.Key(), []struct{ Name, Value string }{{"the weights", r.Manifest.Weights}, {"the plan or the prompt", r.Digest}}...)
}

// see compares two values.
func (d *Difference) see(a, b float32, place, change string) {
	d.Compared++
	if math.Float32bits(a) == math.Float32bits(b) || a != a && b != b {
		return
	}
	d.Differ++
	by := math.Abs(float64(a) - float64(b))
	if math.IsNaN(by) {
		by = math.Inf(1)
	}
	if d.Differ == 1 || by > d.Most {
		d.Most, d.Place, d.Change, d.A, d.B = by, place, change, a, b
	}
}

func some(texts []string) string {
	if len(texts) > 3 {
		return fmt.Sprintf("%q and %d more", texts[:3], len(texts)-3)
	}
	return fmt.Sprintf("%q", texts)
}
