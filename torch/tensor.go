package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A Tensor is an n-dimensional array in libtorch's memory, on one device.
type Tensor struct {
	c       *C.golens_tensor
	cleanup runtime.Cleanup
}

func ownTensor(c *C.golens_tensor) *Tensor {
	t := &Tensor{c: c}
	t.cleanup = runtime.AddCleanup(t, func(c *C.golens_tensor) { C.golens_tensor_free(c) }, c)
	return t
}

// gone reports whether there is no tensor (any more).
func (t *Tensor) gone() bool { return t == nil || t.c == nil }

// Close frees the tensor. Memory that other tensors share stays until they go. Closing twice does nothing.
func (t *Tensor) Close() error {
	if !t.gone() {
		t.cleanup.Stop()
		C.golens_tensor_free(t.c)
		t.c = nil
	}
	return nil
}

// New returns a tensor on the CPU with a copy of data, whose length must be the product of shape.
func New[T Element](data []T, shape ...int64) (*Tensor, error) {
	return copyIn(unsafe.Pointer(unsafe.SliceData(data)), int64(len(data)), dtypeOf[T](), shape)
}

// NewOn is New on a device.
func NewOn[T Element](on Device, data []T, shape ...int64) (*Tensor, error) {
	t, err := New(data, shape...)
	if err != nil || on.Host() {
		return t, err
	}
	defer t.Close()
	return t.To(t.DType(), on)
}

// FromBytes returns a tensor on the CPU with a copy of little-endian elements of the given type.
func FromBytes(data []byte, d DType, shape ...int64) (*Tensor, error) {
	if d.Size() == 0 || int64(len(data))%d.Size() != 0 {
		return nil, &Error{Op: "new tensor", Msg: fmt.Sprintf("%d bytes are no whole number of elements of %v", len(data), d)}
	}
	return copyIn(unsafe.Pointer(unsafe.SliceData(data)), int64(len(data))/d.Size(), d, shape)
}

func copyIn(data unsafe.Pointer, n int64, d DType, shape []int64) (*Tensor, error) {
	op := fmt.Sprintf("new %v tensor of shape %v", d, shape)
	bytes, err := bytesOf(op, d, shape)
	if err != nil {
		return nil, err
	}
	if bytes != n*d.Size() {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("it needs %d values, not %d", bytes/d.Size(), n)}
	}
	var out *C.golens_tensor
	if err := check(op, C.golens_tensor_copy_in(data, C.int64_t(bytes), C.int(d), dims(shape), C.int(len(shape)), &out)); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

// Empty returns a float32 tensor on the CPU whose elements are still to be written.
func Empty(shape ...int64) (*Tensor, error) {
	op := fmt.Sprintf("new %v tensor of shape %v", Float32, shape)
	if _, err := bytesOf(op, Float32, shape); err != nil {
		return nil, err
	}
	var out *C.golens_tensor
	if err := check(op, C.golens_tensor_empty(dims(shape), C.int(len(shape)), &out)); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

func dims(shape []int64) *C.int64_t { return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))) }

// Values returns a copy of the tensor's elements in row-major order, brought to
// the CPU first. T must be the tensor's own type; convert with To before, also
// from the types that Go lacks (float16, bfloat16).
func Values[T Element](t *Tensor) ([]T, error) {
	const op = "read tensor"
	if t.gone() {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(t)
	if has, want := t.DType(), dtypeOf[T](); has != want {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("it holds %v, not %v: convert it before", has, want)}
	}
	out := make([]T, t.Numel())
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), len(out)*int(unsafe.Sizeof(*new(T))))
	if err := copyOut(op, t, bytes); err != nil {
		return nil, err
	}
	if dtypeOf[T]() == Bool { // bytes of a file may be neither 0 nor 1, which a bool of Go must be
		for i := range bytes {
			bytes[i] = min(bytes[i], 1)
		}
	}
	return out, nil
}

// Bytes returns a copy of the tensor's elements as little-endian bytes in
// row-major order, whatever their type, brought to the CPU first.
func Bytes(t *Tensor) ([]byte, error) {
	const op = "read tensor"
	if t.gone() {
		return nil, closed(op)
	}
	out := make([]byte, t.Numel()*t.DType().Size())
	if err := copyOut(op, t, out); err != nil {
		return nil, err
	}
	return out, nil
}

