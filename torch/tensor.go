package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A DType is the type of a tensor's elements. Its values are libtorch's own numbers.
type DType int

// The element types that golens reads and writes.
const (
	UInt8    DType = 0
	Int32    DType = 3
	Int64    DType = 4
	Float16  DType = 5
	Float32  DType = 6
	Float64  DType = 7
	Bool     DType = 11
	BFloat16 DType = 15
)

var dtypes = map[DType]struct {
	name string
	size int64
}{
	UInt8: {"uint8", 1}, Int32: {"int32", 4}, Int64: {"int64", 8}, Bool: {"bool", 1},
	Float16: {"float16", 2}, BFloat16: {"bfloat16", 2}, Float32: {"float32", 4}, Float64: {"float64", 8},
}

// String returns PyTorch's name of the type, such as "float32".
func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("dtype(%d)", int(d))
}

// Size returns the bytes of one element, 0 for a type that golens does not know.
func (d DType) Size() int64 { return dtypes[d].size }

// Element lists the Go types that are copied in and out as they are.
type Element interface {
	~float32 | ~float64 | ~int64 | ~int32 | ~uint8 | ~bool
}

func dtypeOf[T Element]() DType {
	var v T
	switch any(v).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int64:
		return Int64
	case int32:
		return Int32
	case bool:
		return Bool
	}
	return UInt8
}

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

// Close frees the tensor. Memory that other tensors share stays until they go. Closing twice does nothing.
func (t *Tensor) Close() error {
	if t != nil && t.c != nil {
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

// FromBytes returns a tensor on the CPU with a copy of little-endian elements of the given type.
func FromBytes(data []byte, d DType, shape ...int64) (*Tensor, error) {
	if d.Size() == 0 || int64(len(data))%d.Size() != 0 {
		return nil, &Error{Op: "new tensor", Msg: fmt.Sprintf("%d bytes are no whole number of elements of %v", len(data), d)}
	}
	return copyIn(unsafe.Pointer(unsafe.SliceData(data)), int64(len(data))/d.Size(), d, shape)
}

func copyIn(data unsafe.Pointer, n int64, d DType, shape []int64) (*Tensor, error) {
	op := fmt.Sprintf("new %v tensor of shape %v", d, shape)
	want := int64(1)
	for _, s := range shape {
		if s < 0 {
			return nil, &Error{Op: op, Msg: "a size is negative"}
		}
		want *= s
	}
	if want != n {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("it needs %d values, not %d", want, n)}
	}
	var out *C.golens_tensor
	if err := check(op, C.golens_tensor_copy_in(data, C.int(d), dims(shape), C.int(len(shape)), &out)); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

func dims(shape []int64) *C.int64_t { return (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(shape))) }

// Values returns a copy of the tensor's elements in row-major order, brought to
// the CPU first. T must be the tensor's own type; convert with To before.
func Values[T Element](t *Tensor) ([]T, error) {
	const op = "read tensor"
	if t.c == nil {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(t)
	out := make([]T, t.Numel())
	bytes := C.int64_t(uintptr(len(out)) * unsafe.Sizeof(*new(T)))
	return out, check(op, C.golens_tensor_copy_out(t.c, C.int(dtypeOf[T]()), unsafe.Pointer(unsafe.SliceData(out)), bytes))
}

// Bytes returns a copy of the tensor's elements as little-endian bytes in
// row-major order, whatever their type, brought to the CPU first.
func Bytes(t *Tensor) ([]byte, error) {
	const op = "read tensor"
	if t.c == nil {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(t)
	out := make([]byte, t.Numel()*t.DType().Size())
	return out, check(op, C.golens_tensor_copy_out(t.c, C.int(t.DType()), unsafe.Pointer(unsafe.SliceData(out)), C.int64_t(len(out))))
}

// Shape returns the sizes, outermost first; nil for a closed tensor.
func (t *Tensor) Shape() []int64 {
	if t.c == nil {
		return nil
	}
	defer runtime.KeepAlive(t)
	shape := make([]int64, C.golens_tensor_ndim(t.c))
	for i := range shape {
		shape[i] = int64(C.golens_tensor_size(t.c, C.int(i)))
	}
	return shape
}

// Numel returns the number of elements.
func (t *Tensor) Numel() int64 {
	n := int64(1)
	for _, s := range t.Shape() {
		n *= s
	}
	return n
}

// DType returns the type of the elements.
func (t *Tensor) DType() DType {
	if t.c == nil {
		return -1
	}
	defer runtime.KeepAlive(t)
	return DType(C.golens_tensor_dtype(t.c))
}

// Device returns where the tensor lies.
func (t *Tensor) Device() Device {
	if t.c == nil {
		return Device{}
	}
	defer runtime.KeepAlive(t)
	s := C.golens_tensor_device(t.c)
	defer C.free(unsafe.Pointer(s))
	return deviceOf(C.GoString(s))
}

// SharesStorage reports whether both lie in the same memory, as tied weights do.
func (t *Tensor) SharesStorage(u *Tensor) bool {
	if t.c == nil || u.c == nil {
		return false
	}
	defer runtime.KeepAlive(t)
	defer runtime.KeepAlive(u)
	return C.golens_tensor_storage(t.c) == C.golens_tensor_storage(u.c)
}

func (t *Tensor) derive(op string, f func(*C.golens_tensor, **C.golens_tensor) *C.char) (*Tensor, error) {
	if t.c == nil {
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

// Live returns how many tensors and modules are not yet freed.
func Live() int64 { return int64(C.golens_live()) }
