package kernel

import "testing"

// The trial of x3's instructions passes for what their definitions say and for nothing else.
func TestX3Trial(t *testing.T) {
	for fault, name := range []string{"", "products are rounded", "the upper half comes last", "small inputs are not zero",
		"small sums are not zero", "even and odd terms share a chain", "sums are added in another order", "the last bit of the last factor"} {
		for _, tiles := range []bool{false, true} {
			// The same functions: a pair has one chain, and halves in tiles have one each, of
			// products that are exact.
			if fault == 5 && !tiles || (fault == 1 || fault == 2) && tiles {
				continue
			}
			if passes := trialPasses(tiles, fault); passes != (fault == 0) {
				t.Errorf("tiles %v, fault %q: the trial passes: %v", tiles, name, passes)
			}
		}
	}
}
