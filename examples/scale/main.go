// Command scale halves what one block leaves in the residual stream, and shows at which layers
// the likeliest next token becomes another one.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
)

func main() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("She looked out of the", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var halved hooks.Registry
	halved.Add("h.3", hooks.Scale(0.5))
	read := func(h *hooks.Registry) *lens.Result {
		r, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: lens.Normed, Positions: []int{-1}, Hooks: h})
		if err != nil {
			log.Fatal(err)
		}
		return r
	}
	clean, changed := read(nil), read(&halved)
	for c := range clean.Cells() {
		fmt.Printf("%-4s%-12q%q\n", c.Layer().Label, c.Top()[0].Bytes, changed.Cell(c.Row, c.Pos).Top()[0].Bytes)
	}
}
