package torch

// #include <stdlib.h>
import "C"

import (
	"errors"
	"strings"
	"unsafe"
)

// ErrClosed is the cause of an error when a closed tensor or module is used.
var ErrClosed = errors.New("it was closed")

// An Error says what was asked of libtorch and why it failed.
type Error struct {
	Op    string // what was done, and to what: "load gpt2.pt"
	Msg   string // the cause
	Trace string // libtorch's own account, of many lines; empty when it has no more to say
	Err   error  // an error of Go behind it, such as a hook's; else nil
}

func (e *Error) Error() string { return "torch: " + e.Op + ": " + e.Msg }

// Unwrap returns the Go error behind e, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// closedBoundary is what boundary.c returns while libtorch is not open.
const closedBoundary = "\x1d"

// check turns a message of the C boundary into an error, and frees it.
func check(op string, msg *C.char) error {
	if msg == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(msg))
	if C.GoString(msg) == closedBoundary {
		return Open() // which has failed before
	}
	cause, trace, _ := strings.Cut(C.GoString(msg), "\x1e")
	return &Error{Op: op, Msg: cause, Trace: trace}
}

func closed(op string) error { return &Error{Op: op, Msg: ErrClosed.Error(), Err: ErrClosed} }
