package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
)

// The flags that say where results go. Without any, a grid is drawn in the terminal.
func outputFlags() []cli.Flag {
	const category = "output"
	return []cli.Flag{
		&cli.StringFlag{Name: "json", Category: category, Usage: "write `FILE` as JSON (- is standard output; JSON lines for several prompts)"},
		&cli.StringFlag{Name: "csv", Category: category, Usage: "write `FILE` as CSV, a line for each cell and candidate"},
		&cli.StringFlag{Name: "npz", Category: category, Usage: "write `FILE` for NumPy"},
		&cli.StringFlag{Name: "plot", Category: category, Usage: "draw the grid into `FILE.png`, .svg or .pdf"},
	}
}

// outputs are the places where results go.
type outputs struct {
	json, csv, npz, plot string
	hidden, logits       bool
	grid                 report.GridOptions
	screen               bool // draw in the terminal
	term                 report.Terminal
	stdout, stderr       io.Writer
}

func newOutputs(c *cli.Context) (*outputs, error) {
	o := &outputs{json: c.String("json"), csv: c.String("csv"), npz: c.String("npz"), plot: c.String("plot"),
		hidden: c.Bool("hidden"), logits: c.Bool("logits"), stdout: c.App.Writer, stderr: c.App.ErrWriter}
	dashes := 0
	for _, name := range []string{"json", "csv", "npz", "plot"} {
		if c.IsSet(name) && c.String(name) == "" {
			return nil, usage(c, "--%s: the file name is empty", name)
		}
		if c.String(name) == "-" {
			dashes++
		}
	}
	if dashes > 1 {
		return nil, usage(c, "standard output can take one result: give a file name to all but one")
	}
	if o.plot == "-" {
		return nil, usage(c, "--plot needs a file name, which says the format: .png, .svg or .pdf")
	}
	o.screen = dashes == 0
	var err error
	o.term, err = terminal(c)
	return o, err
}

// check refuses what could not be written, before the work begins.
func (o *outputs) check(c *cli.Context, prompts int) error {
	if o.plot != "" {
		if prompts > 1 {
			return usage(c, "--plot draws one prompt, and there are %d", prompts)
		}
		if _, err := report.FigureFormat(o.plot); err != nil {
			return wrong(c, err)
		}
	}
	for _, path := range []string{o.json, o.csv, o.npz, o.plot} {
		if path == "" || path == "-" {
			continue
		}
		if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
			return usage(c, "cannot write %s: there is no folder %s", path, filepath.Dir(path))
		}
	}
	return nil
}

// wantsDigest says whether a manifest is written, which names the weights.
func (o *outputs) wantsDigest() bool { return o.json != "" || o.npz != "" }

// write reads n results and writes each as it comes. When it is interrupted, or
// one fails, the files hold what was finished.
func (o *outputs) write(ctx context.Context, n int, read func(context.Context, int) (*lens.Result, error)) error {
	next := func(each func(i int, r *lens.Result) error) error {
		for i := range n {
			o.progress(i, n)
			r, err := read(ctx, i)
			if err != nil {
				return stopped(err, i, n)
			}
			if err := each(i, r); err != nil {
				return err
			}
		}
		o.progress(n, n)
		return nil
	}
	return o.files(func(s *sinks) error {
		return next(func(i int, r *lens.Result) error { return o.one(ctx, s, i, n, r) })
	})
}

// stopped says how far a work of several prompts came.
func stopped(err error, done, n int) error {
	if n == 1 {
		return err
	}
	return &partial{fmt.Errorf("%w (%d of %d prompts are done)", err, done, n), done}
}

// A partial error ends the work, but what was done before is kept.
type partial struct {
	error
	done int
}

func (p *partial) Unwrap() error { return p.error }

// sinks are the files that results go to, open while work is under way.
type sinks struct {
	json io.Writer
	csv  *report.CSV
	npz  *report.NPZ
}

// files opens what was asked for, runs work and closes the files: for good where it
// succeeded or got somewhere, and without a trace where it did not.
func (o *outputs) files(work func(*sinks) error) error {
	var s sinks
	var kept error
	run := func() error {
		err := work(&s)
		var p *partial
		if errors.As(err, &p) && p.done > 0 {
			kept = err
			return nil
		}
		return err
	}
	withFile := func(path string, inner func(io.Writer) error) error {
		if path == "-" {
			return inner(o.stdout)
		}
		// The file must be closed properly after an interruption too, so it has no context.
		return report.WriteFile(context.Background(), path, inner)
	}
	if o.npz != "" {
		next := run
		run = func() error {
			return withFile(o.npz, func(w io.Writer) error {
				s.npz = report.NewNPZ(w)
				if err := next(); err != nil {
					return err
				}
				return s.npz.Close()
			})
		}
	}
	if o.csv != "" {
		next := run
		run = func() error {
			return withFile(o.csv, func(w io.Writer) error {
				s.csv = report.NewCSV(w)
				if err := next(); err != nil {
					return err
				}
				return s.csv.Close()
			})
		}
	}
	if o.json != "" {
		next := run
		run = func() error {
			return withFile(o.json, func(w io.Writer) error {
				s.json = w
				return next()
			})
		}
	}
	if err := run(); err != nil {
		return err
	}
	return kept
}

// one writes a result to every place.
func (o *outputs) one(ctx context.Context, s *sinks, i, n int, r *lens.Result) error {
	if s.json != nil {
		if err := report.JSON(s.json, r, report.JSONOptions{Line: n > 1, Hidden: o.hidden, Logits: o.logits}); err != nil {
			return err
		}
	}
	if s.csv != nil {
		if err := s.csv.Write(r); err != nil {
			return err
		}
	}
	if s.npz != nil {
		prefix := ""
		if n > 1 {
			prefix = strconv.Itoa(i) + "/"
		}
		if err := s.npz.Write(prefix, r); err != nil {
			return err
		}
	}
	if o.plot != "" {
		g, err := report.LensGrid(r, o.grid)
		if err != nil {
			return err
		}
		format, err := report.FigureFormat(o.plot)
		if err != nil {
			return err
		}
		draw := func(w io.Writer) error { return report.WriteFigure(w, format, g, report.FigureOptions{}) }
		if err := report.WriteFile(ctx, o.plot, draw); err != nil {
			return err
		}
	}
	if !o.screen {
		return nil
	}
	if i > 0 {
		fmt.Fprintln(o.stdout)
	}
	if r.Name != "" {
		fmt.Fprintln(o.stdout, report.Visible([]byte(r.Name)))
	}
	return o.term.Lens(o.stdout, r, o.grid)
}

// progress shows how far a long work is, where a person looks on.
func (o *outputs) progress(done, n int) {
	f, ok := o.stderr.(*os.File)
	if n < 2 || o.screen || !ok || !term.IsTerminal(int(f.Fd())) {
		return
	}
	fmt.Fprintf(f, "\r%d of %d prompts", done, n)
	if done == n {
		fmt.Fprint(f, "\r", strings.Repeat(" ", 40), "\r")
	}
}
