package kernel

// #include "kernel.h"
import "C"

import (
	"fmt"
	"runtime"
)

// Logits are rows of N numbers, Step apart, of which those numbered At are meant.
type Logits struct {
	At   *float32
	Rows []int64
	N    int64
	Step int64
}

// A Selection is what there is to read of R rows of logits without computing anything.
type Selection struct {
	TopIDs     []int64   // [R,K]: NaN before all else, then value descending, id ascending
	TopLogits  []float32 // [R,K]
	Rank, Ties []int64   // [R,N]: 1 + the number of larger logits, and other words with an equal one; N and 0 where the target's is NaN; 0 where the target is -1
}

// Select returns the top largest of each row, and where its targets [R,N], -1 for none,
// stand among all.
func (s Set) Select(x Logits, top int, targets []int64, par Parallel) (*Selection, error) {
	R := len(x.Rows)
	switch {
	case top < 0 || int64(top) > x.N:
		return nil, fmt.Errorf("kernel: %d candidates of %d words", top, x.N)
	case R == 0 || len(targets)%R != 0:
		return nil, fmt.Errorf("kernel: %d targets for %d rows", len(targets), R)
	}
	if err := checkIDs("target", targets, -1, x.N); err != nil {
		return nil, err
	}
	out := &Selection{TopIDs: make([]int64, R*top), TopLogits: make([]float32, R*top), Rank: make([]int64, len(targets)), Ties: make([]int64, len(targets))}
	var p runtime.Pinner
	defer p.Unpin()
	c := C.golens_selection{x: pin(&p, x.At), at: (*C.int64_t)(into(&p, x.Rows)), rows: C.int64_t(R), n: C.int64_t(x.N), ld: C.int64_t(x.Step), top: C.int64_t(top),
		targets: (*C.int64_t)(into(&p, targets)), count: C.int64_t(len(targets) / R),
		top_ids: (*C.int64_t)(into(&p, out.TopIDs)), top_logits: (*C.float)(into(&p, out.TopLogits)),
		rank: (*C.int64_t)(into(&p, out.Rank)), ties: (*C.int64_t)(into(&p, out.Ties))}
	if err := memory(C.golens_call_select(s.table(), &c, (*C.golens_parallel)(par))); err != nil {
		return nil, err
	}
	return out, nil
}
