// Package pickle reads Python's pickles without running anything. Read evaluates the opcodes of
// torch.load(weights_only=True) and no others; Next reads instructions only. The caller decides the meaning of a name in a
// pickle, and refuses names that it does not expect. No name leads to code by itself.
package pickle

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
)

// The values that a pickle is made of, besides nil, bool, int64, *big.Int, float64 and
// string (which stands for bytes as well).
type (
	// A Tuple is a tuple.
	Tuple []any
	// A List is a list.
	List struct{ Items []any }
	// A Callable is what a name stands for that REDUCE and NEWOBJ may call.
	Callable func(args Tuple) (any, error)
)

// A Dict is a dict or an OrderedDict. Keys are in the order of their first insertion.
type Dict struct {
	Keys   []any
	values map[any]any
}

// NewDict returns an empty Dict.
func NewDict() *Dict { return &Dict{values: map[any]any{}} }

// Get returns the value of a key, and whether there is one.
func (d *Dict) Get(key any) (any, bool) {
	switch key.(type) {
	case nil, bool, int64, float64, string:
		v, ok := d.values[key]
		return v, ok
	}
	return nil, false
}

func (d *Dict) set(key, value any) error {
	switch key.(type) {
	case nil, bool, int64, float64, string:
	default:
		return fmt.Errorf("a dictionary has a key that is %s", Kind(key))
	}
	if _, ok := d.values[key]; !ok {
		d.Keys = append(d.Keys, key)
	}
	d.values[key] = value
	return nil
}

// Kind describes the type of a value for people.
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case int64, *big.Int, float64:
		return "a number"
	case string:
		return "a text"
	case Tuple:
		return "a tuple"
	case *List:
		return "a list"
	case *Dict:
		return "a dictionary"
	case Callable:
		return "a function or class"
	}
	return "an object"
}

// A Reader reads consecutive pickles.
type Reader struct {
	// Global returns what a name stands for: a Callable, or any other value. Its error
	// ends the reading.
	Global func(module, name string) (any, error)
	// Persistent returns the object of an id that lies outside the pickle.
	Persistent func(id any) (any, error)

	from  *bufio.Reader
	at    int64 // bytes that were read
	size  int64 // bytes that there are
	ops   int   // instructions that were read
	short [256]byte
}

// Limits of what a pickle may ask of memory. A checkpoint's has some hundred bytes and
// some sixty opcodes for each tensor.
const (
	maxBytes = 64 << 20
	maxOps   = 8 << 20
	maxName  = 1000 // bytes
)

// NewReader returns a Reader of the pickles at the start of r, which has size bytes.
func NewReader(r io.Reader, size int64) *Reader {
	return &Reader{from: bufio.NewReader(r), size: min(size, maxBytes)}
}

// Offset returns how many bytes were read.
func (r *Reader) Offset() int64 { return r.at }

// An errorAt says where in a pickle something is wrong.
type errorAt struct {
	at  int64
	err error
}

func (e *errorAt) Error() string { return fmt.Sprintf("at byte %d of the pickle: %v", e.at, e.err) }
func (e *errorAt) Unwrap() error { return e.err }

// Read reads one pickle to its end and returns its value. Its memory is limited to a small
// multiple of the pickle's size, whatever the pickle claims.
func (r *Reader) Read() (any, error) {
	m := &machine{Reader: r, memo: map[int64]any{}}
	for {
		i, err := r.Next()
		switch {
		case err != nil:
		case i.Op == '.': // STOP
			var v any
			if v, err = m.pop(); err == nil {
				return v, nil
			}
		default:
			err = m.step(i)
		}
		if err != nil {
			return nil, &errorAt{i.At, err}
		}
	}
}

// A machine evaluates one pickle.
type machine struct {
	*Reader
	stack []any
	marks []int
	memo  map[int64]any
}

var errEmpty = errors.New("an opcode finds nothing to work on")

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

// bottom is the index below which the stack belongs to what comes before a mark.
func (m *machine) bottom() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	if len(m.stack) <= m.bottom() {
		return nil, errEmpty
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.bottom() {
		return nil, errEmpty
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes what was pushed since the last mark.
func (m *machine) popMark() (Tuple, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("an opcode finds no mark")
	}
	from := m.bottom()
	items := append(Tuple{}, m.stack[from:]...)
	m.stack, m.marks = m.stack[:from], m.marks[:len(m.marks)-1]
	return items, nil
}

// tuple replaces the last n values by a tuple of them.
func (m *machine) tuple(n int) error {
	if len(m.stack)-m.bottom() < n {
		return errEmpty
	}
	from := len(m.stack) - n
	items := append(Tuple{}, m.stack[from:]...)
	m.stack = append(m.stack[:from], items)
	return nil
}

// long returns the number that LONG1 holds: little-endian, two's complement.
func long(b []byte) any {
	if len(b) <= 8 {
		var v uint64
		for i := range b {
			v |= uint64(b[i]) << (8 * i)
		}
		if len(b) > 0 && len(b) < 8 && b[len(b)-1] >= 0x80 {
			v |= math.MaxUint64 << (8 * len(b))
		}
		return int64(v)
	}
	negative := b[len(b)-1] >= 0x80
	b = slices.Clone(b)
	slices.Reverse(b)
	v := new(big.Int).SetBytes(b)
	if negative {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v
}
