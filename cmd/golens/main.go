// Command golens is a logit-lens workbench for language models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/version"
)

// Exit statuses.
const (
	exitFailed = 1 // failed while running
	exitUsage  = 2 // used wrongly
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program but for the process around it, so that tests can call it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := app(stdin, stdout, stderr)
	args, err := arrange(a, args)
	if err == nil {
		err = a.RunContext(ctx, args)
	}
	var u *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "golens: interrupted")
		return exitFailed
	case errors.As(err, &u):
		fmt.Fprintln(stderr, "golens:", err)
		fmt.Fprintf(stderr, "See golens %s--help.\n", u.command)
		return exitUsage
	}
	fmt.Fprintln(stderr, "golens:", err)
	return exitFailed
}

func app(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:      "golens",
		Usage:     "see what a language model would say at every layer",
		UsageText: "golens [shared flags] COMMAND [flags] [arguments]; flags may stand before and after arguments",
		Version:   version.String(),
		Reader:    stdin, Writer: stdout, ErrWriter: stderr,
		HideVersion: true, // `golens version` says more
		Commands:    []*cli.Command{lensCommand(), tokensCommand(), modelCommand(), versionCommand()},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(c, "there is no command %q: there are lens, tokens, model and version", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		ExitErrHandler: func(*cli.Context, error) {}, // run tells the user, once
		OnUsageError:   onUsageError,
	}
}

// A usageError is a mistake in how the program was called.
type usageError struct {
	err     error
	command string // "lens ", for the hint
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usage returns an error for a mistake in the call of the command at hand.
func usage(c *cli.Context, format string, a ...any) error {
	return wrong(c, fmt.Errorf(format, a...))
}

// wrong marks err as a mistake in the call.
func wrong(c *cli.Context, err error) error {
	command := ""
	for _, ctx := range c.Lineage() {
		if ctx.Command != nil && ctx.Command.Name != "" && ctx.Command.Name != c.App.Name {
			command = ctx.Command.Name + " " + command
		}
	}
	return &usageError{err, command}
}

func onUsageError(c *cli.Context, err error, _ bool) error { return wrong(c, err) }
