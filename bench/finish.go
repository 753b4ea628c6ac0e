package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/golens/golens/model"
)

// finish assembles the result in the order of a table. It returns nil if nothing was measured.
func (r *runner) finish() *Result {
	r.out.Limits = r.meter.limits()
	lacks := map[string][]int{} // lengths by work and mode
	for _, w := range r.works {
		if len(w.Seconds) == 0 {
			key := string(w.Work) + " " + w.Mode
			lacks[key] = append(lacks[key], w.T)
			continue
		}
		w.settle(r.out.Limits)
		r.out.Rows = append(r.out.Rows, w.Row)
	}
	if len(r.out.Rows) == 0 {
		return nil
	}
	order := func(k Kind) int { return slices.Index(Kinds, k) }
	slices.SortStableFunc(r.out.Rows, func(a, b Row) int {
		if a.Work != b.Work {
			return order(a.Work) - order(b.Work)
		}
		if a.T != b.T {
			return a.T - b.T
		}
		return strings.Compare(a.Mode, b.Mode)
	})
	for _, key := range slices.Sorted(maps.Keys(lacks)) {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s: T = %s was not measured: the work ended before", key, numbers(lacks[key])))
	}
	if !r.peaks {
		r.out.Notes = append(r.out.Notes, "the peak of memory is unknown: this system does not let a process begin it anew")
	}
	if l := r.out.Machine.Load; l > float64(r.out.Machine.Processors)/4 {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("the machine was busy before the run began (load %.1f on %d processors): only ratios of one run mean anything", l, r.out.Machine.Processors))
	}
	return r.out
}

// leftOut says which lengths of a work the model cannot read.
func leftOut(k Kind, T []int, m *model.Model) string {
	return fmt.Sprintf("%s: T = %s was left out: the model's context holds %d tokens", k, numbers(T), m.Sizes.Context)
}

func numbers(v []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ", "), "[]")
}
