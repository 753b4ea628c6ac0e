package torch

// The function that C++ calls. It stands in a file of its own since the preamble
// of a file with exported functions is compiled twice and may hold no definitions.

// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime/cgo"
)

// golensGoHook runs hook number index of the call that handle names on x, which
// it owns from here on, and gives what takes its place to C++, or nothing.
//
//export golensGoHook
func golensGoHook(handle C.uintptr_t, index C.int, x *C.golens_tensor, y **C.golens_tensor) (failed *C.char) {
	run := cgo.Handle(handle).Value().(*running)
	in := ownTensor(x)
	defer in.Close()
	fail := func(err error) *C.char {
		run.err = err
		return C.CString(err.Error())
	}
	defer func() { // a panic must not unwind through C++
		if p := recover(); p != nil {
			if err, ok := p.(error); ok {
				failed = fail(fmt.Errorf("a hook panicked: %w", err))
			} else {
				failed = fail(fmt.Errorf("a hook panicked: %v", p))
			}
		}
	}()
	out, err := run.funcs[index](in)
	if err != nil {
		return fail(err)
	}
	if out != nil && out != in {
		if out.c == nil {
			return fail(closed("take a hook's result"))
		}
		out.cleanup.Stop()
		*y, out.c = out.c, nil // C++ owns it now
	}
	return nil
}
