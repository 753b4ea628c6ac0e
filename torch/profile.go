package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"
)

// An Activity is what libtorch did meanwhile, as its own profiler counts.
type Activity struct {
	Operators int // calls of libtorch's operators, those within others too

	// On a GPU, 0 without one.
	Kernels    int           // that were started
	Busy       time.Duration // that they took, added up
	ToDevice   Transfers     // from the CPU's memory
	FromDevice Transfers     // to the CPU's memory
	Within     Transfers     // from place to place on the device
}

// Transfers are copies of memory by the device. Bytes are 0 where libtorch does not tell.
type Transfers struct {
	Count int
	Bytes int64
}

var profiling sync.Mutex // the profiler is one for the process

// Profile runs f, on one thread of the system, and returns what libtorch did in it. It
// takes time of its own, so f is not to be timed. f must not call Profile.
func Profile(f func() error) (a Activity, err error) {
	profiling.Lock()
	defer profiling.Unlock()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	gpus, _, _ := openCUDA() // the profiler asks about CUDA, which fixes the answer
	cuda := C.int(0)
	if gpus > 0 {
		cuda = 1
	}
	if err := check("begin a profile", C.golens_profile_begin(cuda)); err != nil {
		return a, err
	}
	defer func() { // also where f panics: a profiler that goes on takes memory without end
		var text *C.char
		if e := check("end a profile", C.golens_profile_end(&text)); e != nil {
			if err == nil {
				err = e
			}
			return
		}
		defer C.free(unsafe.Pointer(text))
		var busy int64
		_, e := fmt.Sscan(C.GoString(text), &a.Operators, &a.Kernels, &busy, &a.ToDevice.Count, &a.ToDevice.Bytes,
			&a.FromDevice.Count, &a.FromDevice.Bytes, &a.Within.Count, &a.Within.Bytes)
		a.Busy = time.Duration(busy)
		if err == nil {
			err = e
		}
	}()
	return a, f()
}
