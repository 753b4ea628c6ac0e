package safetensors

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads the shapes of JSON that headers are made of.
type decoder struct{ *jsontext.Decoder }

// object reads one object and calls member for each name, which must read the
// value. what names the object in errors.
func (d decoder) object(what string, member func(name string) error) error {
	if err := d.open('{', what, "an object"); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return jsonError(err)
		}
		if err := member(token.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return jsonError(err)
}

// end checks that nothing but white space follows the object just read.
func (d decoder) end(what string) error {
	at := d.InputOffset()
	if _, err := d.ReadToken(); err != io.EOF {
		return fmt.Errorf("%s goes on after its JSON object, at byte %d", what, at)
	}
	return nil
}

// numbers reads an array of whole numbers from 0 to 2^63-1; it is never nil.
func (d decoder) numbers(what string) ([]int64, error) {
	if err := d.open('[', what, "an array of whole numbers"); err != nil {
		return nil, err
	}
	list := []int64{}
	for d.PeekKind() != ']' {
		text, err := d.token('0', "a member of "+what, "a whole number")
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if errors.Is(err, strconv.ErrSyntax) {
			return nil, fmt.Errorf("%s holds %s, not a whole number from 0 up", what, clip(text))
		}
		if err != nil || n > math.MaxInt64 {
			return nil, fmt.Errorf("%s holds %s, which overflows 64 bits", what, clip(text))
		}
		list = append(list, int64(n))
	}
	_, err := d.ReadToken()
	return list, jsonError(err)
}

// strings reads an object whose values are strings.
func (d decoder) strings(what string) (map[string]string, error) {
	m := map[string]string{}
	err := d.object(what, func(name string) error {
		value, err := d.token('"', "member "+quote(name)+" of "+what, "a string")
		m[name] = value
		return err
	})
	return m, err
}

func (d decoder) open(kind jsontext.Kind, what, article string) error {
	_, err := d.token(kind, what, article)
	return err
}

// token reads a token that must be of the given kind and returns its text, a
// string's without quotes and escapes.
func (d decoder) token(kind jsontext.Kind, what, article string) (string, error) {
	token, err := d.ReadToken()
	if err != nil {
		return "", jsonError(err)
	}
	if token.Kind() != kind {
		return "", fmt.Errorf("%s is not %s", what, article)
	}
	return token.String(), nil
}

// jsonError says in words what is wrong with a text that is not JSON.
func jsonError(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("the name %s occurs twice in one JSON object", quote(syntax.JSONPointer.LastToken()))
	case errors.As(err, &syntax):
		return fmt.Errorf("invalid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	case err == io.EOF:
		return errors.New("invalid JSON: it ends too early")
	}
	return fmt.Errorf("invalid JSON: %w", err)
}
