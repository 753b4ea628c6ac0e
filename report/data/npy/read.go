// Package npy reads and writes NumPy's .npy files of arrays.
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// ReadFile reads an array that numpy.save wrote, of any shape with at least one element, and
// returns it row-major in float32: of float16 and float32 the very numbers, of float64
// rounded ones, and of whole numbers those that float32 holds exactly. A NaN or an infinity
// is an error. (The Go libraries for this format panic on a damaged header, and
// take memory for what it claims.)
func ReadFile(path string) (values []float32, shape []int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("it is not a file")
	}
	values, shape, err = Read(f, info.Size())
	if err != nil {
		return nil, nil, err
	}
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return nil, nil, errors.New("the array holds a NaN, an infinity or a number too large for float32")
		}
	}
	return values, shape, nil
}

const magic = "\x93NUMPY"

var (
	typePattern  = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	orderPattern = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	shapePattern = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9,\s]*)\)`)
)

// Read reads a .npy of size bytes.
func Read(r io.Reader, size int64) ([]float32, []int64, error) {
	header, start, err := readHeader(r, size)
	if err != nil {
		return nil, nil, err
	}
	kind, order, dims := typePattern.FindStringSubmatch(header), orderPattern.FindStringSubmatch(header), shapePattern.FindStringSubmatch(header)
	if kind == nil || order == nil || dims == nil {
		return nil, nil, errors.New("its header is not that of a .npy array of numbers")
	}
	number, err := numberOf(kind[1])
	if err != nil {
		return nil, nil, err
	}
	width := int64(number.width)
	shape, n, err := parseShape(dims[1], (size-start)/width)
	if err != nil {
		return nil, nil, err
	}
	if n*width != size-start {
		return nil, nil, fmt.Errorf("the shape %v takes %d bytes, and %d are there: the file is damaged", shape, n*width, size-start)
	}
	raw := make([]byte, n*width)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, nil, err
	}
	values := make([]float32, n)
	for i := range values {
		if values[i], err = number.read(raw[i*number.width:]); err != nil {
			return nil, nil, err
		}
	}
	if order[1] == "True" && len(shape) > 1 {
		values = rowMajor(values, shape)
	}
	return values, shape, nil
}

// readHeader returns the header's text and where the data begins.
func readHeader(r io.Reader, size int64) (header string, start int64, err error) {
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head[:10]); err != nil || string(head[:6]) != magic {
		return "", 0, errors.New("it is no .npy file, as numpy.save writes them")
	}
	length, start := int64(binary.LittleEndian.Uint16(head[8:])), int64(10)
	if head[6] > 1 { // from version 2 on the length takes 4 bytes
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return "", 0, errors.New("the file is cut off")
		}
		length, start = int64(binary.LittleEndian.Uint32(head[8:])), 12
	}
	if start+length > size {
		return "", 0, errors.New("the file is cut off")
	}
	text := make([]byte, length)
	_, err = io.ReadFull(r, text)
	return string(text), start + length, err
}

// parseShape reads "3, 4" and returns the number of elements, which are at most most.
func parseShape(text string, most int64) (shape []int64, n int64, err error) {
	n = 1
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		d, err := strconv.ParseInt(part, 10, 64)
		if err != nil || d < 1 || n > most/d {
			return nil, 0, fmt.Errorf("the shape (%s) does not fit the file's size", text)
		}
		shape, n = append(shape, d), n*d
	}
	return shape, n, nil
}
