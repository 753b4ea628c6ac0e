package main

import (
	"io"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/torch"
)

func diffFlag() cli.Flag {
	return &cli.BoolFlag{Name: "diff", Category: interventionCategory,
		Usage: "show what the interventions change: each cell's likeliest token, marked if it differs from the clean run's, and shaded by KL(clean || changed)"}
}

// runDiff is golens lens --diff.
func runDiff(c *cli.Context) error {
	for _, flag := range []string{"prompts", "csv", "html", "hidden", "logits", "view", "track", "by", "target-joint"} {
		if c.IsSet(flag) {
			return usage(c, "--%s has no meaning with --diff, which takes one prompt and writes --json, --npz and --plot", flag)
		}
	}
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	files, err := bundleFiles(c)
	if err != nil {
		return err
	}
	term, err := terminalOf(c)
	if err != nil {
		return err
	}
	prompts, err := readPrompts(c)
	if err != nil {
		return err
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
	if len(o.Hooks.Actions()) == 0 {
		return usage(c, "--diff shows what interventions change, and there is none: add one, such as --scale h.3=0.8")
	}
	warnings, err := chooseCells(c, m, &o)
	if err != nil {
		return err
	}
	readings, err := prepare(c, m, prompts, o, 2)
	if err != nil {
		return err
	}
	d, err := lens.ReadDiff(c.Context, m, readings[0].ids, readings[0].options)
	if err != nil {
		return readError(c, prompts[0], err)
	}
	notes := newNotes(c.App.ErrWriter, c.Bool("quiet"))
	for _, w := range append(warnings, d.Changed.Warnings...) {
		notes.warn("", w)
	}
	d.Changed.Prompt = prompts[0].Text
	if c.IsSet("json") || c.IsSet("npz") {
		if d.Changed.Manifest.Weights, err = m.KnownDigest(); err != nil {
			return err
		}
	}
	g, err := report.DiffGrid(d, report.GridOptions{LastOnTop: c.Bool("last-on-top")})
	if err != nil {
		return err
	}
	b, err := data.DiffBundle(d)
	if err != nil {
		return err
	}
	if err := writeBundleFiles(c, files, map[string]func(io.Writer) error{"json": b.JSON, "npz": b.NPZ}, g); err != nil {
		return err
	}
	if c.Bool("quiet") || slices.ContainsFunc(files, func(f *file) bool { return f.path == "-" }) {
		return nil
	}
	return term.Grid(c.App.Writer, g)
}
