package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxHeader is the longest header in bytes that the format's own library
// reads. Nothing is allocated before the length is held against it.
const maxHeader = 100_000_000

// metadataName is the member of the header that is not a tensor.
const metadataName = "__metadata__"

// readHeader reads and checks the header of the file r of size bytes. It
// returns the tensors in the header's order with offsets from the start of the
// file, and the file's metadata (nil where it has none). Errors are
// *FormatError, or the reader's own.
func readHeader(path string, r io.ReaderAt, size int64) ([]Entry, map[string]string, error) {
	fail := func(format string, args ...any) ([]Entry, map[string]string, error) {
		return nil, nil, &FormatError{Path: path, Problem: fmt.Sprintf(format, args...)}
	}
	if size < 8 {
		return fail("the file has %d bytes, a header's length alone takes 8", size)
	}
	var prefix [8]byte
	if err := readFull(r, prefix[:], 0); err != nil {
		return nil, nil, fmt.Errorf("weights %s: read the header's length: %w", path, err)
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if problem, remedy := otherFormat(prefix); problem != "" && length > maxHeader {
		return nil, nil, &FormatError{Path: path, Problem: problem, Remedy: remedy}
	}
	if length > maxHeader {
		return fail("the header claims %d bytes, the format allows %d", length, maxHeader)
	}
	if int64(length) > size-8 {
		return fail("the header claims %d bytes, the file has %d after its length", length, size-8)
	}
	header := make([]byte, length)
	if err := readFull(r, header, 8); err != nil {
		return nil, nil, fmt.Errorf("weights %s: read the header: %w", path, err)
	}
	if len(header) == 0 || header[0] != '{' {
		return fail("the header does not start with {")
	}

	entries, metadata, err := parseHeader(header)
	if err == nil {
		err = place(entries, 8+int64(length), size)
	}
	if err != nil {
		var at *FormatError
		if errors.As(err, &at) {
			at.Path = path
			return nil, nil, at
		}
		return fail("%s", err)
	}
	return entries, metadata, nil
}

// otherFormat recognizes by their first bytes the files that are most often
// found in the place of a safetensors file.
func otherFormat(prefix [8]byte) (problem, remedy string) {
	switch {
	case string(prefix[:]) == "version ":
		return "this is a git-lfs pointer, not the file that it points to", "run: git lfs pull"
	case bytes.HasPrefix(prefix[:], []byte("PK\x03\x04")):
		return "this is a zip archive, as PyTorch's .pt and .bin files are, not safetensors",
			"save the model as safetensors"
	case prefix[0] == '<':
		return "this is a web page, not safetensors", "fetch the file itself"
	case prefix[0] == '{':
		return "this is a JSON text without the length that a header begins with", "fetch the weights themselves"
	}
	return "", ""
}

// parseHeader reads the header's JSON. Offsets are as written there, from the
// header's end. Names that occur twice, invalid UTF-8 and half surrogate pairs
// are errors.
func parseHeader(header []byte) (entries []Entry, metadata map[string]string, err error) {
	d := decoder{jsontext.NewDecoder(bytes.NewBuffer(header))}
	err = d.object("the header", func(name string) error {
		if name == metadataName {
			metadata, err = d.strings(name)
			return err
		}
		e, err := d.entry(name)
		if err != nil {
			return &FormatError{Tensor: name, Problem: err.Error()}
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return entries, metadata, d.end("the header")
}

// place checks that the tensors' offsets, from the header's end at byte start,
// cover the file exactly, and makes them offsets from the file's start. Holes,
// overlaps and bytes after the last tensor are errors, as they are in the
// format's own library: each byte of a file has one meaning.
func place(entries []Entry, start, size int64) error {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := entries[a], entries[b]
		if x.Offset != y.Offset {
			return compare(x.Offset, y.Offset)
		}
		if x.Size != y.Size {
			return compare(x.Size, y.Size)
		}
		return strings.Compare(x.Name, y.Name)
	})
	data := size - start
	end, before := int64(0), ""
	for _, i := range order {
		e := &entries[i]
		fail := func(format string, args ...any) error {
			offsets := fmt.Sprintf("data_offsets [%d,%d] ", e.Offset, e.Offset+e.Size)
			return &FormatError{Tensor: e.Name, Problem: offsets + fmt.Sprintf(format, args...)}
		}
		switch {
		case e.Offset+e.Size > data:
			return fail("end outside the file, which has %d bytes after its header", data)
		case e.Offset < end:
			return fail("overlap those of tensor %s, which end at %d", quote(before), end)
		case e.Offset > end && before == "":
			return fail("leave a hole of %d bytes after the header", e.Offset)
		case e.Offset > end:
			return fail("leave a hole of %d bytes after tensor %s, which ends at %d", e.Offset-end, quote(before), end)
		}
		end, before = e.Offset+e.Size, e.Name
		e.Offset += start
	}
	if end < data {
		return fmt.Errorf("%d bytes at the end of the file belong to no tensor", data-end)
	}
	return nil
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	return 1
}

// entry reads the value of the tensor name: its dtype, shape and data_offsets,
// which must agree with each other. Other members are ignored, as the format's
// own library does.
func (d decoder) entry(name string) (Entry, error) {
	e := Entry{Name: name}
	var offsets []int64
	err := d.object("its entry", func(field string) (err error) {
		switch field {
		case "dtype":
			var dtype string
			dtype, err = d.token('"', "dtype", "a string")
			e.DType = DType(dtype)
		case "shape":
			e.Shape, err = d.numbers("shape")
		case "data_offsets":
			offsets, err = d.numbers("data_offsets")
		default:
			err = jsonError(d.SkipValue())
		}
		return err
	})
	switch {
	case err != nil:
		return e, err
	case e.DType == "":
		return e, errors.New("it has no dtype")
	case e.Shape == nil:
		return e, errors.New("it has no shape")
	case offsets == nil:
		return e, errors.New("it has no data_offsets")
	case len(offsets) != 2:
		return e, fmt.Errorf("data_offsets has %d numbers, not 2", len(offsets))
	case offsets[0] > offsets[1]:
		return e, fmt.Errorf("data_offsets [%d,%d] begin after their end", offsets[0], offsets[1])
	}
	e.Offset, e.Size = offsets[0], offsets[1]-offsets[0]
	want, err := byteSize(e.DType, e.Shape)
	if err != nil {
		return e, err
	}
	if want != e.Size {
		return e, fmt.Errorf("shape %s of %s takes %d bytes, data_offsets [%d,%d] hold %d",
			shapeString(e.Shape), e.DType, want, offsets[0], offsets[1], e.Size)
	}
	return e, nil
}
