package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
)

// Exit statuses.
const (
	exitFailed = 1 // it could not be done: a file is missing or broken, the disk is full
	exitUsage  = 2 // the command line is wrong
	// exitDiffers: a check failed, such as numbers that differ and must not
	exitDiffers = 3
)

// A usageError is a mistake in the command line: also a choice that this model or
// prompt does not have. What is wrong inside a file is none.
type usageError struct {
	err     error
	command string // whose help is pointed to: "model info"
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// wrongChoice marks err as a mistake in the call where the model has not what was asked for.
func wrongChoice(c *cli.Context, err error) error {
	if choice := new(model.ChoiceError); errors.As(err, &choice) {
		return wrong(c, err)
	}
	return err
}

// isUsage reports whether err is a mistake in the command line.
func isUsage(err error) bool {
	var u *usageError
	return errors.As(err, &u)
}

// usage returns an error for a mistake in the call of the command at hand.
func usage(c *cli.Context, format string, a ...any) error {
	return wrong(c, fmt.Errorf(format, a...))
}

// wrong marks err as a mistake in the call.
func wrong(c *cli.Context, err error) error {
	command := ""
	for _, ctx := range c.Lineage() {
		if ctx.Command != nil && ctx.Command.Name != "" && ctx.Command.Name != c.App.Name {
			command = ctx.Command.Name + " " + command
		}
	}
	return &usageError{err, command[:max(0, len(command)-1)]}
}

func onUsageError(c *cli.Context, err error, _ bool) error { return wrong(c, err) }
