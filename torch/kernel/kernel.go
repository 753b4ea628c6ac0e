// Package kernel has the product with a weight matrix, in a chosen order of summation,
// and what a lens reads of it in one pass over the vocabulary. It is plain C++ that
// knows nothing of libtorch; package torch hands it tensors and threads.
//
// There is one table of functions for each instruction set. The best that the
// processor runs is chosen when it is asked for: the same program runs anywhere.
package kernel

/*
#cgo CXXFLAGS: -std=c++20 -O3 -g0
#include "kernel.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// An Order is the order in which the products of an element are summed: chains of so
// many fused multiply-adds, added one after the other, or Lanes. See kernel.h.
type Order int64

// Lanes is the order of 16 chains side by side.
const Lanes Order = C.GOLENS_LANES

func (o Order) String() string {
	if o == Lanes {
		return "16 lanes"
	}
	return fmt.Sprintf("chains of %d", int64(o))
}

// Valid reports whether there is such an order.
func (o Order) Valid() bool { return o > 0 || o == Lanes }

// PanelWidth is how many outputs of a packed matrix lie together: [ceil(N/32), K, 32].
const PanelWidth = 32

// A Set is the functions of one instruction set. The zero Set is the best.
type Set struct{ c *C.golens_kernel }

// table returns the set as C knows it.
func (s Set) table() *C.golens_kernel {
	if s.c == nil {
		return C.golens_kernel_best()
	}
	return s.c
}

// Best returns the best instruction set that the processor runs.
func Best() Set { return Set{C.golens_kernel_best()} }

// Sets returns those that the processor runs, best first. The last is "plain".
func Sets() []Set {
	var out []Set
	for i := 0; ; i++ {
		c := C.golens_kernel_at(C.int(i))
		if c == nil {
			return out
		}
		out = append(out, Set{c})
	}
}

// Name is "avx512", "avx2" or "plain".
func (s Set) Name() string { return C.GoString(s.table().name) }

// Table is the set as C knows it, a golens_kernel, for other packages with C in them.
func (s Set) Table() unsafe.Pointer { return unsafe.Pointer(s.table()) }
