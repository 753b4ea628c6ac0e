package torch

import (
	"fmt"
	"math"
	"math/bits"
	"reflect"
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
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Float32:
		return Float32
	case reflect.Float64:
		return Float64
	case reflect.Int64:
		return Int64
	case reflect.Int32:
		return Int32
	case reflect.Bool:
		return Bool
	}
	return UInt8
}

// bytesOf returns the bytes of a tensor, or why there is none of this type and shape.
func bytesOf(op string, d DType, shape []int64) (int64, error) {
	n := uint64(d.Size())
	if n == 0 {
		return 0, &Error{Op: op, Msg: "the type of the elements is not one that golens reads and writes"}
	}
	for _, s := range shape {
		if s < 0 {
			return 0, &Error{Op: op, Msg: "a size is negative"}
		}
		hi, lo := bits.Mul64(n, uint64(s))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, &Error{Op: op, Msg: "it is larger than any memory"}
		}
		n = lo
	}
	return int64(n), nil
}
