package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/hub"
)

// TestHints: an error of a package that knows of no flags, however it was wrapped, gets the
// flag or the command that helps.
func TestHints(t *testing.T) {
	for want, err := range map[string]error{
		". Name its parts by --blocks, --norm, --head and --embed, or in a sidecar": &model.NamesError{Msg: "it has no module h.0"},
		" with --dtype bfloat16":                                                &model.FixedError{What: "dtype", Want: "bfloat16"},
		" with --attention eager":                                               &model.FixedError{What: "attention", Want: "eager"},
		": name one by --tokenizer FOLDER":                                      &model.TokenizerError{Path: "x.pt", Vocab: 7},
		": give one by --config FILE":                                           model.ErrNoConfig,
		"; fetch it with: golens model fetch gpt2@v2, or give a folder":         &hub.MissingError{Err: errors.New("it has no weights"), Model: "gpt2@v2"},
		"; repeat the command of that run, or leave --resume out to begin anew": &checkpoint.OtherError{},
		"": errors.New("another error"),
	} {
		if got := hint(fmt.Errorf("model: %w", err)); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	// A choice stays a choice, of which the help tells.
	if choice := new(model.ChoiceError); !errors.As(&model.FixedError{}, &choice) {
		t.Error("an archive's own attention is no choice")
	}
}
