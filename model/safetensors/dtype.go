package safetensors

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A DType names the type of a tensor's elements as the header spells it, such
// as "F32". Elements are little-endian.
type DType string

// The types that language models are stored in. The format knows more of
// them: see DType.Bits.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	I64  DType = "I64"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// dtypes lists every type of the format with its width in bits. The order is
// the format's own, rising by alignment: a writer puts the tensors of the last
// types first, so that each starts at a multiple of its width.
var dtypes = []struct {
	name DType
	bits int64
}{
	{Bool, 8},
	{"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6},
	{U8, 8}, {"I8", 8},
	{"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8},
	{"I16", 16}, {"U16", 16}, {F16, 16}, {BF16, 16},
	{"I32", 32}, {"U32", 32}, {F32, 32},
	{"C64", 64}, {F64, 64}, {I64, 64}, {"U64", 64},
}

// rank returns the type's place in dtypes, -1 for a type that the format does
// not know.
func (d DType) rank() int {
	for i, t := range dtypes {
		if t.name == d {
			return i
		}
	}
	return -1
}

// Bits returns the width of one element in bits, or 0 for a type that the format does not know.
func (d DType) Bits() int64 {
	if i := d.rank(); i >= 0 {
		return dtypes[i].bits
	}
	return 0
}

// byteSize returns the bytes that a tensor of type d and the given shape takes.
// It refuses an unknown type, a negative dimension, a product that does not fit
// 63 bits (zeros left out, so that strides can be computed as well), and
// elements of 4 or 6 bits that do not fill whole bytes.
func byteSize(d DType, shape []int64) (int64, error) {
	bits := d.Bits()
	if bits == 0 {
		return 0, fmt.Errorf("unknown dtype %s; the format has %s", quote(string(d)), dtypeNames())
	}
	total := bits
	for _, dim := range shape {
		if dim < 0 {
			return 0, fmt.Errorf("shape %s has the negative dimension %d", shapeString(shape), dim)
		}
		dim = max(dim, 1)
		if total > math.MaxInt64/dim {
			return 0, fmt.Errorf("shape %s of %s overflows 64 bits", shapeString(shape), d)
		}
		total *= dim
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	if total%8 != 0 {
		return 0, fmt.Errorf("shape %s of %s does not fill whole bytes", shapeString(shape), d)
	}
	return total / 8, nil
}

func dtypeNames() string {
	names := make([]string, len(dtypes))
	for i, t := range dtypes {
		names[i] = string(t.name)
	}
	return strings.Join(names, ", ")
}
