package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A job is what the commands that run a model begin with: the places of their results,
// what they read, the model, and what interventions do in it.
type job struct {
	c       *cli.Context
	out     *outputs
	prompts []prompt
	m       *model.Model
	hooks   *hooks.Registry
	scope   torch.Scope // of what the hooks hold
}

// needs say how a command's job differs from another's.
type needs struct {
	without []string         // flags that have no meaning for it
	why     string           // says so, with %s for the flag
	silent  bool             // with --quiet and no file there is still something to do
	input   func(*job) error // reads what is there in the place of prompts
	alone   bool             // it has no flags of interventions
}

// newJob reads the flags and the input, opens the model and builds the hooks. Whoever asks
// for what there is not hears of it before the model is opened, where that can be.
func newJob(c *cli.Context, n needs) (*job, error) {
	for _, flag := range n.without {
		if c.IsSet(flag) {
			return nil, usage(c, n.why, flag)
		}
	}
	j := &job{c: c}
	var err error
	if j.out, err = newOutputs(c); err != nil {
		return nil, err
	}
	if !n.silent {
		if err := j.out.checkQuiet(c); err != nil {
			return nil, err
		}
	}
	if n.input == nil {
		n.input = (*job).readPrompts
	}
	if err := n.input(j); err != nil {
		return nil, err
	}
	if j.m, err = openModel(c); err != nil {
		return nil, err
	}
	if n.alone {
		return j, nil
	}
	if j.hooks, err = interventions(c, j.m, &j.scope); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (j *job) close() {
	j.scope.Close()
	j.m.Close()
}

func (j *job) readPrompts() (err error) {
	if j.prompts, err = readPrompts(j.c); err != nil {
		return err
	}
	if len(j.prompts) > 1 && j.c.IsSet("plot") {
		return usage(j.c, "--plot draws one text, and there are %d prompts", len(j.prompts))
	}
	return nil
}

// A reading is a prompt and what is wanted of it.
type reading struct {
	prompt  prompt
	ids     []int64
	options lens.Options
}

// packingPays is how many runs of the model are made in the time that packing the weights
// takes.
const packingPays = 20

// readings completes o by the flags of cells and the hooks, encodes all prompts, and looks
// whether each can be read before the first is. runs is how often the model will run for
// each. The warnings are what the user should know of the flags.
func (j *job) readings(o *lens.Options, runs int) (out []reading, warnings []string, err error) {
	o.Hooks = j.hooks
	if warnings, err = chooseCells(j.c, j.m, o); err != nil {
		return nil, nil, err
	}
	o.Packed = o.Fast && len(j.prompts)*runs >= packingPays
	for _, p := range j.prompts {
		r := reading{prompt: p, options: *o}
		if r.ids, err = p.encode(j.c, j.m); err != nil {
			return nil, nil, err
		}
		if r.options.Positions, err = chosen(j.c.String("positions"), len(r.ids), "position"); err != nil {
			return nil, nil, wrong(j.c, about(p, fmt.Errorf("--positions: %w", err)))
		}
		r.options.Track = followed(j.c, j.m, r.options, len(r.ids))
		out = append(out, r)
	}
	return out, warnings, nil
}
