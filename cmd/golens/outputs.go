package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/page"
	"github.com/golens/golens/report/terminal"
)

// The flags that say where results go. Without any, a grid is drawn in the terminal.
func outputFlags() []cli.Flag {
	const category = "Output"
	return append([]cli.Flag{
		&cli.StringFlag{Name: "json", Category: category, Usage: "`FILE`: write JSON; with --prompts, JSON lines"},
		&cli.StringFlag{Name: "csv", Category: category, Usage: "`FILE`: write CSV, a line for each cell and top token"},
		&cli.StringFlag{Name: "npz", Category: category, Usage: "`FILE`: write NumPy's .npz; with --prompts, the arrays are 0/ids, 1/ids and so on"},
		&cli.BoolFlag{Name: "hidden", Category: category, Usage: "write the states to --json as well (--npz always contains them)"},
		&cli.BoolFlag{Name: "logits", Category: category, Usage: "write the logits of the whole vocabulary to --npz and --json"},
		&cli.StringFlag{Name: "by", Category: category, Value: "prob", Usage: "`MEASURE`: shade the cells by prob, entropy, kl, agree, target-prob or target-rank"},
		&cli.StringFlag{Name: "view", Category: category, Value: "grid", Usage: "`VIEW`: what --plot draws: grid, boxes, words, numbers, pieces (every second layer; plain or --by entropy), targets (lines; --by target-rank for ranks) or scatter (the vocabulary in one cell)"},
		&cli.BoolFlag{Name: "last-on-top", Category: category, Usage: "draw the last layer at the top"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: category, Usage: "print no grid and no progress"},
	}, plotFlags("the grid")...)
}

// outputs are the places where results go.
type outputs struct {
	files  []*file
	many   bool // results come from --prompts
	screen bool // draw in the terminal
	grid   report.GridOptions
	view   string // of --plot
	term   terminal.Terminal
	stdout io.Writer
	notes  *notes

	journal *checkpoint.Journal // of the results of --prompts, or of the steps of one text; nil for none
	broken  bool                // the one text did not come to its end
}

// newOutputs reads the flags, and refuses what could not be written before any work begins.
func newOutputs(c *cli.Context) (*outputs, error) {
	o := &outputs{many: c.IsSet("prompts"), stdout: c.App.Writer, notes: newNotes(c.App.ErrWriter, c.Bool("quiet"))}
	by, err := report.ParseMeasure(c.String("by"))
	if err != nil {
		return nil, wrong(c, fmt.Errorf("--by: %w", err))
	}
	o.grid = report.GridOptions{By: by, LastOnTop: c.Bool("last-on-top")}
	o.view = c.String("view")
	if err := report.ParseLensView(o.view); err != nil {
		return nil, wrong(c, fmt.Errorf("--view: %w", err))
	}
	switch {
	case c.IsSet("view") && !c.IsSet("plot"):
		return nil, usage(c, "--view says what --plot draws: add --plot FILE")
	case o.view == "targets" && (len(c.StringSlice("target"))+len(c.StringSlice("target-id")) == 0 || slices.Contains(c.StringSlice("target"), "next")):
		return nil, usage(c, "--view targets draws words: name them with --target WORD")
	}
	if o.term, err = terminalOf(c); err != nil {
		return nil, err
	}
	if err := o.addFiles(c); err != nil {
		return nil, err
	}
	dashes := 0
	for _, f := range o.files {
		if f.path == "-" {
			dashes++
		}
	}
	if dashes > 1 {
		return nil, usage(c, "standard output can take one result: give a file name to all but one")
	}
	// A thousand grids that roll by help nobody who asked for a file.
	if err := checkResume(c, o.files); err != nil {
		return nil, err
	}
	o.screen = dashes == 0 && !c.Bool("quiet") && !(o.many && len(o.files) > 0)
	return o, checkFiles(c, o.files)
}

