// Package choices has the error of a caller who asks for what there is not. The packages
// that take choices name it model.ChoiceError, lens.ChoiceError and so on: one type.
package choices

import "fmt"

// An Error says that what was asked for is not to be had, or makes no sense. It is no
// failure: the caller can ask for something else.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// Errorf returns an Error with a text as fmt.Sprintf makes it.
func Errorf(format string, a ...any) error { return &Error{fmt.Sprintf(format, a...)} }
