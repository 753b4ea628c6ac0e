package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/libtorch"
	"github.com/golens/golens/internal/proc"
)

func envCommand() *cli.Command {
	return &cli.Command{
		Name: "env", Usage: "print what a Go program of your own needs to build with golens",
		Description: "Prints shell commands that set cgo's flags for a libtorch: that of $LIBTORCH (a\n" +
			"folder) or $PYTHON (an interpreter with torch), else the one that this golens\n" +
			"runs with.",
		UsageText: `  eval "$(golens env)" && go build -tags libtorch_env ./...`,
		Flags:     []cli.Flag{}, OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(c, "env takes no arguments")
			}
			in, err := findLibtorch(c.Context)
			if err != nil {
				return err
			}
			for _, s := range in.Skipped {
				if !s.Empty() {
					fmt.Fprintln(c.App.ErrWriter, "golens: passed over", s)
				}
			}
			_, err = fmt.Fprintf(c.App.Writer, "# %s\n%s# go build -tags libtorch_env\n", in, in.Environment())
			return err
		},
	}
}

// findLibtorch returns the libtorch that a build would take: what the environment
// says, else the one that this program has loaded.
func findLibtorch(ctx context.Context) (*libtorch.Install, error) {
	loaded := loadedLibtorch()
	if os.Getenv("LIBTORCH") == "" && os.Getenv("PYTHON") == "" && loaded != "" {
		in, err := libtorch.Inspect(loaded)
		if err == nil {
			in.Source = "the one that this golens runs with"
			return in, nil
		}
	}
	return libtorch.Find(ctx, libtorch.Env{})
}

// loadedLibtorch returns the folder of the libtorch in this process, "" where the
// system does not tell.
func loadedLibtorch() string {
	path := proc.Mapped("libtorch_cpu.so")
	if path == "" {
		return ""
	}
	return filepath.Dir(filepath.Dir(path))
}
