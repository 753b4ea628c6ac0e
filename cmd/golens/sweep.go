package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/terminal"
	"github.com/golens/golens/sweep"
)

func sweepCommand() *cli.Command {
	const out = "Output"
	return &cli.Command{
		Name: "sweep", Usage: "measure the effect of each part of the model on a word", ArgsUsage: "PROMPT",
		Description: "Makes an intervention at one place of the model after another, runs PROMPT, and\n" +
			"shows the effect on a target at the last position, with the clean run for\n" +
			"comparison. Every number equals that of PyTorch with a forward hook that does\n" +
			"the same. Each run starts at the first block that changes.\n\n" +
			"Several changes give a map of places by changes. In a CHANGE, + does several\n" +
			"things at once, and `at SITE` names another site of the block: \"zero at attn +\n" +
			"zero at mlp\".",
		UsageText: `  golens sweep "As Gregor Samsa awoke one morning" --target " from" --scale 0.8
  golens sweep "Paris is the capital of" --target France --scale 0:2:0.1 --plot map.png
  golens sweep "Paris is the capital of" --target France --ablate --metric logprob --metric kl
  golens sweep "Rome is the capital of" --target France --target Italy --at resid,attn,mlp \
      --patch "Paris is the capital of" --positions 0
  golens sweep "The nurse said that" --metric 'diff:" he"," she"' --at heads --zero
  golens sweep --plan plan.yaml --dry-run
  golens sweep --plan plan.yaml --json out.json --resume
  golens sweep --compare a.json b.json`,
		Flags: slices.Concat(sweepFlags(), promptFlags(), formatFlags(true, map[string]string{"csv": ", a line for each run, metric and target"}), []cli.Flag{
			resumeFlag("the missing runs"),
			&cli.BoolFlag{Name: "dry-run", Category: out, Usage: "list the runs and their cost, without making any"},
			&cli.BoolFlag{Name: "compare", Category: out, Usage: "compare two results; the arguments are their JSON files. The exit status is 3 if numbers differ that must be equal"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: out, Usage: "print no table and no progress"},
		}, plotFlags("the sweep"), sharedFlags(), nameFlags()[1:]), // its --blocks is among the first
		OnUsageError: onUsageError, Action: runSweep,
	}
}

func runSweep(c *cli.Context) error {
	if c.Bool("compare") {
		return compareSweeps(c)
	}
	var asked *sweep.File
	var before *sweep.Result
	j, err := newJob(c, needs{without: []string{"prompts", "lens"}, why: "--%s does not apply to a sweep, which reads one prompt and the model's own output", alone: true,
		input: func(j *job) (err error) {
			if c.Bool("dry-run") && len(j.out.files) > 0 {
				return usage(c, "--dry-run writes nothing: leave --%s out", j.out.files[0].flag)
			}
			if asked, j.prompts, err = sweepFile(c); err != nil {
				return err
			}
			before, err = earlierSweep(c)
			return err
		}})
	if err != nil {
		return err
	}
	defer j.close()
	m, files, notes, p := j.m, j.out.files, j.out.notes, j.prompts[0]
	ids, err := p.encode(c, m)
	if err != nil {
		return err
	}
	b := intervene.NewBinder(m, source{c, m, notes}, &j.scope)
	plan, warnings, err := asked.Plan(m, b, ids)
	notes.end()
	if err != nil {
		return sweepError(c, err)
	}
	if w := m.DoubleBOS(ids); w != "" {
		warnings = append(warnings, w)
	}
	for _, w := range warnings {
		notes.warn("", w)
	}
	if c.Bool("dry-run") {
		return dryRun(c, m, ids, plan, j.out.term)
	}
	fast := c.String("mode") == "fast"
	digest := ""
	if len(files) > 0 {
		if digest, err = m.KnownDigest(); err != nil {
			return err
		}
		if before != nil && before.Manifest.Weights != digest {
			return fmt.Errorf("--resume: %s was made with other weights than %s has", c.String("json"), m.Name)
		}
	}
	o := sweep.Options{Before: before, Fast: fast, Progress: func(p sweep.Progress) { notes.say(progressText(p)) }}
	journal, err := keepSweep(c, m, ids, plan, digest, files, notes, &o)
	if err != nil {
		return err
	}
	defer journal.Close()
	r, stop := sweep.Run(c.Context, m, ids, plan, o)
	notes.clear()
	if r == nil {
		return sweepError(c, stop)
	}
	done := 0
	for _, d := range r.Done {
		if d {
			done++
		}
	}
	if done == 0 {
		return sweepError(c, stop)
	}
	for _, w := range r.Warnings {
		notes.warn("", w)
	}
	r.Prompt, r.Warnings, r.Manifest.Weights = p.Text, append(warnings, r.Warnings...), digest
	err = j.out.write(&made{
		bundle:  func() (*data.Bundle, error) { return data.Sweep(r), nil },
		drawing: func() (figure.Drawing, error) { return report.SweepFigure(r), nil }})
	if err != nil {
		return err
	}
	// The JSON has all that is done, too.
	if err := endCheckpoint(journal, stop == nil || c.IsSet("json") && c.String("json") != "-"); err != nil {
		return err
	}
	if stop != nil {
		return stoppedSweep(c, stop, done, len(r.Done), len(files) > 0, checkpointPath(files) != "")
	}
	if !j.out.screen {
		return nil
	}
	return showSweep(c, j.out.term, r)
}

