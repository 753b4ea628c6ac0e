package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// A Device is where tensors lie and operations run. The zero Device is the CPU.
type Device struct {
	cuda  bool
	index int
}

// CPU is the main processor.
var CPU = Device{}

// String returns libtorch's name of the device: "cpu" or "cuda:0".
func (d Device) String() string {
	if d.cuda {
		return "cuda:" + strconv.Itoa(d.index)
	}
	return "cpu"
}

// IsCUDA reports whether d is a GPU.
func (d Device) IsCUDA() bool { return d.cuda }

// OpenDevice returns the device of the given name: "cpu", "cuda", "cuda:1", or
// "auto", which is the first GPU where one works and else the CPU. For a GPU it
// opens libtorch's CUDA part, and the error says what is missing.
func OpenDevice(name string) (Device, error) {
	rest, cuda := strings.CutPrefix(name, "cuda")
	switch {
	case name == "cpu":
		return CPU, nil
	case name == "auto":
		if n, err := openCUDA(); err == nil && n > 0 {
			return Device{cuda: true}, nil
		}
		return CPU, nil
	case cuda && (rest == "" || rest[0] == ':'):
		d := Device{cuda: true}
		if rest != "" {
			i, err := strconv.ParseUint(rest[1:], 10, 15)
			if err != nil {
				break
			}
			d.index = int(i)
		}
		n, err := openCUDA()
		if err != nil {
			return CPU, err
		}
		if d.index >= n {
			return CPU, &Error{Op: "open " + name, Msg: fmt.Sprintf("there are %d GPUs, numbered from 0", n)}
		}
		return d, nil
	}
	return CPU, &Error{Op: "open device " + strconv.Quote(name), Msg: "it is none of cpu, cuda, cuda:N and auto"}
}

// openCUDA opens CUDA once, before anything else may ask about it, and remembers what came of it.
var openCUDA = sync.OnceValues(func() (int, error) {
	var n C.int
	err := check("open cuda", C.golens_cuda_open(&n))
	return int(n), err
})

var busy sync.Map // Device to *sync.Mutex

// Exclusive runs f while no other operation holds the device. Every thread of the
// system that calls into libtorch would get a team of helper threads of its own;
// one operation at a time keeps that to one or two teams. Hooks run within f and
// must not ask for the device again. All GPUs count as one device: what TF32 sets
// holds for all of them.
func (d Device) Exclusive(f func() error) error {
	m, _ := busy.LoadOrStore(Device{cuda: d.cuda}, new(sync.Mutex))
	m.(*sync.Mutex).Lock()
	defer m.(*sync.Mutex).Unlock()
	// On one thread of the system, the operation has one team and one heap.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return f()
}

// TF32 runs f, within Exclusive, while products of float32 matrices on a GPU may take no
// more of their factors than TF32 has: 10 bits behind the leading one. Outside of it they
// take all bits. On the CPU it only runs f.
func (d Device) TF32(f func() error) (err error) {
	if !d.cuda {
		return f()
	}
	defer func() {
		if off := check("turn TF32 off", C.golens_cuda_tf32(0)); err == nil {
			err = off
		}
	}()
	if err := check("turn TF32 on", C.golens_cuda_tf32(1)); err != nil {
		return err
	}
	return f()
}

// HasTF32 reports whether d is a GPU that multiplies matrices of TF32 numbers faster than
// those of float32: those from compute capability 8 on do.
func (d Device) HasTF32() bool {
	var major C.int
	return d.cuda && check("ask about "+d.String(), C.golens_cuda_major(C.int(d.index), &major)) == nil && major >= 8
}

// SetThreads sets how many threads an operation on the CPU uses. It changes the
// bits of some results (matrix products that are split over threads), so results
// are comparable at one count only. Operations that run already keep their count.
func SetThreads(n int) error {
	op := fmt.Sprintf("use %d threads", n)
	if n < 1 || n > maxThreads {
		return &Error{Op: op, Msg: fmt.Sprintf("the number must be from 1 to %d", maxThreads)}
	}
	return check(op, C.golens_set_threads(C.int(n)))
}

// maxThreads is far above any use: threads that the system denies would end the process.
const maxThreads = 1024

// Threads returns how many threads an operation on the CPU uses.
func Threads() int { return int(C.golens_threads()) }

// KernelThreads returns how many threads golens's own kernels run on: Threads, or 1 where
// libtorch's OpenMP does not have the entry point by which kernels ask for its team.
func KernelThreads() int { return int(C.golens_kernel_threads(nil)) }

// useTeam looks for a team by another entry point.
func useTeam(symbol string) {
	name := C.CString(symbol)
	defer C.free(unsafe.Pointer(name))
	C.golens_kernel_threads(name)
}

// A Library says what libtorch is at work.
type Library struct {
	Version    string // "2.11.0"
	Commit     string // of PyTorch's sources; "" where libtorch does not say
	Capability string // which of ATen's own kernels run: "AVX512", "AVX2", "DEFAULT"
	BLAS       string // the matrix library and its version
	OneDNN     string
	OpenMP     string
}

// Describe returns what libtorch says of itself.
func Describe() (Library, error) {
	var text *C.char
	if err := check("describe libtorch", C.golens_describe(&text)); err != nil {
		return Library{}, err
	}
	defer C.free(unsafe.Pointer(text))
	v := map[string]string{}
	for line := range strings.Lines(C.GoString(text)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		v[key] = value
	}
	return Library{v["version"], v["commit"], v["capability"], v["mkl"], v["mkldnn"], v["openmp"]}, nil
}
