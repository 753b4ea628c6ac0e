// Command patch is activation patching: what each state of another prompt does to "eyes", in nats.
package main

import (
	"context"
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
)

func main() {
	ctx, m := context.Background(), must(builtin.Open("", model.Options{}))
	ids, other := must(m.Prompt("The man shook his", model.PromptOptions{})), must(m.Prompt("The man opened his", model.PromptOptions{}))
	logprob := func(h *hooks.Registry) float32 {
		o := lens.Options{Words: []lens.Word{{ID: must(m.Target("eyes")).ID()}}, Hooks: h}
		return must(lens.Read(ctx, m, ids, o)).Cell(m.Sizes.Blocks, len(ids)-1).Targets()[0].LogProb
	}
	for _, block := range m.Layout.Blocks {
		var states hooks.Registry // of the other prompt
		states.Capture(block.Out)
		var run *hooks.Run
		must(0, m.Hold(ctx, func(s model.Session) (err error) { run, err = s.Trunk(other, &states); return err }))
		for at := range ids {
			var h hooks.Registry
			h.Add(block.Out, hooks.Patch("the other prompt", run.Captured(block.Out), hooks.At(at), hooks.At(at)))
			fmt.Printf("%6.2f", logprob(&h)-logprob(nil))
		}
		fmt.Println("  " + block.Out)
	}
}
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