func copyOut(op string, t *Tensor, dst []byte) error {
	defer runtime.KeepAlive(t)
	return check(op, C.golens_tensor_copy_out(t.c, unsafe.Pointer(unsafe.SliceData(dst)), C.int64_t(len(dst))))
}

// Shape returns the sizes, outermost first; nil for a closed tensor.
func (t *Tensor) Shape() []int64 {
	if t.gone() {
		return nil
	}
	defer runtime.KeepAlive(t)
	shape := make([]int64, 8)
	n := int(C.golens_tensor_sizes(t.c, dims(shape), C.int(len(shape))))
	if n > len(shape) {
		shape = make([]int64, n)
		C.golens_tensor_sizes(t.c, dims(shape), C.int(n))
	}
	return shape[:n]
}

// Numel returns the number of elements, 0 for a closed tensor.
func (t *Tensor) Numel() int64 {
	if t.gone() {
		return 0
	}
	n := int64(1)
	for _, s := range t.Shape() {
		n *= s
	}
	return n
}

// DType returns the type of the elements, -1 for a closed tensor.
func (t *Tensor) DType() DType {
	if t.gone() {
		return -1
	}
	defer runtime.KeepAlive(t)
	return DType(C.golens_tensor_dtype(t.c))
}

// Device returns where the tensor lies, the CPU for a closed tensor.
func (t *Tensor) Device() Device {
	if t.gone() {
		return Device{}
	}
	defer runtime.KeepAlive(t)
	var index C.int
	return deviceOf(int(C.golens_tensor_device(t.c, &index)), int(index))
}

// SharesStorage reports whether both lie in the same memory, as tied weights do.
// Tensors without an element lie nowhere.
func (t *Tensor) SharesStorage(u *Tensor) bool {
	if t.gone() || u.gone() {
		return false
	}
	defer runtime.KeepAlive(t)
	defer runtime.KeepAlive(u)
	at := C.golens_tensor_storage(t.c)
	return at != nil && at == C.golens_tensor_storage(u.c)
}

// SameBits reports whether two float32 tensors have the same shape and the same bits.
func SameBits(a, b *Tensor) (bool, error) {
	const op = "compare tensors"
	if a.gone() || b.gone() {
		return false, closed(op)
	}
	defer runtime.KeepAlive(a)
	defer runtime.KeepAlive(b)
	var same C.int
	err := check(op, C.golens_tensor_same_bits(a.c, b.c, &same))
	return same != 0, err
}

func (t *Tensor) derive(op string, f func(*C.golens_tensor, **C.golens_tensor) *C.char) (*Tensor, error) {
	if t.gone() {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(t)
	var out *C.golens_tensor
	if err := check(op, f(t.c, &out)); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

// Narrow returns a view of length elements of dimension dim, from start on.
func (t *Tensor) Narrow(dim int, start, length int64) (*Tensor, error) {
	return t.derive("narrow tensor", func(c *C.golens_tensor, out **C.golens_tensor) *C.char {
		return C.golens_tensor_narrow(c, C.int64_t(dim), C.int64_t(start), C.int64_t(length), out)
	})
}

// Select returns a view of one element of dimension dim, which is dropped from the shape.
func (t *Tensor) Select(dim int, index int64) (*Tensor, error) {
	return t.derive("select from tensor", func(c *C.golens_tensor, out **C.golens_tensor) *C.char {
		return C.golens_tensor_select(c, C.int64_t(dim), C.int64_t(index), out)
	})
}

// Clone returns a copy with memory of its own.
func (t *Tensor) Clone() (*Tensor, error) {
	return t.derive("copy tensor", func(c *C.golens_tensor, out **C.golens_tensor) *C.char {
		return C.golens_tensor_clone(c, out)
	})
}

// To returns the tensor with the given element type on the given device; what is so already shares its memory.
func (t *Tensor) To(d DType, on Device) (*Tensor, error) {
	name := C.CString(on.String())
	defer C.free(unsafe.Pointer(name))
	return t.derive(fmt.Sprintf("convert tensor to %v on %v", d, on), func(c *C.golens_tensor, out **C.golens_tensor) *C.char {
		return C.golens_tensor_to(c, C.int(d), name, out)
	})
}

// Trim gives memory that was freed back to the system. Between the steps of a long
// work it keeps the process as small as its largest step; it takes some milliseconds.
func Trim() { C.golens_trim() }

// Live returns how many tensors, modules and files are not yet freed.
func Live() int64 { return int64(C.golens_live()) }
