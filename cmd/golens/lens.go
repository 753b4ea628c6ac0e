package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

func lensCommand() *cli.Command {
	return &cli.Command{
		Name: "lens", Usage: "show what every layer would predict, at every position", ArgsUsage: "PROMPT",
		Description: "Applies the unembedding to the residual stream after every block and shows the\n" +
			"likeliest next token of each cell. A column is a token of PROMPT, a row a\n" +
			"layer: emb is the embedding, L0 the stream after block 0, and so on.\n\n" +
			"The default lens, notebook, norms the last layer only. --lens normed (or logit)\n" +
			"is the logit lens of the papers. docs/tutorial.md explains both.\n\n" +
			"PROMPT - is standard input, byte for byte. FILE - is standard output. The grid\n" +
			"is printed as well, unless a file is - or --prompts is given.",
		UsageText: `  golens lens "The way you do anything is the way you do everything"
  golens lens "Paris is the capital of" --target Rome --plot paris.svg
  golens lens "Are cats good?" --model gpt2 --lens normed --by entropy
  golens lens "Are cats good?" --html page.html
  golens lens "Are cats good?" --scale h.3=0.8 --zero h.5.mlp --json out.json
  golens lens "Are cats good?" --skip h.3 --diff
  golens lens "Are cats good?" --layers 12 --positions -1 --json - | jq .top_probs
  golens lens --prompts prompts.jsonl --target next --npz lens.npz
  golens lens --file book.txt --chunk 256 --plot book.png`,
		Flags:        slices.Concat(promptFlags(), textFlags(), cellFlags(), []cli.Flag{jointFlag()}, interventionFlags(), []cli.Flag{diffFlag(), resumeFlag("the missing prompts of --prompts, or the rest of --file")}, outputFlags(), pageFlags(), sharedFlags(), nameFlags()),
		OnUsageError: onUsageError,
		Action:       runLens,
	}
}

func runLens(c *cli.Context) error {
	switch {
	case c.IsSet("file") || c.IsSet("chunk"):
		return runText(c)
	case c.Bool("diff"):
		return runDiff(c)
	}
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	out, err := newOutputs(c)
	if err != nil {
		return err
	}
	if len(out.files) == 0 && c.Bool("quiet") {
		return usage(c, "--quiet leaves nothing to do: give --json, --csv, --npz, --html or --plot as well")
	}
	prompts, err := readPrompts(c)
	if err != nil {
		return err
	}
	if len(prompts) > 1 && c.IsSet("plot") {
		return usage(c, "--plot draws one prompt, and there are %d", len(prompts))
	}
	m, err := openModel(c)
	if err != nil {
		return err
	}
	defer m.Close()
	var sc torch.Scope
	defer sc.Close()
	if o.Hooks, err = interventions(c, m, &sc); err != nil {
		return err
	}
	warnings, err := chooseCells(c, m, &o)
	if err != nil {
		return err
	}
	whole, err := jointTargets(c, m)
	if err != nil {
		return err
	}
	if err := out.needsTarget(c, o); err != nil {
		return err
	}
	readings, err := prepare(c, m, prompts, o, 1)
	if err != nil {
		return err
	}
	if out.view == "scatter" {
		if err := oneCell(c, m, readings[0]); err != nil {
			return err
		}
		readings[0].options.Logits = true
	}
	for _, w := range warnings {
		out.notes.warn("", w)
	}
	digest := sync.OnceValues(m.KnownDigest)
	return out.write(len(readings), keepReadings(c, m, out, readings), func(i int) (*lens.Result, error) {
		readings[i].options.Last = i == len(readings)-1 && len(whole) == 0
		r, err := readings[i].read(c.Context, m)
		if err != nil {
			return nil, readError(c, prompts[i], err)
		}
		for _, w := range r.Warnings {
			out.notes.warn(prompts[i].about(), w)
		}
		r.Warnings = append(slices.Clone(warnings), r.Warnings...)
		if len(whole) > 0 {
			if r.Joint, err = lens.ReadJoint(c.Context, m, readings[i].ids, whole, readings[i].options); err != nil {
				return nil, fmt.Errorf("--target-joint: %w", readError(c, prompts[i], err))
			}
		}
		if out.wantsDigest() {
			r.Manifest.Weights, err = digest()
		}
		return r, err
	})
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

// prepare encodes all prompts and looks whether each can be read, before the first is.
// runs is how often the model will run for each.
func prepare(c *cli.Context, m *model.Model, prompts []prompt, o lens.Options, runs int) ([]reading, error) {
	var out []reading
	o.Packed = o.Fast && len(prompts)*runs >= packingPays
	for _, p := range prompts {
		ids, err := p.encode(c, m)
		if err != nil {
			return nil, err
		}
		if o.Positions, err = chosen(c.String("positions"), len(ids), "position"); err != nil {
			return nil, wrong(c, about(p, fmt.Errorf("--positions: %w", err)))
		}
		o.Track = followed(c, m, o, len(ids))
		out = append(out, reading{p, ids, o})
	}
	return out, nil
}

// oneCell refuses a reading of several cells.
func oneCell(c *cli.Context, m *model.Model, r reading) error {
	rows, positions := len(r.options.Rows), len(r.options.Positions)
	if r.options.Rows == nil {
		rows = m.Sizes.Blocks + 1
	}
	if r.options.Positions == nil {
		positions = len(r.ids)
	}
	if rows != 1 || positions != 1 {
		return usage(c, "--view scatter draws one cell, and there are %d rows and %d positions: choose one with --layers and --positions", rows, positions)
	}
	return nil
}

func (r reading) read(ctx context.Context, m *model.Model) (*lens.Result, error) {
	out, err := lens.Read(ctx, m, r.ids, r.options)
	if err == nil {
		out.Name, out.Prompt = r.prompt.Name, r.prompt.Text
	}
	return out, err
}

// about puts in front of an error which of several prompts it speaks of.
func about(p prompt, err error) error {
	if text := p.about(); text != "" {
		return fmt.Errorf("%s: %w", text, err)
	}
	return err
}

// readError tells a choice that the model does not have from a failure. An array
// of a wrong shape shows only here, so the arrays are named.
func readError(c *cli.Context, p prompt, err error) error {
	var choice *lens.ChoiceError
	switch {
	case errors.As(err, &choice):
		return wrong(c, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	var arrays []string
	for _, flag := range []string{"patch", "set", "project-out", "add"} {
		for _, s := range c.StringSlice(flag) {
			arrays = append(arrays, "--"+flag+" "+s)
		}
	}
	if len(arrays) > 0 {
		err = fmt.Errorf("with %s: %w", strings.Join(arrays, ", "), err)
	}
	return about(p, err)
}
