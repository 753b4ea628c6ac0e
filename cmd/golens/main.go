// Command golens is a logit-lens workbench for language models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/model/chat"
)

func main() {
	chat.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program at once
	// A reader that goes away, such as head, is an error of the write and no death by
	// signal: files that are being written are finished or removed.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program but for the process around it, so that tests can call it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &output{w: stdout}
	err := command(ctx, args, stdin, out, stderr)
	if out.err != nil {
		err = out.err // what else went wrong came of it
	}
	var u *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(out.err, syscall.EPIPE):
		return exitFailed // the reader went away and needs no word of it
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "golens: interrupted")
		return exitFailed
	case errors.As(err, &u):
		fmt.Fprintf(stderr, "golens: %v%s\n", err, hint(err))
		fmt.Fprintln(stderr, "See golens"+spaced(u.command)+" --help.")
		return exitUsage
	}
	fmt.Fprintf(stderr, "golens: %v%s\n", err, hint(err))
	var d *differsError
	if errors.As(err, &d) {
		return exitDiffers
	}
	return exitFailed
}

// spaced puts a space in front of a text that is not empty.
func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	a := app(stdin, stdout, stderr)
	l, err := readCommandLine(a, args[1:])
	if err != nil {
		return err
	}
	if l.help {
		return writeHelp(stdout, a, l)
	}
	return a.RunContext(ctx, l.library(args[0]))
}

func app(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	a := &cli.App{
		Name:      "golens",
		Usage:     "see what a language model would predict at every layer",
		UsageText: "golens [shared flags] COMMAND [flags] [arguments]",
		Description: "Flags can stand before and after arguments. Text that begins with - goes after\n" +
			"--, and - alone is standard input or output. Results go to standard output,\n" +
			"everything else to standard error.\n\n" +
			"Exit status: 0 success; 1 failure (a file is missing or broken, the disk is\n" +
			"full, Ctrl-C); 2 usage error; 3 a check failed (of doctor, or of two results\n" +
			"that are compared).",
		Reader: stdin, Writer: stdout, ErrWriter: stderr,
		HideHelp: true, HideVersion: true, // both are read before the library's own parser
		DisableSliceFlagSeparator: true, // a target may hold a comma
		Commands:                  []*cli.Command{lensCommand(), generateCommand(), hiddenCommand(), sweepCommand(), studyCommand(), tokensCommand(), modelCommand(), doctorCommand(), benchCommand(), setupCommand(), versionCommand()},
		ExitErrHandler:            func(*cli.Context, error) {}, // run tells the user, once
		OnUsageError:              onUsageError,
	}
	for _, c := range a.Commands {
		c.HideHelp = true // else the prompt "help" would be taken for a command
		for _, s := range c.Subcommands {
			s.HideHelp = true
		}
	}
	return a
}

// An output is standard output with a memory: the first error of a write stays.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		cause := err
		if at := new(fs.PathError); errors.As(err, &at) {
			cause = at.Err
		}
		o.err = fmt.Errorf("write to standard output: %w", cause)
	}
	return n, err
}
