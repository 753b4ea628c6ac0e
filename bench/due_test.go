package bench

import (
	"testing"
	"time"
)

// TestDue: a work is begun where it will be done in time, by what it took before, or by
// what the same work took on fewer tokens.
func TestDue(t *testing.T) {
	made := func(T int, warm bool, took time.Duration, flops float64) *work {
		return &work{Row: Row{Work: Lens, Mode: Exact, T: T, Cost: Cost{FLOPs: flops}}, wanted: 5, warm: warm, took: took}
	}
	short, mid, long, other := made(1, true, time.Hour, 1), made(14, true, time.Minute, 10), made(256, false, 0, 30), made(256, false, 0, 30)
	other.Mode = Fast
	r := &runner{works: []*work{short, mid, long, other}}
	for _, w := range r.works {
		if !r.due(w) {
			t.Errorf("without an end, %s is not due", w.Name())
		}
	}
	if got := r.expected(long); got != 3*time.Minute {
		t.Errorf("three times the operations are expected to take %s", got)
	}
	r.end = time.Now().Add(2 * time.Minute)
	for i, want := range []bool{false, true, false, true} {
		if got := r.due(r.works[i]); got != want {
			t.Errorf("%s is due: %v", r.works[i].Name(), got)
		}
	}
	mid.wanted = 0
	if r.due(mid) {
		t.Error("a work with all of its runs is due")
	}
}
