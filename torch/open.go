package torch

// #include <stdlib.h>
// #include "boundary.h"
import "C"

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/golens/golens/internal/libtorch"
)

// An OpenError says why no libtorch could be opened, and what to do.
type OpenError struct{ Err error }

func (e *OpenError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// opening is what came of opening libtorch, once in a process.
var opening struct {
	sync.Mutex
	tried  bool
	place  string // of Use
	in     *libtorch.Install
	shim   string
	number uint64 // aoti_torch_abi_version of what is loaded
	err    error
}

// Use names the folder of the libtorch to open (with lib/ in it), in place of the search that
// Open does. It is an error where another one is open already.
func Use(dir string) error {
	opening.Lock()
	defer opening.Unlock()
	if opening.tried && opening.place != dir {
		return &OpenError{fmt.Errorf("libtorch %s cannot be used: another one is open already", dir)}
	}
	opening.place = dir
	return nil
}

// Open finds libtorch and its shim and loads both into the process, for good. Whatever needs
// libtorch calls it by itself, so that it is only called to have the error early: an
// *OpenError. A second call has the outcome of the first.
func Open() error {
	opening.Lock()
	defer opening.Unlock()
	if !opening.tried {
		opening.tried = true
		if err := open(); err != nil {
			opening.err = &OpenError{err}
		}
	}
	return opening.err
}

// golensOpen is Open for the functions of boundary.c.
//
//export golensOpen
func golensOpen() { _ = Open() } // check has the error where the boundary says that it is closed

func open() error {
	env := libtorch.Here()
	env.Named = opening.place
	in, shim, err := libtorch.FindToRun(context.Background(), env, Sources())
	if err != nil {
		return err
	}
	for _, path := range in.Libraries() {
		if err := load(path); err != nil {
			return fmt.Errorf("%s cannot be loaded: %w", path, err)
		}
	}
	// Asked before the shim is loaded, which would find other structs than it was built for.
	opening.number = uint64(C.golens_torch_number())
	if err := shim.Fits(opening.number); err != nil {
		return fmt.Errorf("%s: %w", in.Dir, err)
	}
	path := C.CString(shim.Path)
	defer C.free(unsafe.Pointer(path))
	if err := reason(C.golens_open_shim(path)); err != nil {
		return fmt.Errorf("%s cannot be loaded beside libtorch %s: %w; remove the file and run %s", shim.Path, in.Version, err, libtorch.SetupCommand())
	}
	opening.in, opening.shim = in, shim.Path
	return nil
}

func load(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	return reason(C.golens_load(p))
}

// reason turns what the loader says into an error, and frees it.
func reason(why *C.char) error {
	if why == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(why))
	return errors.New(C.GoString(why))
}

//go:embed golens.def golens.h shim/*.cc shim/*.h kernel/kernel.h
var sources embed.FS

// Sources returns what the shim of this golens is built from.
func Sources() libtorch.Sources {
	s := libtorch.Sources{FS: sources}
	if C.golens_with_asan() != 0 {
		s.Variant = "asan" // the program and the shim share memory
	}
	return s
}
