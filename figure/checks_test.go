package figure

import (
	"math"
	"strings"
	"testing"
)

// TestAxesCheck: where several axes are wrong, the error is about the first, each time.
func TestAxesCheck(t *testing.T) {
	a := &Axes{X: Axis{Min: math.NaN()}, Y: Axis{Min: 2, Max: 1}}
	for range 100 {
		if err := a.check(); err == nil || !strings.Contains(err.Error(), "the x axis cannot span") {
			t.Fatalf("got %v", err)
		}
	}
}
