// Package torch is a thin layer over libtorch: tensors, TorchScript modules,
// devices and errors, and nothing that a logit lens does not need. Arithmetic is
// not bound operation by operation: it is written as TorchScript source text
// (see Unit.Define), where it reads as in a notebook and gives the same bits.
//
// No libtorch is needed to build: it is found and loaded when something first needs it (see
// Open), through a shim that was built once with its headers.
//
// A Tensor or Module owns one C++ object. Close frees it at once; the garbage
// collector frees what was forgotten. Every method is safe to call from any
// goroutine, but closing a value while another goroutine uses it is an error of
// the caller. A goroutine that starts a whole operation (a forward, a lens) holds
// its device with Device.Exclusive, so that libtorch's thread pools are not multiplied.
package torch

// #cgo CFLAGS: -std=gnu11 -O2 -g0
// #cgo LDFLAGS: -ldl
import "C"
