package main

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/internal/atomicfile"
)

// bundleFiles returns the files that --json, --npz, --csv and --plot name, for a command
// with one result, and refuses what could not be written before any work begins.
func bundleFiles(c *cli.Context) ([]*file, error) {
	var files []*file
	for _, flag := range []string{"json", "npz", "csv"} {
		if c.IsSet(flag) {
			files = append(files, &file{flag: flag, path: c.String(flag)})
		}
	}
	figures, err := plots(c)
	if err != nil {
		return nil, err
	}
	for _, p := range figures {
		files = append(files, &file{flag: "plot", path: p.path, plot: p})
	}
	dashes := 0
	for _, f := range files {
		switch {
		case f.path == "":
			return nil, usage(c, "--%s: the file name is empty", f.flag)
		case f.path == "-":
			dashes++
		}
	}
	if dashes > 1 {
		return nil, usage(c, "standard output can take one result: give a file name to all but one")
	}
	if c.Bool("quiet") && len(files) == 0 {
		return nil, usage(c, "--quiet leaves nothing to do: give --json, --npz or --plot as well")
	}
	return files, checkFiles(c, files)
}

// writeBundleFiles writes each file by its flag's writer, and draws d in figures.
func writeBundleFiles(c *cli.Context, files []*file, writers map[string]func(io.Writer) error, d figure.Drawing) error {
	for _, f := range files {
		write := writers[f.flag]
		if f.flag == "plot" {
			write = func(w io.Writer) error { return f.plot.draw(w, d) }
		}
		var err error
		if f.path == "-" {
			err = write(c.App.Writer)
		} else {
			err = fileCause(atomicfile.WriteFile(c.Context, f.path, write))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
