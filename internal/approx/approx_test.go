package approx

import (
	"fmt"
	"math"
	"testing"
)

// recorder is a test that only remembers what it was told.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, a ...any) {
	r.said = fmt.Sprintf(format, a...)
}

// TestCheck: within the tolerance passes, and NaN never does.
func TestCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want, tol float64
		ok             bool
	}{
		{1, 1, 0, true}, {1, 1.5, 0.5, true}, {1.5, 1, 0.5, true}, {1, 1.5, 0.4, false}, {inf, inf, 0, true}, {-inf, inf, 1, false}, {inf, 1, 1, false},
		{nan, 1, 1, false}, {1, nan, 1, false}, {nan, nan, 1, false}, {nan, 1, math.MaxFloat64, false}, {1, 2, nan, false}, {1, 2, -1, false},
	} {
		for _, all := range []bool{false, true} {
			r := &recorder{}
			var ok bool
			if all {
				ok = All(r, "x", []float32{0, float32(c.got)}, []float32{0, float32(c.want)}, c.tol)
			} else {
				ok = Check(r, "x", c.got, c.want, c.tol)
			}
			if ok != c.ok || (r.said == "") != ok {
				t.Errorf("%+v, all %v: %v, %q", c, all, ok, r.said)
			}
		}
	}
	r := &recorder{}
	if All(r, "y", []float32{1}, nil, 9); r.said != "y has 1 values, want 0" {
		t.Errorf("%q", r.said)
	}
	if All(r, "y", []float64{1, 5, nan, 9}, []float64{1, 1, 1, 1}, 1); r.said != "y: 3 of 4 values are not within 1, the farthest is number 2: NaN, want 1, apart by +Inf" {
		t.Errorf("%q", r.said)
	}
}
