package npy

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// A number is how a number lies in a .npy file.
type number struct {
	width int
	read  func(b []byte) (float32, error)
}

// numberOf returns how numbers of a type lie in a file, by numpy's name of the type: "<f4".
func numberOf(name string) (number, error) {
	var order binary.ByteOrder = binary.LittleEndian
	kind := name
	if len(name) > 1 {
		if name[0] == '>' {
			order = binary.BigEndian
		}
		kind = name[1:]
	}
	bits := func(b []byte) uint64 {
		switch len(b) {
		case 1:
			return uint64(b[0])
		case 2:
			return uint64(order.Uint16(b))
		case 4:
			return uint64(order.Uint32(b))
		}
		return order.Uint64(b)
	}
	width, err := strconv.Atoi(kind[min(1, len(kind)):])
	known := err == nil && (width == 1 || width == 2 || width == 4 || width == 8)
	switch {
	case known && kind[0] == 'f' && width > 1:
		return number{width, func(b []byte) (float32, error) { return floatOf(bits(b[:width]), width), nil }}, nil
	case known && kind[0] == 'i':
		return number{width, func(b []byte) (float32, error) {
			shift := 64 - 8*width
			return exactly(int64(bits(b[:width])<<shift) >> shift)
		}}, nil
	case known && kind[0] == 'u':
		return number{width, func(b []byte) (float32, error) {
			v := bits(b[:width])
			if v > math.MaxInt64 {
				return 0, notExact(v)
			}
			return exactly(int64(v))
		}}, nil
	case kind == "V2":
		return number{}, fmt.Errorf("it holds %q, as which numpy saves bfloat16 without saying so: save x.astype(numpy.float32), which keeps every number", name)
	case kind == "b1":
		return number{}, fmt.Errorf("it holds truth values, %q, and a state is made of numbers: save x.astype(numpy.float32)", name)
	case kind != "" && kind[0] == 'c':
		return number{}, fmt.Errorf("it holds complex numbers, %q, and a state is made of real ones: save x.real.astype(numpy.float32)", name)
	case kind == "f16" || kind == "f12":
		return number{}, fmt.Errorf("it holds numpy.longdouble, %q, which differs from machine to machine: save x.astype(numpy.float64)", name)
	}
	return number{}, fmt.Errorf("it holds %q; float16, float32, float64 and whole numbers are understood: save x.astype(numpy.float32)", name)
}

// floatOf returns the number with the given bits of a floating-point type of 2, 4 or 8 bytes.
func floatOf(bits uint64, width int) float32 {
	switch width {
	case 2:
		return half(uint16(bits))
	case 4:
		return math.Float32frombits(uint32(bits))
	}
	return float32(math.Float64frombits(bits))
}

// half returns the number with the bits of a float16, which float32 holds exactly.
func half(bits uint16) float32 {
	sign, exponent, fraction := float64(1), int(bits>>10)&31, float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 31:
		if fraction != 0 {
			return float32(math.NaN())
		}
		return float32(math.Inf(int(sign)))
	case 0:
		return float32(math.Copysign(math.Ldexp(fraction, -24), sign))
	}
	return float32(sign * math.Ldexp(1024+fraction, exponent-25))
}

// exactly returns a whole number as a float32, or an error where that would round it.
func exactly(v int64) (float32, error) {
	f := float32(v)
	if f >= 1<<63 || int64(f) != v {
		return 0, notExact(v)
	}
	return f, nil
}

func notExact(v any) error {
	return fmt.Errorf("the whole number %d is not one of float32: save x.astype(numpy.float32) to have it rounded", v)
}

// rowMajor returns the values of an array in Fortran order, whose first axis runs fastest,
// in row-major order.
func rowMajor(values []float32, shape []int64) []float32 {
	step := make([]int64, len(shape)) // from one to the next along an axis
	n := int64(1)
	for d, size := range shape {
		step[d], n = n, n*size
	}
	out := make([]float32, len(values))
	at := make([]int64, len(shape))
	for i := range out {
		from := int64(0)
		for d, p := range at {
			from += p * step[d]
		}
		out[i] = values[from]
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < shape[d] {
				break
			}
			at[d] = 0
		}
	}
	return out
}
