// Package approx compares numbers in tests so that NaN always fails. A comparison `d > tolerance`
// is false for NaN. A test that fails only where it is true lets NaN pass, the very value that a
// numerical bug produces.
package approx

import (
	"math"
	"testing"
)

// Float is a type of floating-point numbers.
type Float interface{ ~float32 | ~float64 }

// Check fails the test unless got is within tol of want, and returns whether it is. Equal
// infinities are near each other. A NaN on either side is near nothing, and a NaN tolerance allows
// nothing.
func Check[F Float](t testing.TB, what string, got, want F, tol float64) bool {
	t.Helper()
	d := Distance(got, want)
	if d <= tol {
		return true
	}
	t.Errorf("%s is %v, want %v within %g: apart by %g", what, got, want, tol, d)
	return false
}

// All fails the test unless both have the same length and each got[i] is within tol of want[i],
// and returns whether they are. The message names the number that is farthest off.
func All[F Float](t testing.TB, what string, got, want []F, tol float64) bool {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d values, want %d", what, len(got), len(want))
		return false
	}
	far, at, n := 0.0, 0, 0
	for i := range got {
		d := Distance(got[i], want[i])
		if !(d <= tol) {
			n++
		}
		if !(d <= far) {
			far, at = d, i
		}
	}
	if n == 0 {
		return true
	}
	t.Errorf("%s: %d of %d values are not within %g, the farthest is number %d: %v, want %v, apart by %g", what, n, len(got), tol, at, got[at], want[at], far)
	return false
}

// Distance returns |a - b| in float64. It is 0 for equal infinities. It is infinite if a or b is
// NaN, so that it is within no tolerance.
func Distance[F Float](a, b F) float64 {
	if a == b {
		return 0
	}
	d := math.Abs(float64(a) - float64(b))
	if math.IsNaN(d) {
		return math.Inf(1)
	}
	return d
}
