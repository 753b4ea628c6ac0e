package main

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

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
			lib, err := torch.Describe()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.App.Writer, "golens %s (%s, %s/%s)\nlibtorch %s, %s, CPU capability %s\n", version.String(),
				runtime.Version(), runtime.GOOS, runtime.GOARCH, lib.Version, strings.TrimSpace(lib.BLAS), lib.Capability)
			return err
		},
	}
}
