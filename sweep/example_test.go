package sweep_test

import (
	"context"
	"fmt"
	"log"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// The scaling study: what each block's output, scaled, does to a word.
func ExampleRun() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := m.Prompt("She looked out of the", model.PromptOptions{})
	if err != nil {
		log.Fatal(err)
	}
	target, err := m.Target("window")
	if err != nil {
		log.Fatal(err)
	}
	places, err := sweep.PlacesOf(m, sweep.Resid, []int{0, 11}, nil)
	if err != nil {
		log.Fatal(err)
	}
	r, err := sweep.Run(context.Background(), m, ids, sweep.Plan{
		Changes: sweep.Scale(0.5, 1),
		Places:  places,
		Words:   []lens.Word{{Text: target.Text, ID: target.ID()}},
	}, sweep.Options{})
	if err != nil {
		log.Fatal(err)
	}
	s := r.Of("logprob")
	for f, change := range r.Changes {
		for b, p := range r.Places {
			v := s.At(r, f, b)[0]
			fmt.Printf("%s at %s: within 0.001 of the clean run: %v\n", change, p.Label, abs(v-s.Clean[0]) < 1e-3)
		}
	}
	// Output:
	// scale 0.5 at L0: within 0.001 of the clean run: false
	// scale 0.5 at L11: within 0.001 of the clean run: true
	// scale 1 at L0: within 0.001 of the clean run: true
	// scale 1 at L11: within 0.001 of the clean run: true
}

func abs(x float32) float32 { return max(x, -x) }

// prompts is a Source without files.
type prompts struct{ m *model.Model }

func (p prompts) Array(string) ([]float32, []int64, error) {
	return nil, nil, fmt.Errorf("no files here")
}
func (p prompts) Texts(string) ([][]int64, error) { return nil, fmt.Errorf("no files here") }
func (p prompts) Encode(text string) ([]int64, error) {
	return p.m.Prompt(text, model.PromptOptions{})
}

// Activation patching, with the change as it is written: patching the stream of the
// other prompt at every position brings all of its value.
func ExampleBind() {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	ids, err := prompts{m}.Encode("London is the capital of")
	if err != nil {
		log.Fatal(err)
	}
	places, err := sweep.PlacesOf(m, sweep.Resid, []int{0, 6}, nil)
	if err != nil {
		log.Fatal(err)
	}
	specs, err := intervene.ParseChange(`patch "Paris is the capital of"`)
	if err != nil {
		log.Fatal(err)
	}
	var scope torch.Scope
	defer scope.Close()
	change, err := sweep.Bind(intervene.NewBinder(m, prompts{m}, &scope), specs[0], places, len(ids))
	if err != nil {
		log.Fatal(err)
	}
	r, err := sweep.Run(context.Background(), m, ids, sweep.Plan{Changes: []sweep.Change{change}, Places: places, Words: []lens.Word{{Text: " France", ID: 4881}},
		Always: []sweep.Edit{{Point: "ln_f", Action: hooks.Scale(1)}}}, sweep.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Changes[0], r.Of("logprob").Recovery())
	// Output:
	// patch "Paris is the capital of" [1 1]
}
