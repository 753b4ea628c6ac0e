package torch

// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/golens/golens/torch/kernel"
)

// parallel has a kernel's tasks done by libtorch's own threads: another team beside
// them would fight for the same cores.
func parallel() kernel.Parallel { return kernel.Parallel(C.golens_parallel_for_kernels()) }

// floats returns where a tensor's elements lie, and checks that kernels can read them.
func (t *Tensor) floats(what string) (*float32, error) {
	op := "read " + what
	if t.gone() {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(t)
	var at *C.float
	if err := check(op, C.golens_tensor_floats(t.c, &at)); err != nil {
		return nil, err
	}
	return (*float32)(unsafe.Pointer(at)), nil
}

// matrix returns a weight [N,K] as kernels take it.
func matrix(w *Tensor) (kernel.Matrix, error) {
	at, err := w.floats("weights")
	if err != nil {
		return kernel.Matrix{}, err
	}
	s := w.Shape()
	if len(s) != 2 {
		return kernel.Matrix{}, &Error{Op: "read weights", Msg: fmt.Sprintf("they have the shape %v, and not two dimensions", s)}
	}
	return kernel.Matrix{W: at, N: s[0], K: s[1], StrideN: s[1], StrideK: 1}, nil
}
