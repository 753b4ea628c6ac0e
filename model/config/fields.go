package config

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// fields are the members of a config.json. Each method reads one of them, and returns the default
// where it is missing. The first error stays in err. What the methods return after it does not
// matter.
type fields struct {
	values map[string]jsontext.Value
	read   map[string]bool    // what was asked for, there or not
	inner  map[string]*fields // the objects among them
	err    error
}

// get returns the value of a key, and whether it is there.
func (f *fields) get(key string) (value jsontext.Value, ok bool) {
	if f.read == nil {
		f.read = map[string]bool{}
	}
	f.read[key] = true
	value, ok = f.values[key]
	return value, ok
}

// parseFields reads a JSON object. Keys that occur twice and invalid UTF-8 are
// errors.
func parseFields(data []byte) (*fields, error) {
	f := &fields{}
	err := json.Unmarshal(data, &f.values)
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil && f.values == nil:
		return nil, errors.New("it is not a JSON object but null")
	case err == nil:
		return f, nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return nil, fmt.Errorf("the key %s occurs twice; remove one", quote(syntax.JSONPointer.LastToken()))
	case errors.As(err, &syntax):
		line, column := position(data, syntax.ByteOffset)
		rest := strings.TrimPrefix(string(data[min(syntax.ByteOffset, int64(len(data))):]), "-")
		if strings.HasPrefix(rest, "NaN") || strings.HasPrefix(rest, "Infinity") {
			return nil, fmt.Errorf("invalid JSON at line %d, column %d: JSON has no NaN and no Infinity", line, column)
		}
		return nil, fmt.Errorf("invalid JSON at line %d, column %d: %w", line, column, syntax.Err)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("invalid JSON: the text ends too early")
	}
	return nil, errors.New("it is not a JSON object")
}

// position returns the line and column, from 1, of a byte of data.
func position(data []byte, offset int64) (line, column int) {
	before := string(data[:min(offset, int64(len(data)))])
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndex(before, "\n")
}

// fail keeps the first error.
func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// wrong records that the key's value is not of the kind that it must be.
func (f *fields) wrong(key, want string) {
	f.fail("%s is %s, not %s", key, describe(f.values[key]), want)
}

// has reports whether the key is there with another value than null.
func (f *fields) has(key string) bool {
	value, ok := f.get(key)
	return ok && value.Kind() != 'n'
}

// either returns the one of two names of a value that is there, own where none
// is. Two different values are an error.
func (f *fields) either(own, other string) string {
	theirs, ok := f.get(other)
	if !ok {
		return own
	}
	if mine, both := f.get(own); both && string(mine) != string(theirs) {
		f.fail("%s is %s and %s is %s, but they are two names of one value; remove one", own, describe(mine), other, describe(theirs))
	}
	return other
}

// integer returns a whole number. null is an error, as transformers has it.
func (f *fields) integer(key string, missing int64) int64 {
	value, ok := f.get(key)
	if !ok {
		return missing
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	switch {
	case value.Kind() == '0' && errors.Is(err, strconv.ErrRange):
		f.fail("%s is %s, which overflows 64 bits", key, describe(value))
	case err != nil:
		f.wrong(key, "a whole number")
	}
	return n
}

// size returns a whole number from 1 to most.
func (f *fields) size(key string, missing, most int64) int {
	n := f.integer(key, missing)
	if n < 1 {
		f.fail("%s is %d; it must be at least 1", key, n)
	}
	if n > most {
		f.fail("%s is %d; the most that golens takes is %d", key, n, most)
	}
	return int(n)
}

// number returns a finite number.
func (f *fields) number(key string, missing float64) float64 {
	value, ok := f.get(key)
	if !ok {
		return missing
	}
	x, err := strconv.ParseFloat(string(value), 64)
	if value.Kind() != '0' || errors.Is(err, strconv.ErrSyntax) {
		f.wrong(key, "a number")
	} else if err != nil || math.IsInf(x, 0) {
		f.fail("%s is %s, which is outside the numbers of 64 bits", key, describe(value))
	}
	return x
}

// boolean returns true or false.
func (f *fields) boolean(key string, missing bool) bool {
	value, ok := f.get(key)
	if !ok {
		return missing
	}
	if kind := value.Kind(); kind != 't' && kind != 'f' {
		f.wrong(key, "true or false")
	}
	return value.Kind() == 't'
}

// text returns a string.
func (f *fields) text(key, missing string) string {
	value, ok := f.get(key)
	if !ok {
		return missing
	}
	if value.Kind() != '"' {
		f.wrong(key, "a string")
		return ""
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		f.fail("%s: %w", key, err)
	}
	return s
}

// id returns the token id that the key holds, -1 for null.
func (f *fields) id(key string, missing int64) int64 {
	if value, ok := f.get(key); ok && value.Kind() == 'n' {
		return -1
	}
	return f.integer(key, missing)
}

// ids returns the token ids that the key holds: one, a list, or none for null.
func (f *fields) ids(key string, missing ...int64) []int64 {
	value, ok := f.get(key)
	if !ok {
		return missing
	}
	var list []int64
	switch value.Kind() {
	case 'n':
	case '[':
		var members []jsontext.Value
		if err := json.Unmarshal(value, &members); err != nil {
			f.fail("%s: %w", key, err)
		}
		for _, m := range members {
			n, err := strconv.ParseInt(string(m), 10, 64)
			if err != nil {
				f.fail("%s holds %s, not a token id", key, describe(m))
			}
			list = append(list, n)
		}
	default:
		list = []int64{f.integer(key, 0)}
	}
	return list
}

// refuse makes the key an error, for the given reason, unless it is missing,
// null, false or an empty object.
func (f *fields) refuse(key, reason string) {
	if f.isSet(key) {
		f.fail("%s is set: %s", key, reason)
	}
}

// isSet reports whether the key is there, and neither null, false nor an empty object.
func (f *fields) isSet(key string) bool {
	value, _ := f.get(key)
	return f.has(key) && value.Kind() != 'f' && strings.Join(strings.Fields(string(value)), "") != "{}"
}

// quantizedBy says which method a quantization_config names, "" for none.
func (f *fields) quantizedBy() string {
	var said struct {
		Method string `json:"quant_method"`
	}
	if json.Unmarshal(f.values["quantization_config"], &said) != nil || said.Method == "" {
		return ""
	}
	return said.Method
}

// describe says in a few words what a JSON value is.
func describe(value jsontext.Value) string {
	switch value.Kind() {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		var s string
		if json.Unmarshal(value, &s) == nil {
			return "the string " + quote(s)
		}
	}
	return clip(string(value))
}

// quote quotes a string, cut to the length of a line.
func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
