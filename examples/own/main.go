// Command own has a lens and a statistic of its own: states of length one before the unembedding,
// without the weights of the final norm, and the probability of all tokens but the likeliest.
package main

import (
	"context"
	"fmt"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

type unit struct{ lens.Projection } // a lens that keeps states as they are, but for State

func (unit) Name() string { return "unit" }
func (unit) State(_ model.Session, _ lens.Row, h *torch.Tensor) (*torch.Tensor, error) {
	return torch.One(units.Call("unit", h))
}

var units = torch.NewProgram("Unit", "def unit(self, h: Tensor) -> Tensor:\n    return h * torch.rsqrt((h * h).mean(-1, keepdim=True))\n")
var rest = lens.Stat{Name: "rest", Title: "probability of the rest", Exact: "def stat(self, x: Tensor) -> Tensor:\n    return 1.0 - torch.softmax(x, -1).amax(-1)\n"}

func main() {
	m := must(builtin.Open("", model.Options{}))
	ids := must(m.Prompt("She looked out of the", model.PromptOptions{}))
	r := must(lens.Read(context.Background(), m, ids, lens.Options{Projection: unit{lens.Raw}, Positions: []int{-1}, Stats: []lens.Stat{rest}}))
	for c := range r.Cells() {
		fmt.Printf("%-4s%-12q%.2f\n", c.Layer().Label, c.Top()[0].Bytes, c.Stat("rest"))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
