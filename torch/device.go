package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/golens/golens/internal/libtorch"
)

// A Device is where tensors lie and operations run. The zero Device is the CPU.
type Device struct {
	kind  string // "" for the CPU, else what its name begins with
	index int
}

// CPU is the main processor.
var CPU = Device{}

// kinds are the devices beside the CPU. One more is an entry here, and how it opens.
var kinds = []struct {
	name   string
	number int                                       // of c10::DeviceType
	open   func() (count int, there bool, err error) // there says that a device is there, also beside an error
}{
	{"cuda", 1, openCUDA},
}

// deviceOf returns the device that libtorch knows by numbers.
func deviceOf(kind, index int) Device {
	for _, k := range kinds {
		if k.number == kind {
			return Device{k.name, index}
		}
	}
	return CPU
}

// String returns libtorch's name of the device: "cpu" or "cuda:0".
func (d Device) String() string {
	if d.kind == "" {
		return "cpu"
	}
	return d.kind + ":" + strconv.Itoa(d.index)
}

// Host reports whether the device's memory is the process's own. Tensors can lie in mapped
// files there, and no copy is needed to read them.
func (d Device) Host() bool { return d.kind == "" }

// Kernels reports whether package kernel computes on the device.
func (d Device) Kernels() bool { return d.Host() }

// OpenDevice returns the device of the given name: "cpu", "cuda", "cuda:1", or "auto",
// which is what AutoDevice returns. The error of a GPU says what is missing.
func OpenDevice(name string) (Device, error) {
	switch name {
	case "cpu":
		return CPU, nil
	case "auto":
		d, _ := AutoDevice()
		return d, nil
	}
	for _, k := range kinds {
		d, err := parseDevice(k.name, name)
		if err != nil {
			continue
		}
		n, _, err := k.open()
		if err != nil {
			return CPU, err
		}
		if d.index >= n {
			return CPU, &Error{Op: "open " + name, Msg: fmt.Sprintf("there are %d GPUs, numbered from 0", n)}
		}
		return d, nil
	}
	return CPU, CheckDevice(name)
}

// CheckDevice returns an error unless name is one that OpenDevice knows. It opens nothing.
func CheckDevice(name string) error {
	names := []string{"cpu"}
	for _, k := range kinds {
		if _, err := parseDevice(k.name, name); err == nil {
			return nil
		}
		names = append(names, k.name, k.name+":N")
	}
	if name == "cpu" || name == "auto" {
		return nil
	}
	return &Error{Op: "open device " + strconv.Quote(name), Msg: "it is none of " + strings.Join(names, ", ") + " and auto"}
}

// parseDevice reads "cuda" and "cuda:1".
func parseDevice(kind, name string) (Device, error) {
	if name == kind {
		return Device{kind: kind}, nil
	}
	rest, ok := strings.CutPrefix(name, kind+":")
	i, err := strconv.ParseUint(rest, 10, 15)
	if !ok || err != nil {
		return CPU, strconv.ErrSyntax
	}
	return Device{kind, int(i)}, nil
}

// AutoDevice returns the first GPU where one works and else the CPU. The error, beside the
// CPU, says why a GPU that is there does not serve; where there is none it is nil.
func AutoDevice() (Device, error) {
	var why error
	for _, k := range kinds {
		n, there, err := k.open()
		if err == nil && n > 0 {
			return Device{kind: k.name}, nil
		}
		if there && why == nil {
			why = err
		}
	}
	return CPU, why
}

// cuda is what came of opening CUDA, once, before anything else may ask about it.
var cuda = sync.OnceValue(func() (c struct {
	count int
	there bool
	err   error
}) {
	var n, there C.int
	c.err = check("open cuda", C.golens_cuda_open(&n, &there))
	c.count, c.there = int(n), there != 0
	return c
})

func openCUDA() (count int, there bool, err error) {
	c := cuda()
	return c.count, c.there, c.err
}

// TF32 runs f, within Exclusive, while products of float32 matrices on a GPU may take no
// more of their factors than TF32 has: 10 bits behind the leading one. Outside of it they
// take all bits. On the CPU it only runs f.
func (d Device) TF32(f func() error) (err error) {
	if d.kind != "cuda" {
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
	return d.kind == "cuda" && check("ask about "+d.String(), C.golens_cuda_major(C.int(d.index), &major)) == nil && major >= 8
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

// Threads returns how many threads an operation on the CPU uses, 0 where libtorch does not
// tell.
func Threads() int {
	var n C.int
	if check("ask for the number of threads", C.golens_threads(&n)) != nil {
		return 0
	}
	return int(n)
}

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
	Version    string // by libtorch's own word: "2.11.0"
	Build      string // the linker's id of its libtorch_cpu.so, in hexadecimal
	Dir        string // its folder, which holds lib/
	Source     string // where that was found
	Shim       string // the library through which golens calls it
	Commit     string // of PyTorch's sources; "" where libtorch does not say
	Capability string // which of ATen's own kernels run: "AVX512", "AVX2", "DEFAULT"
	BLAS       string // the matrix library and its version
	OneDNN     string
	OpenMP     string
}

// Describe opens libtorch and returns what it says of itself.
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
	in := opening.in
	return Library{libtorch.VersionOf(opening.number), in.Build, in.Dir, in.Source, opening.shim, v["commit"], v["capability"], v["mkl"], v["mkldnn"], v["openmp"]}, nil
}
