package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name: "bench", Usage: "measure how fast golens is, and how much of the machine it uses", ArgsUsage: "[NEW.json]",
		Description: "Measures golens with a model: forward, hooks (a capture in each block and none,\n" +
			"in turns), lens, sweep (every block scaled), generate (with the lens of each\n" +
			"token) and text (in chunks). Each is measured at several lengths T, in exact\n" +
			"and in fast mode.\n\n" +
			"The works take turns with measurements of the machine itself: a large product,\n" +
			"and a pass over a large array. The columns products and memory are shares of\n" +
			"what the machine reached there. The spread is half the width of the interval\n" +
			"that holds the median.\n\n" +
			"With --compare OLD.json, earlier results are compared with a new measurement at\n" +
			"the same settings, or with NEW.json, and nothing is measured. The exit status\n" +
			"is 3 if a work is slower by more than the noise (the intervals of the two\n" +
			"medians do not meet) and by more than --tolerance.",
		UsageText: `  golens bench
  golens bench --shape 12x768 --threads 1 --work forward,lens --tokens 14,256
  golens bench --model gpt2 --time 10m --json before.json
  golens bench --model gpt2 --compare before.json
  golens bench --compare before.json after.json --tolerance 5
  golens bench --model gpt2 --device cuda`,
		Flags: append(benchFlags(), append(benchSharedFlags(), nameFlags()...)...), OnUsageError: onUsageError, Action: runBench,
	}
}

func runBench(c *cli.Context) error {
	old, after, err := benchFiles(c)
	if err != nil {
		return err
	}
	term, err := terminalOf(c)
	if err != nil {
		return err
	}
	if after != nil {
		return compareBench(c, term, old, after)
	}
	s, err := benchSettings(c, old)
	if err != nil {
		return err
	}
	files, err := benchOutput(c)
	if err != nil {
		return err
	}
	m, err := openBenchModel(c, s)
	if err != nil {
		return err
	}
	defer m.Close()
	if old != nil { // before the long work
		here, err := bench.Here(m)
		if err != nil {
			return err
		}
		if err := comparableBench(c, bench.Compare(old, here)); err != nil {
			return err
		}
	}
	notes := newNotes(c.App.ErrWriter, c.Bool("quiet"))
	r, stop := bench.Run(c.Context, m, s, func(p bench.Progress) {
		notes.say(fmt.Sprintf("run %d of %d: %s", min(p.Done+1, p.Of), p.Of, p.Work))
	})
	notes.clear()
	if choice := new(bench.ChoiceError); errors.As(stop, &choice) {
		return wrong(c, stop)
	}
	if r == nil {
		return stop
	}
	out := &outputs{files: files, stdout: c.App.Writer}
	for _, f := range files {
		f.open = func(w io.Writer, _ *file) writer {
			return writeFunc(func(*made) error { return report.BenchJSON(w, r) })
		}
	}
	if err := out.write(nil); err != nil {
		return err
	}
	if !c.Bool("quiet") && !out.takesOutput() {
		for i, t := range report.BenchTables(r, term.Width) {
			if i > 0 {
				fmt.Fprintln(c.App.Writer)
			}
			if err := term.Table(c.App.Writer, t); err != nil {
				return err
			}
		}
	}
	switch {
	case errors.Is(stop, context.Canceled):
		return fmt.Errorf("interrupted; what was measured before is %s", kept(c, files))
	case stop != nil:
		return stop
	case old != nil:
		if !c.Bool("quiet") {
			fmt.Fprintln(c.App.Writer)
		}
		return compareBench(c, term, old, r)
	}
	return nil
}

// kept says where a result is to be found.
func kept(c *cli.Context, files []*file) string {
	switch shown := !c.Bool("quiet"); {
	case len(files) == 0:
		return "shown"
	case shown && files[0].path != "-":
		return "written, and shown"
	}
	return "written"
}

// openBenchModel opens the model of the shared flags, or one of a shape.
func openBenchModel(c *cli.Context, s bench.Settings) (*model.Model, error) {
	if s.Shape == "" {
		return openModel(c)
	}
	shape, err := bench.ParseShape(s.Shape)
	if err != nil {
		return nil, wrong(c, fmt.Errorf("--shape: %w", err))
	}
	return openModelWith(c, model.DType(c.String("dtype")), func(o model.Options) (*model.Model, error) { return shape.Open(o) })
}

// benchFiles reads the results that --compare and the argument name; nil for none.
func benchFiles(c *cli.Context) (old, after *bench.Result, err error) {
	switch {
	case c.Args().Len() > 1:
		return nil, nil, usage(c, "%d arguments were given: golens bench --compare OLD.json NEW.json", c.Args().Len())
	case c.Args().Len() == 1 && !c.IsSet("compare"):
		return nil, nil, usage(c, "bench reads no text: with --compare OLD.json, an argument is the result that it is compared with")
	case !c.IsSet("compare"):
		for _, flag := range []string{"tolerance", "force"} {
			if c.IsSet(flag) {
				return nil, nil, usage(c, "--%s belongs to --compare", flag)
			}
		}
		return nil, nil, nil
	}
	if t := c.Float64("tolerance"); !(t >= 0 && t <= 1e6) {
		return nil, nil, usage(c, "--tolerance %v: give percent from 0 on", t)
	}
	if old, err = readBench(c.String("compare")); err != nil || c.Args().Len() == 0 {
		return old, nil, err
	}
	for _, f := range slices.Concat(benchFlags(), benchSharedFlags(), nameFlags()) {
		if name := f.Names()[0]; c.IsSet(name) && !slices.Contains([]string{"compare", "tolerance", "force", "quiet", "color", "width", "model"}, name) {
			return nil, nil, usage(c, "--%s does not apply when two files are compared: nothing is measured", name)
		}
	}
	after, err = readBench(c.Args().First())
	return old, after, err
}

// readBench reads a result of golens bench.
func readBench(path string) (*bench.Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--compare: %w", err)
	}
	defer f.Close()
	r, err := bench.Read(f)
	if err != nil {
		return nil, fmt.Errorf("--compare: %s: %w", path, err)
	}
	return r, nil
}
