package data

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// JSON is one object for each result; each on a line of its own where there are several.
var JSON = Format{Name: "json", Usage: "write JSON", Manifest: true,
	New: func(w io.Writer, o Options) Writer { return jsonFile{w, o} }}

type jsonFile struct {
	w io.Writer
	o Options
}

// Write writes b as one object and a line break. Floats read back to the same float32 or
// float64; NaN and infinities are strings. Of several results each is on a line.
func (f jsonFile) Write(b *Bundle) error {
	j := &jsonWriter{w: bufio.NewWriterSize(f.w, 1<<16), line: f.o.Several}
	j.open('{')
	for _, m := range b.Members {
		list, isList := m.Value.([]any)
		switch {
		case isList:
			j.list(m.Name, list)
		case m.Object:
			j.object(m.Name, m.Value)
		default:
			j.member(m.Name, m.Value)
		}
	}
	for _, a := range b.Arrays {
		if a.Large && !slices.Contains(f.o.Large, a.Name) {
			continue
		}
		j.key(a.Name)
		if len(a.Dims) == 0 {
			j.element(a.Values, 0)
			continue
		}
		j.array(a.Dims, a.Values, 0)
	}
	if b.Pieces != nil {
		j.key("pieces")
		j.open('{')
		for _, p := range b.Pieces {
			j.member(p.Name, p.Value)
		}
		j.close('}')
	}
	j.close('}')
	j.raw('\n')
	if j.err == nil {
		j.err = j.w.Flush()
	}
	if j.err != nil {
		return fmt.Errorf("report: write JSON: %w", j.err)
	}
	return nil
}

func (f jsonFile) Close() error { return nil }

// A jsonWriter writes JSON as it goes, so that no array is held as text, and
// keeps the first error. Indented, it gives every member and list a line of its
// own and keeps the last axis of an array on one.
type jsonWriter struct {
	w     *bufio.Writer
	line  bool
	depth int
	empty bool // nothing in the innermost bracket yet
	num   []byte
	err   error
}

const indent = "  "

func (j *jsonWriter) raw(c byte) {
	if j.err == nil {
		j.err = j.w.WriteByte(c)
	}
}

func (j *jsonWriter) bytes(b []byte) {
	if j.err == nil {
		_, j.err = j.w.Write(b)
	}
}

func (j *jsonWriter) open(bracket byte) {
	j.raw(bracket)
	j.depth++
	j.empty = true
}

func (j *jsonWriter) close(bracket byte) {
	j.depth--
	if !j.empty {
		j.newline()
	}
	j.raw(bracket)
	j.empty = false
}

// next separates what follows from what stands in the bracket already.
func (j *jsonWriter) next() {
	if !j.empty {
		j.raw(',')
	}
	j.empty = false
	j.newline()
}

func (j *jsonWriter) newline() {
	if j.line {
		return
	}
	j.raw('\n')
	for range j.depth {
		j.bytes([]byte(indent))
	}
}

// value writes v on one line. Marshal escapes < > & as well, so that the text
// can stand inside HTML.
func (j *jsonWriter) value(v any) {
	b, err := json.Marshal(v)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.bytes(b)
}

func (j *jsonWriter) key(name string) {
	j.next()
	j.value(name)
	j.raw(':')
	if !j.line {
		j.raw(' ')
	}
}

func (j *jsonWriter) member(name string, v any) {
	j.key(name)
	j.value(v)
}

// object is member for a value with members of its own, which get a line each.
func (j *jsonWriter) object(name string, v any) {
	if j.line {
		j.member(name, v)
		return
	}
	j.key(name)
	b, err := json.MarshalIndent(v, strings.Repeat(indent, j.depth), indent)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.bytes(b)
}

func (j *jsonWriter) list(name string, values []any) {
	j.key(name)
	j.open('[')
	for _, v := range values {
		j.next()
		j.value(v)
	}
	j.close(']')
}

// array writes the part of data that begins at element start and has the given
// dims as nested lists.
func (j *jsonWriter) array(dims []int, data any, start int) {
	if len(dims) == 1 {
		j.raw('[')
		for i := range dims[0] {
			if i > 0 {
				j.raw(',')
				if !j.line {
					j.raw(' ')
				}
			}
			j.element(data, start+i)
		}
		j.raw(']')
		return
	}
	stride := 1
	for _, n := range dims[1:] {
		stride *= n
	}
	j.open('[')
	for i := range dims[0] {
		j.next()
		j.array(dims[1:], data, start+i*stride)
	}
	j.close(']')
}

func (j *jsonWriter) element(data any, i int) {
	b := j.num[:0]
	switch d := data.(type) {
	case []int64:
		b = strconv.AppendInt(b, d[i], 10)
	case []bool:
		b = strconv.AppendBool(b, d[i])
	case []float32:
		if !IsFinite(d[i]) {
			b = append(append(append(b, '"'), string(appendFloat(nil, d[i]))...), '"')
			break
		}
		b = appendFloat(b, d[i])
	case []float64:
		if math.IsNaN(d[i]) || math.IsInf(d[i], 0) {
			b = append(append(append(b, '"'), string(appendFloat64(nil, d[i]))...), '"')
			break
		}
		b = appendFloat64(b, d[i])
	}
	j.bytes(b)
	j.num = b
}
