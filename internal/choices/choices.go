// Package choices has the error for a caller who asks for something that does not exist. Packages
// that take choices name it model.ChoiceError, lens.ChoiceError and so on: it is one type.
package choices

import "fmt"

// An Error says that what was asked for does not exist, or makes no sense. It is no failure: the
// caller can ask for something else.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

// Errorf returns an Error with a formatted text.
func Errorf(format string, a ...any) error { return &Error{fmt.Sprintf(format, a...)} }
