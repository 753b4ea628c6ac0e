package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/libtorch"
	"github.com/golens/golens/internal/version"
	"github.com/golens/golens/torch"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name: "version", Usage: "say which golens and which libtorch this is",
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(c, "version takes no arguments")
			}
			// What a lens would load is looked for, and not loaded.
			var said string
			in, _, err := libtorch.FindToRun(c.Context, libtorch.Here(), torch.Sources())
			if err != nil {
				said = err.Error()
			} else {
				said = in.String()
			}
			_, err = fmt.Fprintf(c.App.Writer, "golens %s (%s, %s/%s)\n%s\n", version.String(), runtime.Version(), runtime.GOOS, runtime.GOARCH, said)
			return err
		},
	}
}
