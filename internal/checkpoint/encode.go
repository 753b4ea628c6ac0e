package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Encode returns the bytes of a value made of numbers, texts, slices, arrays, maps, pointers, and
// structs with exported fields. Decode restores the value exactly: every bit of a NaN, and nil
// apart from empty, because result files distinguish both. (encoding/gob and encoding/json keep
// neither.)
func Encode(v any) ([]byte, error) {
	e := &encoder{}
	e.value(reflect.ValueOf(v))
	return e.Bytes(), e.err
}

type encoder struct {
	bytes.Buffer
	err error
}

func (e *encoder) uint(v uint64) { e.Write(binary.AppendUvarint(nil, v)) }

// length writes the length of what may be nil: 0 for nil, else one more.
func (e *encoder) length(v reflect.Value) bool {
	if v.IsNil() {
		e.uint(0)
		return false
	}
	n := 0
	if v.Kind() != reflect.Pointer {
		n = v.Len()
	}
	e.uint(uint64(n) + 1)
	return true
}

func (e *encoder) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		e.uint(uint64(map[bool]int{true: 1}[v.Bool()]))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.Write(binary.AppendVarint(nil, v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		e.uint(v.Uint())
	case reflect.Float32: // by its own bits: a conversion to float64 would quiet a NaN
		e.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v.Interface().(float32))))
	case reflect.Float64:
		e.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Float())))
	case reflect.String:
		e.uint(uint64(v.Len()))
		e.WriteString(v.String())
	case reflect.Array:
		e.elements(v)
	case reflect.Slice:
		if e.length(v) {
			e.elements(v)
		}
	case reflect.Pointer:
		if e.length(v) {
			e.value(v.Elem())
		}
	case reflect.Map:
		if e.length(v) {
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			for _, k := range keys {
				e.value(k)
				e.value(v.MapIndex(k))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				e.err = fmt.Errorf("checkpoint: %v has the unexported field %s", v.Type(), v.Type().Field(i).Name)
				return
			}
			e.value(v.Field(i))
		}
	default:
		e.err = fmt.Errorf("checkpoint: no encoding of %v", v.Type())
	}
}

// fixed reports whether binary.Append writes such elements at once.
func fixed(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[int64](), reflect.TypeFor[uint8](), reflect.TypeFor[bool]():
		return true
	}
	return false
}

func (e *encoder) elements(v reflect.Value) {
	if v.Kind() == reflect.Slice && fixed(v.Type().Elem()) {
		b, err := binary.Append(nil, binary.LittleEndian, v.Interface())
		e.Write(b)
		if err != nil {
			e.err = err
		}
		return
	}
	for i := range v.Len() {
		e.value(v.Index(i))
	}
}

// Decode decodes the bytes of Encode into the value that v points to, which has the encoded type.
func Decode(b []byte, v any) error {
	d := &decoder{b: b}
	d.value(reflect.ValueOf(v).Elem())
	if d.err == nil && len(d.b) > 0 {
		d.err = errShort
	}
	return d.err
}

var errShort = errors.New("checkpoint: a record is of another type")

type decoder struct {
	b   []byte
	err error
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.b) {
		d.err, d.b = errShort, nil
		return make([]byte, 8)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.err, d.b = errShort, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// length reads a length, -1 for nil. No element takes less than a byte but an empty struct.
func (d *decoder) length() int {
	n := d.uint()
	if n > uint64(len(d.b))+1 {
		d.err, d.b = errShort, nil
		return -1
	}
	return int(n) - 1
}

func (d *decoder) value(v reflect.Value) {
	if d.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(d.uint() != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, n := binary.Varint(d.b)
		if n <= 0 {
			d.err = errShort
			return
		}
		d.b = d.b[n:]
		v.SetInt(x)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(d.uint())
	case reflect.Float32:
		v.Set(reflect.ValueOf(math.Float32frombits(binary.LittleEndian.Uint32(d.take(4)))).Convert(v.Type()))
	case reflect.Float64:
		v.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(d.take(8))))
	case reflect.String:
		n := d.uint()
		v.SetString(string(d.take(int(min(n, uint64(len(d.b))+1)))))
	case reflect.Array:
		d.elements(v)
	case reflect.Slice:
		n := d.length()
		if n < 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		d.elements(v)
	case reflect.Pointer:
		if d.length() >= 0 {
			v.Set(reflect.New(v.Type().Elem()))
			d.value(v.Elem())
		}
	case reflect.Map:
		n := d.length()
		if n < 0 {
			return
		}
		v.Set(reflect.MakeMapWithSize(v.Type(), n))
		for range n {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			d.value(key)
			d.value(value)
			if d.err != nil {
				return
			}
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			d.value(v.Field(i))
		}
	default:
		d.err = fmt.Errorf("checkpoint: no encoding of %v", v.Type())
	}
}

func (d *decoder) elements(v reflect.Value) {
	if v.Kind() == reflect.Slice && fixed(v.Type().Elem()) {
		b := d.take(v.Len() * int(v.Type().Elem().Size()))
		if d.err == nil {
			_, d.err = binary.Decode(b, binary.LittleEndian, v.Interface())
		}
		return
	}
	for i := range v.Len() {
		d.value(v.Index(i))
	}
}
