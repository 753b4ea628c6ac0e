package model

import (
	"errors"
	"fmt"
)

// A NamesError says which part of an archive was not found under its name. Options.Names
// or a sidecar can name it.
type NamesError struct{ Msg string }

func (e *NamesError) Error() string { return e.Msg }

// A FixedError says that an archive was exported with another attention or number type
// than is asked for. It is a ChoiceError.
type FixedError struct {
	Path       string
	What       string // "attention" or "dtype"
	Have, Want string
}

func (e *FixedError) Error() string {
	return fmt.Sprintf("model: the %s of %s is part of it (%s) and cannot be %s: export the model again", e.What, e.Path, e.Have, e.Want)
}

func (e *FixedError) Unwrap() error { return &ChoiceError{Msg: e.Error()} }

// A TokenizerError says that nothing tells of an archive's tokenizer. Names.Tokenizer can
// name one.
type TokenizerError struct {
	Path  string
	Vocab int
}

func (e *TokenizerError) Error() string {
	return fmt.Sprintf("model: no tokenizer is known for %s, and its vocabulary of %d tokens is not GPT-2's", e.Path, e.Vocab)
}

// ErrNoConfig says that an archive does not hold the model's configuration.
var ErrNoConfig = errors.New("it has no sidecar with the model's configuration, and the weights do not tell the number of heads")
