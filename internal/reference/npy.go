package reference

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var npyHeader = regexp.MustCompile(`^\{'descr': '(<f4|<i8|\|b1)', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \}`)

// readNPY returns the array of a file that numpy.save wrote: version 1 of the
// format, float32, int64 or bool, in C order.
func readNPY(file string) (Array, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Array{}, err
	}
	a, err := parseNPY(data)
	if err != nil {
		return Array{}, fmt.Errorf("read %s: %w", file, err)
	}
	return a, nil
}

func parseNPY(data []byte) (Array, error) {
	if !bytes.HasPrefix(data, []byte("\x93NUMPY\x01\x00")) || len(data) < 10 {
		return Array{}, fmt.Errorf("not an npy file of version 1.0")
	}
	end := 10 + int(binary.LittleEndian.Uint16(data[8:]))
	if end > len(data) {
		return Array{}, fmt.Errorf("npy header of %d bytes in a file of %d", end, len(data))
	}
	m := npyHeader.FindSubmatch(data[10:end])
	if m == nil {
		return Array{}, fmt.Errorf("unsupported npy header %q", data[10:end])
	}
	n, a := 1, Array{Shape: []int{}}
	for size := range strings.FieldsFuncSeq(string(m[2]), func(r rune) bool { return r == ',' || r == ' ' }) {
		d, err := strconv.Atoi(size)
		if err != nil {
			return Array{}, fmt.Errorf("npy shape (%s): %w", m[2], err)
		}
		if d > 0 && n > len(data)/d {
			return Array{}, fmt.Errorf("npy shape (%s) is larger than its file of %d bytes", m[2], len(data))
		}
		n *= d
		a.Shape = append(a.Shape, d)
	}
	var values any
	switch string(m[1]) {
	case "<f4":
		a.Float32 = make([]float32, n)
		values = a.Float32
	case "<i8":
		a.Int64 = make([]int64, n)
		values = a.Int64
	case "|b1":
		a.Bool = make([]bool, n)
		values = a.Bool
	}
	if got, want := len(data)-end, binary.Size(values); got != want {
		return Array{}, fmt.Errorf("npy shape (%s) needs %d bytes, got %d", m[2], want, got)
	}
	_, err := binary.Decode(data[end:], binary.LittleEndian, values)
	return a, err
}

// writeNPY writes values of a shape as float32.
func writeNPY(file string, values []float32, shape []int) error {
	n, sizes := 1, ""
	for _, d := range shape {
		n *= d
		sizes += strconv.Itoa(d) + ","
	}
	if n != len(values) {
		return fmt.Errorf("%d values do not fill the shape %v", len(values), shape)
	}
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", sizes)
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n" // data starts at a multiple of 64
	out := []byte("\x93NUMPY\x01\x00")
	out = binary.LittleEndian.AppendUint16(out, uint16(len(header)))
	out = append(out, header...)
	out, err := binary.Append(out, binary.LittleEndian, values)
	if err != nil {
		return err
	}
	return os.WriteFile(file, out, 0o600)
}