func (o *outputs) addFiles(c *cli.Context) error {
	add := func(flag string, open func(io.Writer) sink) {
		if c.IsSet(flag) {
			o.files = append(o.files, &file{flag: flag, path: c.String(flag), open: open})
		}
	}
	if err := checkPageFlags(c); err != nil {
		return err
	}
	add("json", func(w io.Writer) sink {
		if c.String("json-format") == formatKit {
			return kitSink{w, o.notes}
		}
		return jsonSink{w, data.JSONOptions{Line: o.many, Hidden: c.Bool("hidden"), Logits: c.Bool("logits")}}
	})
	stats, err := statsOf(c)
	if err != nil {
		return err
	}
	add("csv", func(w io.Writer) sink { return csvSink{data.NewCSV(w, stats...)} })
	add("npz", func(w io.Writer) sink { return npzSink{data.NewNPZ(w), o.many} })
	add("html", func(w io.Writer) sink {
		return &pageSink{w: w, options: page.Options{Title: c.String("title"), ColourMap: c.String("cmap"), By: o.grid.By, LastOnTop: o.grid.LastOnTop}}
	})
	figures, err := plots(c)
	if err != nil {
		return err
	}
	for _, p := range figures {
		o.files = append(o.files, &file{flag: "plot", path: p.path, open: func(w io.Writer) sink { return plotSink{w, p, o.view, o.grid} }})
	}
	for _, f := range o.files {
		if f.path == "" {
			return usage(c, "--%s: the file name is empty", f.flag)
		}
	}
	return nil
}

// checkFiles refuses names that no file can have.
func checkFiles(c *cli.Context, files []*file) error {
	taken := map[string]string{c.String("prompts"): "prompts"}
	for _, f := range files {
		if f.path == "-" {
			continue
		}
		for path, flag := range taken {
			if sameFile(path, f.path) {
				return usage(c, "--%s and --%s name one file, %s", flag, f.flag, f.path)
			}
		}
		taken[f.path] = f.flag
		if dir, err := os.Stat(filepath.Dir(f.path)); err != nil || !dir.IsDir() {
			return fmt.Errorf("--%s %s: there is no folder %s; make it first", f.flag, f.path, filepath.Dir(f.path))
		}
		if s, err := os.Stat(f.path); err == nil && s.IsDir() {
			return fmt.Errorf("--%s %s: it is a folder; name a file in it", f.flag, f.path)
		}
	}
	return nil
}

// sameFile reports whether two names lead to one file. Several results may go to
// one pipe or /dev/null.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return x.Mode().IsRegular() && os.SameFile(x, y)
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return a != "" && errA == nil && errB == nil && absA == absB
}

// wantsDigest says whether a manifest is written, which names the weights.
func (o *outputs) wantsDigest() bool {
	for _, f := range o.files {
		if f.flag == "json" || f.flag == "npz" || f.flag == "html" {
			return true
		}
	}
	return false
}

// write reads n results and writes each as it comes. Where it is interrupted, or
// one fails, the files hold what was finished before; where a file cannot be
// written, none is left.
func (o *outputs) write(n int, open func(each func([]byte) error) (*checkpoint.Journal, error), read func(i int) (*lens.Result, error)) error {
	defer o.notes.end()
	for _, f := range o.files {
		if err := f.begin(o.stdout); err != nil {
			return err
		}
		defer f.drop()
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
func (o *outputs) goOn(open func(each func([]byte) error) (*checkpoint.Journal, error), last **lens.Result) (done int, err error) {
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
func (o *outputs) keep(r *lens.Result) error {
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
func (o *outputs) one(i int, r *lens.Result) error {
	for _, f := range o.files {
		if err := f.sink.Write(i, r); err != nil {
			return fileCause(err)
		}
	}
	if o.many && o.screen {
		return o.draw(i, r)
	}
	return nil
}

// finish completes the files. All are on the disk before the first takes its place.
func (o *outputs) finish() error {
	for _, f := range o.files {
		if err := f.sink.Close(); err != nil {
			return fileCause(err)
		}
		if f.on != nil {
			if err := f.on.Flush(); err != nil {
				return err
			}
		}
	}
	for _, f := range o.files {
		if f.on != nil {
			if err := f.on.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// draw draws a result in the terminal.
func (o *outputs) draw(i int, r *lens.Result) error {
	if i > 0 {
		fmt.Fprintln(o.stdout)
	}
	return report.WriteLens(o.stdout, o.term, r, o.grid)
}

// stopped says how far a work of several prompts came.
func (o *outputs) stopped(err error, done, n int) error {
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
