package sweep

import (
	"fmt"
	"slices"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/torch"
)

// The values of Result.Odd, for the logits at one position of a run.
const (
	Finite   = 0 // all are finite numbers
	Infinite = 1 // none is NaN, and one is infinite
	NaN      = 2 // one is NaN
)

// positions is the number of positions that a run reads: the last, or one for each of the text's
// own next tokens.
func (r *Result) positions() int {
	if r.Next {
		return len(r.IDs)
	}
	return 1
}

// OddAt returns the values of Odd for a change at a place, one for each position that was read.
// They are Finite where Odd is nil, as in a result that Run did not make.
func (r *Result) OddAt(change, place int) []int64 {
	n := r.positions()
	if r.Odd == nil {
		return make([]int64, n)
	}
	from := (change*len(r.Places) + place) * n
	return r.Odd[from : from+n]
}

// IsOdd reports whether any run has a logit that is not a finite number.
func (r *Result) IsOdd() bool {
	return slices.ContainsFunc(r.Odd, func(k int64) bool { return k != Finite })
}

// noteOdd records the kind of a run's logits: a row [V], or [1,T,V] for the text's own next
// tokens, of which the last row predicts none.
func (r *runner) noteOdd(index int, x *torch.Tensor) error {
	out, err := metrics.Call("odd", x)
	if err != nil {
		return err
	}
	defer out[0].Close()
	v, err := torch.Values[int64](out[0])
	if err != nil {
		return err
	}
	n := r.out.positions()
	switch v = v[:n]; index {
	case cleanIndex:
		r.cleanOdd = v
	case otherIndex:
		r.otherOdd = v
	default:
		copy(r.out.Odd[index*n:], v)
	}
	return nil
}

// warnOdd adds a warning for each kind of odd logits in the runs, including those of an earlier
// result.
func (r *runner) warnOdd(vocab int) {
	odd := lens.Oddities{Readings: "runs"}
	see := func(kinds []int64, name string) {
		odd.Total++
		where := func(kind int64) func() string {
			return func() string {
				if !r.out.Next {
					return name
				}
				return fmt.Sprintf("%s, position %d", name, slices.Index(kinds, kind))
			}
		}
		switch {
		case slices.Contains(kinds, NaN):
			odd.NaN.Add(where(NaN))
		case slices.Contains(kinds, Infinite):
			odd.Infinite.Add(where(Infinite))
		}
	}
	see(r.cleanOdd, "the clean run")
	if r.otherOdd != nil {
		see(r.otherOdd, "the run of the other prompt")
	}
	for f, change := range r.out.Changes {
		for b, place := range r.out.Places {
			if r.out.Done[f*len(r.out.Places)+b] {
				see(r.out.OddAt(f, b), fmt.Sprintf("%q at %s", change, place.Label))
			}
		}
	}
	r.out.Warnings = append(r.out.Warnings, odd.Warnings(vocab, r.out.Changes)...)
}
