package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

// A prompt's tokens, and the state that a block leaves at each of them.
func ExampleModel_Hold() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("Are cats good?", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var h hooks.Registry
	h.Capture("h.3")
	err = m.Hold(context.Background(), func(s model.Session) error {
		run, err := s.Trunk(ids, &h)
		if err != nil {
			return err
		}
		defer run.Close()
		state := run.Captured("h.3")
		v, err := torch.Values[float32](state)
		fmt.Println(ids, state.Shape(), len(v))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: [8491 11875 922 30] [1 4 128] 512
}

// A target is a word with the space that usually comes before it; in quotes it is taken as it
// stands. It has one token or more.
func ExampleModel_Target() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	for _, asked := range []string{"window", `"window"`, "logit"} {
		target, err := m.Target(asked)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q: ids %v of %q\n", asked, target.IDs, target.Text)
	}
	// Output:
	// "window": ids [4324] of " window"
	// "\"window\"": ids [17497] of "window"
	// "logit": ids [2604 270] of " logit"
}
