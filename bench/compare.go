package bench

import (
	"fmt"
	"slices"
)

// A Verdict says how a work changed from one result to another.
type Verdict string

const (
	Same    Verdict = "same"    // no change that the noise would not make
	Slower  Verdict = "slower"  // the intervals of the two medians do not meet
	Faster  Verdict = "faster"  // likewise
	Unknown Verdict = "unknown" // too few runs to know the noise
)

// leastRuns is the number of runs from which an interval says something about noise.
const leastRuns = 4

// A Comparison compares two results.
type Comparison struct {
	Changes  []Change
	Products float64  // how many times as fast as the old one's the new one's machine is in products
	Memory   float64  // and in reading memory
	Only     []string // works that one of them has only
	Differs  []string // what makes them not comparable
	Notes    []string // what else is other
}

// A Change compares one work: the time of a run, or the overhead of hooks, which is already a
// ratio.
type Change struct {
	Row      Row // the new one
	Old, New Summary
	Ratio    float64 // the new median over the old
	Peak     float64 // the new peak of memory over the old; 0 where one is unknown
	Verdict  Verdict
}

// Worse reports whether the work is slower by more than the noise and by more than tolerance, a
// share of the old time.
func (c Change) Worse(tolerance float64) bool {
	return c.Verdict == Slower && c.Ratio > 1+tolerance
}

// Compare compares the works that both results have. Results of different machines, models or
// thread counts are compared as well. Differs then names the differences, and the ratios say
// nothing about the program.
func Compare(old, new *Result) *Comparison {
	c := &Comparison{Products: ratio(new.Limits.FLOPS, old.Limits.FLOPS), Memory: ratio(new.Limits.Bytes, old.Limits.Bytes)}
	a, b := old.Manifest, new.Manifest
	for _, d := range []struct {
		what     string
		old, new any
	}{
		{"the processor", a.CPU, b.CPU}, {"the number of processors", old.Machine.Processors, new.Machine.Processors},
		{"the number of threads", a.Threads, b.Threads}, {"the device", a.Device, b.Device}, {"the capability of the CPU", a.Capability, b.Capability},
		{"the model's configuration", short(a.Config), short(b.Config)}, {"the dtype", a.DType, b.DType}, {"attention", a.Attention, b.Attention},
	} {
		if d.old != d.new {
			c.Differs = append(c.Differs, fmt.Sprintf("%s was %v, and is %v", d.what, d.old, d.new))
		}
	}
	if a.Libtorch != b.Libtorch || a.BLAS != b.BLAS {
		c.Notes = append(c.Notes, fmt.Sprintf("libtorch was %s (%s), and is %s (%s)", a.Libtorch, a.BLAS, b.Libtorch, b.BLAS))
	}
	if old.Limits.By != new.Limits.By { // whose products are not the same measurement
		c.Products = 0
		c.Notes = append(c.Notes, fmt.Sprintf("the faster product was by %s, and is by %s", old.Limits.By, new.Limits.By))
	}
	for _, r := range new.Rows {
		i := slices.IndexFunc(old.Rows, func(o Row) bool { return o.Name() == r.Name() && o.Each == r.Each })
		if i < 0 {
			c.Only = append(c.Only, r.Name())
			continue
		}
		c.Changes = append(c.Changes, compareRows(old.Rows[i], r))
	}
	for _, r := range old.Rows {
		if !slices.ContainsFunc(new.Rows, func(o Row) bool { return o.Name() == r.Name() && o.Each == r.Each }) && !slices.Contains(c.Only, r.Name()) {
			c.Only = append(c.Only, r.Name())
		}
	}
	return c
}

func compareRows(old, new Row) Change {
	c := Change{Row: new, Old: old.Time, New: new.Time, Peak: ratio(float64(new.Peak), float64(old.Peak))}
	if old.Overhead != nil && new.Overhead != nil {
		c.Old, c.New = old.Overhead.Ratio, new.Overhead.Ratio
	}
	c.Ratio = ratio(c.New.Median, c.Old.Median)
	switch {
	case min(c.Old.Runs, c.New.Runs) < leastRuns:
		c.Verdict = Unknown
	case c.New.Low > c.Old.High:
		c.Verdict = Slower
	case c.New.High < c.Old.Low:
		c.Verdict = Faster
	default:
		c.Verdict = Same
	}
	return c
}

// ratio returns a / b, or 0 if one of them is unknown.
func ratio(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return 0
	}
	return a / b
}

// short cuts a digest for use in a sentence.
func short(digest string) string { return digest[:min(len(digest), 12)] }
