package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

// The flags that say where lenses go. Without any, a grid is drawn in the terminal.
func outputFlags() []cli.Flag {
	const category = "Output"
	return slices.Concat(formatFlags(true, map[string]string{
		"json": "; with --prompts, JSON lines",
		"csv":  ", a line for each cell and top token",
		"npz":  "; with --prompts, the arrays are 0/ids, 1/ids and so on",
	}), []cli.Flag{
		&cli.BoolFlag{Name: "hidden", Category: category, Usage: "write the states to --json as well (--npz always contains them)"},
		&cli.BoolFlag{Name: "logits", Category: category, Usage: "write the logits of the whole vocabulary to --npz and --json"},
		&cli.StringFlag{Name: "by", Category: category, Value: "prob", Usage: "`MEASURE`: shade the cells by prob, entropy, kl, agree, target-prob or target-rank"},
		&cli.StringFlag{Name: "view", Category: category, Value: "grid", Usage: "`VIEW`: what --plot draws: grid, boxes, words, numbers, pieces (every second layer; plain or --by entropy), targets (lines; --by target-rank for ranks) or scatter (the vocabulary in one cell)"},
		&cli.BoolFlag{Name: "last-on-top", Category: category, Usage: "draw the last layer at the top"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: category, Usage: "print no grid and no progress"},
	}, plotFlags("the grid"))
}

// lensOutputs are the places where the lenses of one or more prompts go.
type lensOutputs struct {
	*outputs
	grid report.GridOptions
	view string // of --plot

	journal *checkpoint.Journal // of the results of --prompts, or of the steps of one text; nil for none
	broken  bool                // the one text did not come to its end
}

// lensLooks reads how lenses are drawn.
func lensLooks(c *cli.Context) (*lensOutputs, error) {
	by, err := report.ParseMeasure(c.String("by"))
	if err != nil {
		return nil, wrong(c, fmt.Errorf("--by: %w", err))
	}
	o := &lensOutputs{grid: report.GridOptions{By: by, LastOnTop: c.Bool("last-on-top")}, view: c.String("view")}
	if err := report.ParseLensView(o.view); err != nil {
		return nil, wrong(c, fmt.Errorf("--view: %w", err))
	}
	switch {
	case c.IsSet("view") && !c.IsSet("plot"):
		return nil, usage(c, "--view says what --plot draws: add --plot FILE")
	case o.view == "targets" && (len(c.StringSlice("target"))+len(c.StringSlice("target-id")) == 0 || slices.Contains(c.StringSlice("target"), "next")):
		return nil, usage(c, "--view targets draws words: name them with --target WORD")
	}
	return o, checkPageFlags(c)
}

// needsTarget refuses to shade by a target that there is not.
func (o *lensOutputs) needsTarget(c *cli.Context, l lens.Options) error {
	if by := o.grid.By; (by == report.ByTargetProb || by == report.ByTargetRank) && !l.Next && len(l.Words) == 0 {
		return usage(c, "--by %s needs a target: give --target WORD or --target next", by)
	}
	return nil
}

// made returns a lens for all places.
func (o *lensOutputs) made(r *lens.Result) *made {
	return &made{lens: r,
		bundle:  func() (*data.Bundle, error) { return data.Lens(r) },
		drawing: func() (figure.Drawing, error) { return report.LensView(o.view, r, o.grid) }}
}

// writeAll reads n results and writes each as it comes. Where it is interrupted, or
// one fails, the files hold what was finished before; where a file cannot be
// written, none is left.
func (o *lensOutputs) writeAll(n int, open func(each func([]byte) error) (*checkpoint.Journal, error), read func(i int) (*lens.Result, error)) error {
	defer o.notes.end()
	defer o.drop()
	if err := o.begin(); err != nil {
		return err
	}
	var last *lens.Result
	var stop error
	done, err := o.goOn(open, &last)
	if err != nil {
		return err
	}
	defer func() { o.journal.Close() }()
	for i := done; i < n; i++ {
		if o.many && !o.screen {
			o.notes.progress(i, n)
		}
		r, err := read(i)
		if err != nil {
			stop = o.stopped(err, i, n)
			break
		}
		if err := o.one(i, r); err != nil {
			return err
		}
		if err := o.keep(r); err != nil {
			return err
		}
		last = r
	}
	if last == nil {
		return stop
	}
	if err := o.finish(); err != nil {
		return err
	}
	if err := endCheckpoint(o.journal, stop == nil && !o.broken); err != nil {
		return err
	}
	if !o.many && o.screen {
		return o.draw(0, last) // behind the files: nothing is drawn where one fails
	}
	return stop
}

// goOn opens the checkpoint, and writes the results that it has. It returns how many they
// are, and the last of them.
func (o *lensOutputs) goOn(open func(each func([]byte) error) (*checkpoint.Journal, error), last **lens.Result) (done int, err error) {
	if open == nil {
		return 0, nil
	}
	o.journal, err = open(func(record []byte) error {
		r := &lens.Result{}
		if err := checkpoint.Decode(record, r); err != nil {
			return err
		}
		*last = r
		done++
		return o.one(done-1, r)
	})
	return done, err
}

// keep adds a result to the checkpoint.
func (o *lensOutputs) keep(r *lens.Result) error {
	if o.journal == nil || !o.many {
		return nil
	}
	record, err := checkpoint.Encode(*r)
	if err != nil {
		return err
	}
	return o.journal.Append(record)
}

// one writes a result to every place, but for a grid that comes at the end.
func (o *lensOutputs) one(i int, r *lens.Result) error {
	if err := o.add(o.made(r)); err != nil {
		return err
	}
	if o.many && o.screen {
		return o.draw(i, r)
	}
	return nil
}

// draw draws a result in the terminal.
func (o *lensOutputs) draw(i int, r *lens.Result) error {
	if i > 0 {
		fmt.Fprintln(o.stdout)
	}
	return report.WriteLens(o.stdout, o.term, r, o.grid)
}

// stopped says how far a work of several prompts came.
func (o *lensOutputs) stopped(err error, done, n int) error {
	interrupted := errors.Is(err, context.Canceled)
	if interrupted {
		err = errors.New("interrupted")
	}
	if done == 0 {
		return err
	}
	kept := ""
	if len(o.files) > 0 {
		kept = ", which are written"
	}
	if interrupted {
		return fmt.Errorf("interrupted after %d of %d prompts%s", done, n, kept)
	}
	return fmt.Errorf("%w (stopped after %d of %d prompts%s)", err, done, n, kept)
}
