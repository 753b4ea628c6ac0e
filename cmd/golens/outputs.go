package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/report/page"
	"github.com/golens/golens/report/terminal"
)

// formatFlags returns a flag for each format in which a command's results can be written.
// more says, by the format's name, what is special about them there. A command whose
// results have no table has none for the formats of tables.
func formatFlags(tables bool, more map[string]string) []cli.Flag {
	var out []cli.Flag
	for _, f := range data.Formats {
		if tables || !f.Table {
			out = append(out, &cli.StringFlag{Name: f.Name, Category: "Output", Usage: "`FILE`: " + f.Usage + more[f.Name]})
		}
	}
	return out
}

// outputs are the places where results go.
type outputs struct {
	files  []*file
	many   bool // results come from --prompts
	screen bool // draw in the terminal
	term   terminal.Terminal
	stdout io.Writer
	notes  *notes
}

// newOutputs reads the flags, and refuses what could not be written before any work begins.
func newOutputs(c *cli.Context) (*outputs, error) {
	o := &outputs{many: c.IsSet("prompts"), stdout: c.App.Writer, notes: newNotes(c.App.ErrWriter, c.Bool("quiet"))}
	var err error
	if o.term, err = terminalOf(c); err != nil {
		return nil, err
	}
	if err := o.addFiles(c); err != nil {
		return nil, err
	}
	dashes := 0
	for _, f := range o.files {
		switch f.path {
		case "":
			return nil, usage(c, "--%s: the file name is empty", f.flag)
		case "-":
			dashes++
		}
	}
	if dashes > 1 {
		return nil, usage(c, "standard output can take one result: give a file name to all but one")
	}
	if err := checkResume(c, o.files); err != nil {
		return nil, err
	}
	// A thousand grids that roll by help nobody who asked for a file.
	o.screen = dashes == 0 && !c.Bool("quiet") && !(o.many && len(o.files) > 0)
	return o, checkFiles(c, o.files)
}

func (o *outputs) addFiles(c *cli.Context) error {
	for _, f := range data.Formats {
		if !c.IsSet(f.Name) {
			continue
		}
		options := data.Options{Several: o.many}
		for _, large := range []string{"hidden", "logits"} {
			if c.Bool(large) {
				options.Large = append(options.Large, large)
			}
		}
		open := func(w io.Writer, at *file) writer {
			options.Create = at.create
			return dataWriter{f.New(w, options)}
		}
		if f.Name == "json" && c.String("json-format") == formatKit {
			open = func(w io.Writer, _ *file) writer { return kitWriter(w, o.notes) }
		}
		o.files = append(o.files, &file{flag: f.Name, path: c.String(f.Name), manifest: f.Manifest, open: open})
	}
	if c.IsSet("html") {
		options := page.Options{Title: c.String("title"), ColourMap: c.String("cmap"), By: report.Measure(c.String("by")), LastOnTop: c.Bool("last-on-top")}
		o.files = append(o.files, &file{flag: "html", path: c.String("html"), manifest: true, open: func(w io.Writer, _ *file) writer { return &pageWriter{w: w, options: options} }})
	}
	figures, err := plots(c)
	for _, p := range figures {
		o.files = append(o.files, &file{flag: "plot", path: p.path, open: func(w io.Writer, _ *file) writer { return plotWriter(w, p) }})
	}
	return err
}

// checkQuiet refuses --quiet where no file is written.
func (o *outputs) checkQuiet(c *cli.Context) error {
	if c.Bool("quiet") && len(o.files) == 0 {
		return usage(c, "--quiet leaves nothing to do: give --json or another file of results as well")
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

// takesOutput reports whether a file goes to standard output.
func (o *outputs) takesOutput() bool {
	return slices.ContainsFunc(o.files, func(f *file) bool { return f.path == "-" })
}

// weights returns the digest of the weights for the manifest, "" where no file has one.
func (o *outputs) weights(m *model.Model) (string, error) {
	if !slices.ContainsFunc(o.files, func(f *file) bool { return f.manifest }) {
		return "", nil
	}
	return m.KnownDigest()
}

// write writes one result to every file.
func (o *outputs) write(m *made) error {
	defer o.drop()
	if err := o.begin(); err != nil {
		return err
	}
	if err := o.add(m); err != nil {
		return err
	}
	return o.finish()
}

// begin opens the files, for results that add brings one by one.
func (o *outputs) begin() error {
	for _, f := range o.files {
		if err := f.begin(o.stdout); err != nil {
			return err
		}
	}
	return nil
}

// drop leaves no file that finish has not completed.
func (o *outputs) drop() {
	for _, f := range o.files {
		f.drop()
	}
}

func (o *outputs) add(m *made) error {
	for _, f := range o.files {
		if err := f.writer.Write(m); err != nil {
			return fileCause(err)
		}
	}
	return nil
}

// finish completes the files. All are on the disk before the first takes its place.
func (o *outputs) finish() error {
	for _, f := range o.files {
		if err := f.writer.Close(); err != nil {
			return fileCause(err)
		}
		for _, on := range f.on {
			if err := on.Flush(); err != nil {
				return err
			}
		}
	}
	for _, f := range o.files {
		for _, on := range f.on {
			if err := on.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
