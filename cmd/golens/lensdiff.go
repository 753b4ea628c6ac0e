package main

import (
	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

func diffFlag() cli.Flag {
	return &cli.BoolFlag{Name: "diff", Category: interventionCategory,
		Usage: "show what the interventions change: each cell's likeliest token, marked if it differs from the clean run's, and shaded by KL(clean || changed)"}
}

// runDiff is golens lens --diff.
func runDiff(c *cli.Context) error {
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	j, err := newJob(c, needs{without: []string{"prompts", "csv", "html", "json-format", "hidden", "logits", "view", "track", "by", "target-joint"},
		why: "--%s has no meaning with --diff, which takes one prompt and writes --json, --npz and --plot"})
	if err != nil {
		return err
	}
	defer j.close()
	if len(j.hooks.Actions()) == 0 {
		return usage(c, "--diff shows what interventions change, and there is none: add one, such as --scale h.3=0.8")
	}
	readings, warnings, err := j.readings(&o, 2)
	if err != nil {
		return err
	}
	d, err := lens.ReadDiff(c.Context, j.m, readings[0].ids, readings[0].options)
	if err != nil {
		return readError(c, j.prompts[0], err)
	}
	for _, w := range append(warnings, d.Changed.Warnings...) {
		j.out.notes.warn("", w)
	}
	d.Changed.Prompt = j.prompts[0].Text
	if d.Changed.Manifest.Weights, err = j.out.weights(j.m); err != nil {
		return err
	}
	g, err := report.DiffGrid(d, report.GridOptions{LastOnTop: c.Bool("last-on-top")})
	if err != nil {
		return err
	}
	err = j.out.write(&made{
		bundle:  func() (*data.Bundle, error) { return data.Diff(d, "lens --diff") },
		drawing: func() (figure.Drawing, error) { return g, nil }})
	if err != nil || !j.out.screen {
		return err
	}
	return j.out.term.Grid(c.App.Writer, g)
}
