package safetensors

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/golens/golens/internal/atomicfile"
)

// A Tensor is what Write stores: a description and a reader of exactly its bytes, little-endian
// and row-major. The tensors of a Set can be written with Set.Reader.
type Tensor struct {
	Name  string
	DType DType
	Shape []int64
	Data  io.Reader
}

// Float32 returns a tensor of the values, row-major. They are not copied, but read when the tensor
// is written.
func Float32(name string, shape []int64, values []float32) Tensor {
	return Tensor{Name: name, DType: F32, Shape: shape, Data: &floatReader{values: values}}
}

// WriteFile writes the tensors to a safetensors file at path. The file appears complete, and
// replaces an older one, or not at all. See Write for the order and the errors.
func WriteFile(path string, metadata map[string]string, tensors ...Tensor) error {
	err := atomicfile.WriteFile(context.Background(), path, func(w io.Writer) error { return Write(w, metadata, tensors...) })
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// Write writes the tensors as a safetensors file in the layout of the format's own library: wide
// types first, then by name, with the header padded to 8 bytes. metadata can be nil. These are
// errors: a name that is used twice or reserved, a dtype or shape that the format does not know,
// data that is shorter or longer than the shape says, and the writer's own.
func Write(w io.Writer, metadata map[string]string, tensors ...Tensor) error {
	tensors = slices.Clone(tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int {
		if a.DType != b.DType {
			return b.DType.rank() - a.DType.rank()
		}
		return strings.Compare(a.Name, b.Name)
	})
	header, err := encodeHeader(metadata, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		size, err := byteSize(t.DType, t.Shape)
		if err != nil {
			return err
		}
		n, err := io.Copy(w, io.LimitReader(t.Data, size))
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		if n < size {
			return fmt.Errorf("tensor %s: data ends after %d bytes, shape %s of %s takes %d",
				quote(t.Name), n, shapeString(t.Shape), t.DType, size)
		}
		if n, _ := io.ReadFull(t.Data, make([]byte, 1)); n != 0 {
			return fmt.Errorf("tensor %s: data goes on after the %d bytes of shape %s of %s",
				quote(t.Name), size, shapeString(t.Shape), t.DType)
		}
	}
	return nil
}

// encodeHeader returns the header of the tensors in their order, padded with
// spaces to a multiple of 8 bytes.
func encodeHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
	var buffer bytes.Buffer
	e := encoder{Encoder: jsontext.NewEncoder(&buffer, jsontext.Multiline(false))}
	e.put(jsontext.BeginObject)
	if metadata != nil {
		e.put(jsontext.String(metadataName), jsontext.BeginObject)
		for _, name := range slices.Sorted(maps.Keys(metadata)) {
			e.put(jsontext.String(name), jsontext.String(metadata[name]))
		}
		e.put(jsontext.EndObject)
	}
	offset := int64(0)
	for _, t := range tensors {
		if t.Name == metadataName {
			return nil, fmt.Errorf("tensor %s: the format reserves this name", quote(t.Name))
		}
		size, err := byteSize(t.DType, t.Shape)
		if err == nil && offset > math.MaxInt64-size {
			err = fmt.Errorf("shape %s of %s: all tensors together overflow 64 bits", shapeString(t.Shape), t.DType)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		e.put(jsontext.String(t.Name), jsontext.BeginObject,
			jsontext.String("dtype"), jsontext.String(string(t.DType)),
			jsontext.String("shape"), jsontext.BeginArray)
		for _, dim := range t.Shape {
			e.put(jsontext.Int(dim))
		}
		e.put(jsontext.EndArray, jsontext.String("data_offsets"), jsontext.BeginArray,
			jsontext.Int(offset), jsontext.Int(offset+size), jsontext.EndArray, jsontext.EndObject)
		if e.err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(t.Name), jsonError(e.err))
		}
		offset += size
	}
	e.put(jsontext.EndObject)
	if e.err != nil {
		return nil, fmt.Errorf("header: %w", jsonError(e.err))
	}
	header := bytes.TrimRight(buffer.Bytes(), "\n")
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("header takes %d bytes, the format allows %d", len(header), maxHeader)
	}
	return header, nil
}

// encoder keeps the first error of several writes.
type encoder struct {
	*jsontext.Encoder
	err error
}

func (e *encoder) put(tokens ...jsontext.Token) {
	for _, token := range tokens {
		if e.err == nil {
			e.err = e.WriteToken(token)
		}
	}
}

// floatReader reads float32 values as little-endian bytes.
type floatReader struct {
	values []float32
	word   [4]byte // the value that the last read ended in
	rest   int     // how many of its bytes are still to be read
}

// Read fills p with the next bytes; io.EOF after the last value.
func (r *floatReader) Read(p []byte) (int, error) {
	n := copy(p, r.word[4-r.rest:])
	r.rest -= n
	for ; len(p)-n >= 4 && len(r.values) > 0; n += 4 {
		binary.LittleEndian.PutUint32(p[n:], math.Float32bits(r.values[0]))
		r.values = r.values[1:]
	}
	if n < len(p) && len(r.values) > 0 {
		binary.LittleEndian.PutUint32(r.word[:], math.Float32bits(r.values[0]))
		r.values = r.values[1:]
		k := copy(p[n:], r.word[:])
		r.rest = 4 - k
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
