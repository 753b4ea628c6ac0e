// Command print shows a logit lens: what each layer would say next, at each position.
package main

import (
	"context"
	"log"
	"os"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/terminal"
)

func main() {
	m, err := builtin.Open("", model.Options{}) // or a folder, or a name on the hub
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("She looked out of the", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: lens.Normed, Rows: []int{0, 4, 8, 12}})
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteLens(os.Stdout, terminal.Terminal{Width: 80}, r, report.GridOptions{}); err != nil {
		log.Fatal(err)
	}
}
