package main

import (
	"errors"
	"fmt"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/hub"
)

// hints say, for errors of packages that know of no command line, which flag or command
// helps. Each is put behind the error's text.
var hints = []func(error) string{
	hintOf(func(*model.NamesError) string {
		return ". Name its parts by --blocks, --norm, --head and --embed, or in a sidecar"
	}),
	hintOf(func(e *model.FixedError) string { return fmt.Sprintf(" with --%s %s", e.What, e.Want) }),
	hintOf(func(*model.TokenizerError) string { return ": name one by --tokenizer FOLDER" }),
	func(err error) string {
		if errors.Is(err, model.ErrNoConfig) {
			return ": give one by --config FILE"
		}
		return ""
	},
	hintOf(func(e *hub.MissingError) string {
		return fmt.Sprintf("; fetch it with: golens model fetch %s, or give a folder", e.Model)
	}),
	hintOf(func(*checkpoint.OtherError) string {
		return "; repeat the command of that run, or leave --resume out to begin anew"
	}),
}

// hintOf returns what is said of errors of one type.
func hintOf[E error](say func(E) string) func(error) string {
	return func(err error) string {
		var e E
		if errors.As(err, &e) {
			return say(e)
		}
		return ""
	}
}

// hint returns what helps against an error, "" where nothing is known.
func hint(err error) string {
	for _, of := range hints {
		if text := of(err); text != "" {
			return text
		}
	}
	return ""
}
