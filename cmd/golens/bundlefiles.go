package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/report"
)

// bundleFiles returns the files that --json, --npz and --plot name, for a command
// with one result, and refuses what could not be written before any work begins.
func bundleFiles(c *cli.Context) ([]*file, error) {
	var files []*file
	for _, flag := range []string{"json", "npz", "plot"} {
		if c.IsSet(flag) {
			files = append(files, &file{flag: flag, path: c.String(flag)})
		}
	}
	dashes := 0
	for _, f := range files {
		switch {
		case f.path == "":
			return nil, usage(c, "--%s: the file name is empty", f.flag)
		case f.path == "-" && f.flag == "plot":
			return nil, usage(c, "--plot -: a file name is needed, which says the format: .png, .svg or .pdf")
		case f.path == "-":
			dashes++
		case f.flag == "plot":
			if _, err := report.FigureFormat(f.path); err != nil {
				return nil, wrong(c, fmt.Errorf("--plot: %w", err))
			}
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

// writeBundleFiles writes each file by its flag's writer.
func writeBundleFiles(c *cli.Context, files []*file, writers map[string]func(io.Writer) error) error {
	for _, f := range files {
		write := writers[f.flag]
		var err error
		if f.path == "-" {
			err = write(c.App.Writer)
		} else {
			err = fileCause(report.WriteFile(c.Context, f.path, write))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
