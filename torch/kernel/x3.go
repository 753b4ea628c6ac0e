package kernel

// #include "kernel.h"
import "C"

// X3 returns the sets that read in split bfloat16 on this processor, best first: their
// products are three in bfloat16 for one in float32. Read has the candidates, logits,
// ranks and ties of a set in float32, bit for bit, and sums that are near. In all that was
// tried, log-sum-exp is within 2e-4 nats and KL within 5e-4; entropy is within 2e-4, but for
// one text (docs/fast.md). What else there is in a set is float32's.
// There is none without AMX or AVX512_BF16.
func X3() []Set { return sets(func(i C.int) *C.golens_kernel { return C.golens_x3_at(i) }) }

// EmulatedX3 returns such sets on emulated instructions: slow, anywhere, for tests.
func EmulatedX3() []Set {
	return sets(func(i C.int) *C.golens_kernel { return C.golens_x3_emulated_at(i) })
}

// trialPasses reports whether the trial of x3's instructions passes with a fault in them.
func trialPasses(tiles bool, fault int) bool {
	on := C.int(0)
	if tiles {
		on = 1
	}
	return C.golens_x3_trial_passes(on, C.int(fault)) != 0
}

// Fast reports whether a set in split bfloat16 is faster than one in float32: with AMX.
// AVX512_BF16 has two products for one, and three are needed.
func (s Set) Fast() bool { return s.Name() == "x3-amx" }

func sets(at func(C.int) *C.golens_kernel) []Set {
	var out []Set
	for i := C.int(0); ; i++ {
		c := at(i)
		if c == nil {
			return out
		}
		out = append(out, Set{c})
	}
}
