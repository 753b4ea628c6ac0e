package torch

// The function that C++ calls. It stands in a file of its own since the preamble
// of a file with exported functions is compiled twice and may hold no definitions.

// #include "golens.h"
import "C"

import "runtime/cgo"

// golensGoHook runs hook number index of the call that handle names on x, which
// it owns from here on, and gives what takes its place to C++, or nothing.
//
//export golensGoHook
func golensGoHook(handle C.uintptr_t, index C.int, x *C.golens_tensor, y **C.golens_tensor) *C.char {
	in := ownTensor(x)
	defer in.Close()
	run := cgo.Handle(handle).Value().(*running)
	out, err := run.do(int(index), in)
	if err != nil {
		run.err = err
		return C.CString(err.Error())
	}
	if out != nil && out != in {
		out.cleanup.Stop()
		*y, out.c = out.c, nil // C++ owns it now
	}
	return nil
}