// keepSweep has the runs of a sweep kept as they are made, and takes over those that were
// kept before.
func keepSweep(c *cli.Context, m *model.Model, ids []int64, p sweep.Plan, weights string, files []*file, n *notes, o *sweep.Options) (*checkpoint.Journal, error) {
	key, err := sweep.Key(m, ids, p, o.Fast)
	if err != nil {
		return nil, err
	}
	key = append(key, checkpoint.Key{{"the weights", weights}}...)
	j, err := openCheckpoint(c, files, key, n, func(record []byte) error {
		var made sweep.Made
		err := checkpoint.Decode(record, &made)
		o.Runs = append(o.Runs, made)
		return err
	})
	if j == nil || err != nil {
		return nil, err
	}
	o.Keep = func(made sweep.Made) error {
		record, err := checkpoint.Encode(made)
		if err != nil {
			return err
		}
		return j.Append(record)
	}
	return j, nil
}

// showSweep draws a sweep in the terminal: a table of one change, grids of several.
func showSweep(c *cli.Context, t terminal.Terminal, r *sweep.Result) error {
	if seeds := report.SweepSeeds(r); seeds != nil {
		if err := t.Table(c.App.Writer, seeds); err != nil || onlySeeds(r) {
			return err
		}
		fmt.Fprintln(c.App.Writer)
	}
	if len(r.Changes) == 1 || len(r.Places) == 1 {
		return t.Table(c.App.Writer, report.SweepTable(r))
	}
	for i, g := range report.SweepGrids(r) {
		if i > 0 {
			fmt.Fprintln(c.App.Writer)
		}
		if err := t.Grid(c.App.Writer, g); err != nil {
			return err
		}
	}
	return nil
}

// onlySeeds reports whether every change is one of several seeds, whose mean and spread
// say all.
func onlySeeds(r *sweep.Result) bool {
	n := 0
	for _, g := range r.Groups {
		n += len(g.Changes)
	}
	return n == len(r.Changes)
}

// progressText says how far a sweep is: "run 12 of 60, 8 s left".
func progressText(p sweep.Progress) string {
	text := fmt.Sprintf("run %d of %d", min(p.Done+1, p.Of), p.Of)
	if p.Left > 0 {
		text += fmt.Sprintf(", %s left", p.Left.Round(time.Second))
	}
	return text
}

// stoppedSweep says how far an interrupted sweep came.
func stoppedSweep(c *cli.Context, err error, done, of int, kept, resumes bool) error {
	text := ""
	if kept {
		text = ", which are written"
	}
	if resumes {
		text += "; --resume goes on with the rest"
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %d of %d runs%s", done, of, text)
	}
	return fmt.Errorf("%w (stopped after %d of %d runs%s)", sweepError(c, err), done, of, text)
}

// sweepError tells what the plan asks in vain from a failure. What stands in a file is
// no mistake of the call.
func sweepError(c *cli.Context, err error) error {
	choice, entry := new(sweep.ChoiceError), new(sweep.EntryError)
	switch {
	case !errors.As(err, &choice):
		return err
	case !c.IsSet("plan"):
		return wrong(c, err)
	case errors.As(err, &entry):
		return err // it has the file and the line
	}
	return fmt.Errorf("%s: %w", c.String("plan"), err)
}

// dryRun lists what a plan would do.
func dryRun(c *cli.Context, m *model.Model, ids []int64, p sweep.Plan, t terminal.Terminal) error {
	cost, err := sweep.Predict(m, ids, p)
	if err != nil {
		return sweepError(c, err)
	}
	b := &figure.Table{Columns: []figure.TableColumn{{Head: "run", Right: true}, {Head: "place"}, {Head: "point"}, {Head: "change"}}}
	for f, change := range p.Changes {
		for i, place := range p.Places {
			b.Rows = append(b.Rows, []string{fmt.Sprint(f*len(p.Places) + i + 1), place.Label, place.Point, change.Name})
		}
	}
	b.Notes = []string{
		fmt.Sprintf("%d runs and the clean one on %d tokens; the plan's digest is %s", cost.Runs, len(ids), p.Digest(ids)),
		fmt.Sprintf("%d blocks are run, of %d in whole runs; the head reads %d rows, of %d", cost.Blocks, cost.AllBlocks, cost.HeadRows, cost.AllRows),
		fmt.Sprintf("memory besides the weights: up to about %.0f MB", float64(cost.Bytes)/1e6+1),
	}
	return t.Table(c.App.Writer, b)
}
