package data

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/golens/golens/lens"
)

// JSONOptions choose the layout of JSON and the large arrays in it.
type JSONOptions struct {
	Line   bool // one object on one line, for files of several results
	Hidden bool // write the states, where the result has them
	Logits bool // write the logits of the whole vocabulary, where the result has them
}

// JSON writes r to w as one object and a line break, as docs/formats.md says.
// Floats read back to the same float32; NaN and infinities are strings.
func JSON(w io.Writer, r *lens.Result, o JSONOptions) error {
	fields, err := Arrays(r)
	if err != nil {
		return err
	}
	j := &jsonWriter{w: bufio.NewWriterSize(w, 1<<16), line: o.Line}
	j.open('{')
	j.member("format", Format)
	j.member("name", Valid(r.Name))
	j.member("prompt", Valid(r.Prompt))
	if !utf8.ValidString(r.Prompt) {
		j.member("prompt_bytes", []byte(r.Prompt))
	}
	j.object("manifest", r.Manifest)
	if r.Written != nil {
		j.object("generation", GenerationOf(r))
	}
	j.list("warnings", len(r.Warnings), func(i int) any { return Valid(r.Warnings[i]) })
	j.list("tokens", len(r.Tokens), func(i int) any { return PieceOf(r.Tokens[i], true) })
	j.list("layers", len(r.Rows), func(i int) any { return LayerOf(r.Rows[i]) })
	if r.Targets != nil {
		j.member("targets", TargetsOf(r))
	}
	if r.Joint != nil {
		j.member("joint", JointOf(r.Joint))
	}
	for _, f := range fields {
		if f.Name == "hidden" && !o.Hidden || f.Name == "logits" && !o.Logits {
			continue
		}
		j.key(f.Name)
		j.array(f.Dims, f.Data, 0)
	}
	j.key("pieces")
	j.open('{')
	for _, id := range slices.Sorted(maps.Keys(r.Pieces)) {
		j.member(strconv.FormatInt(id, 10), PieceOf(r.Pieces[id], false))
	}
	j.close('}')
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

// A Piece is a token in JSON.
type Piece struct {
	ID    *int64 `json:"id,omitempty"`
	Text  string `json:"text"`
	Bytes []byte `json:"bytes,omitempty"` // base64, only where Text is not lossless
}

// A Layer is a row of a lens in JSON.
type Layer struct {
	Row   int    `json:"row"`
	Point string `json:"point"`
	Label string `json:"label"`
}

// Targets are the targets of a lens in JSON.
type Targets struct {
	Next   bool     `json:"next"`
	Words  []string `json:"words,omitempty"`
	Tokens []Piece  `json:"tokens,omitempty"`
}

// TargetsOf returns the targets of r, which has some.
func TargetsOf(r *lens.Result) Targets {
	t := Targets{Next: r.Targets.Next, Words: validAll(r.Targets.Words)}
	if t.Next {
		return t
	}
	for _, id := range r.Targets.IDs {
		t.Tokens = append(t.Tokens, PieceOf(lens.Token{ID: id, Bytes: r.Pieces[id].Bytes}, true))
	}
	return t
}

// A Joint holds the whole targets of a lens in JSON.
type Joint struct {
	Words  []string `json:"words"`
	Tokens []Piece  `json:"tokens"`
}

// JointOf returns whole targets.
func JointOf(j *lens.Joint) Joint {
	out := Joint{Words: validAll(j.Words)}
	for _, t := range j.Tokens {
		out.Tokens = append(out.Tokens, PieceOf(t, true))
	}
	return out
}

func validAll(texts []string) []string {
	var out []string
	for _, s := range texts {
		out = append(out, Valid(s))
	}
	return out
}

// LayerOf returns a row.
func LayerOf(r lens.Row) Layer { return Layer{r.Index, r.Point, r.Label} }

// PieceOf returns a token, with its id or without.
func PieceOf(t lens.Token, withID bool) Piece {
	p := Piece{Text: Valid(string(t.Bytes))}
	if withID {
		p.ID = &t.ID
	}
	if !utf8.Valid(t.Bytes) {
		p.Bytes = t.Bytes
	}
	return p
}

// Valid returns s with U+FFFD for each run of bytes that is not UTF-8.
func Valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

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

func (j *jsonWriter) list(name string, n int, at func(i int) any) {
	j.key(name)
	j.open('[')
	for i := range n {
		j.next()
		j.value(at(i))
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
