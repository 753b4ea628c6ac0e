package lens_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
)

// The likeliest next token of every layer, behind a prompt, with a block scaled.
func ExampleRead() {
	m, err := builtin.Open("", model.Options{}) // the model inside the program
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("The way you do anything", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	h := &hooks.Registry{}
	h.Add("h.3", hooks.Scale(0.8))
	r, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: lens.Normed, Hooks: h})
	if err != nil {
		log.Fatal(err)
	}
	for i, row := range r.Rows {
		fmt.Printf("%s %q\n", row.Label, r.Cell(i, len(r.Positions)-1).Top()[0].Bytes)
	}
	// Output:
	// emb "JS"
	// L0 " else"
	// L1 ","
	// L2 " of"
	// L3 ","
	// L4 ","
	// L5 " else"
	// L6 " for"
	// L7 " for"
	// L8 " for"
	// L9 " for"
	// L10 " to"
	// L11 " for"
}

// A text that goes on, token by token.
func ExampleGenerate() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("He was so tired that he went to", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	o := lens.GenerateOptions{MaxNew: 6, Lens: lens.Options{Projection: lens.Normed}}
	g, err := lens.Generate(context.Background(), m, ids, o, func(s *lens.Step) error {
		fmt.Printf("%s", s.Token.Bytes) // s.Lens is what every layer says at this step
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	r := g.Joined(0) // one Result of all steps
	fmt.Printf("\n%d rows at %d positions\n", len(r.Rows), len(r.Positions))
	// Output:
	// the house, and he was
	// 13 rows at 13 positions
}

// TestREADME: the Go programs of the README are the examples above, which run.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) != 2 {
		t.Errorf("the README has %d programs in Go", len(blocks))
	}
	for _, b := range blocks {
		program, _, _ := strings.Cut(b, "```")
		var body strings.Builder
		for line := range strings.Lines(program) {
			body.WriteString("\t" + line)
		}
		if !strings.Contains(string(examples), body.String()+"\t// Output:") {
			t.Errorf("this is no example:\n%s", program)
		}
	}
}
