package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// align is the multiple at which an array's data begins in its .npy member,
// as NumPy itself writes it.
const align = 64

// Write writes data, a row-major array of the given dims, in NumPy's .npy
// format. The Go libraries for it write nested slices or one axis; the arrays
// here are flat with several axes and too large to be copied into nests.
func Write(w io.Writer, dims []int, data any) error {
	switch d := data.(type) {
	case []int64:
		return writeElements(w, "<i8", dims, d, 8, func(b []byte, v int64) {
			binary.LittleEndian.PutUint64(b, uint64(v))
		})
	case []float32:
		return writeElements(w, "<f4", dims, d, 4, func(b []byte, v float32) {
			binary.LittleEndian.PutUint32(b, math.Float32bits(v))
		})
	case []float64:
		return writeElements(w, "<f8", dims, d, 8, func(b []byte, v float64) {
			binary.LittleEndian.PutUint64(b, math.Float64bits(v))
		})
	case []bool:
		return writeElements(w, "|b1", dims, d, 1, func(b []byte, v bool) {
			b[0] = 0
			if v {
				b[0] = 1
			}
		})
	case string:
		// A string is an array without axes; NumPy keeps text as UTF-32.
		runes := []rune(d)
		return writeElements(w, fmt.Sprintf("<U%d", max(1, len(runes))), nil, orNUL(runes), 4, func(b []byte, v rune) {
			binary.LittleEndian.PutUint32(b, uint32(v))
		})
	}
	return fmt.Errorf("npy: no type for %T", data)
}

// orNUL pads an empty text to the one character that the smallest type holds;
// NumPy drops trailing NULs when it reads.
func orNUL(runes []rune) []rune {
	if len(runes) == 0 {
		return []rune{0}
	}
	return runes
}

// writeElements writes the header and then the elements, size bytes each,
// through a small buffer: the array is never held twice.
func writeElements[E any](w io.Writer, descr string, dims []int, data []E, size int, put func([]byte, E)) error {
	if _, err := w.Write(header(descr, dims)); err != nil {
		return err
	}
	const chunk = 1 << 13
	buf := make([]byte, 0, chunk*size)
	for len(data) > 0 {
		n := min(len(data), chunk)
		buf = buf[:n*size]
		for i, v := range data[:n] {
			put(buf[i*size:(i+1)*size], v)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// header returns the header of format version 1.0, whose length fits 16 bits
// for every shape that is written here.
func header(descr string, dims []int) []byte {
	var shape strings.Builder
	for _, n := range dims {
		fmt.Fprintf(&shape, "%d, ", n)
	}
	tuple := strings.TrimSuffix(shape.String(), " ")
	if len(dims) > 1 {
		tuple = strings.TrimSuffix(tuple, ",") // only a tuple of one needs it
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)

	const magic = "\x93NUMPY\x01\x00"
	used := len(magic) + 2 + len(dict) + 1
	pad := (align - used%align) % align
	head := make([]byte, 0, used+pad)
	head = append(head, magic...)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(dict)+pad+1))
	head = append(head, dict...)
	head = append(head, strings.Repeat(" ", pad)...)
	return append(head, '\n')
}
