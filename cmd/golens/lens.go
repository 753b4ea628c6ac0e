package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
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
	out, err := lensLooks(c)
	if err != nil {
		return err
	}
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	j, err := newJob(c, needs{})
	if err != nil {
		return err
	}
	defer j.close()
	out.outputs = j.out
	readings, warnings, err := j.readings(&o, 1)
	if err != nil {
		return err
	}
	whole, err := jointTargets(c, j.m)
	if err != nil {
		return err
	}
	if err := out.needsTarget(c, o); err != nil {
		return err
	}
	if out.view == "scatter" {
		if err := oneCell(c, j.m, readings[0]); err != nil {
			return err
		}
		readings[0].options.Logits = true
	}
	for _, w := range warnings {
		out.notes.warn("", w)
	}
	return out.writeAll(len(readings), keepReadings(c, j.m, out, readings), func(i int) (*lens.Result, error) {
		readings[i].options.Last = i == len(readings)-1 && len(whole) == 0
		r, err := readings[i].read(c.Context, j.m)
		if err != nil {
			return nil, readError(c, j.prompts[i], err)
		}
		for _, w := range r.Warnings {
			out.notes.warn(j.prompts[i].about(), w)
		}
		r.Warnings = append(slices.Clone(warnings), r.Warnings...)
		if len(whole) > 0 {
			if r.Joint, err = lens.ReadJoint(c.Context, j.m, readings[i].ids, whole, readings[i].options); err != nil {
				return nil, fmt.Errorf("--target-joint: %w", readError(c, j.prompts[i], err))
			}
		}
		r.Manifest.Weights, err = out.weights(j.m)
		return r, err
	})
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
