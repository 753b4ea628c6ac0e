// Command libtorch finds the libtorch that golens is built with. The Makefile's
// set-up runs it, since golens itself cannot be built before.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/golens/golens/internal/libtorch"
)

const usage = `usage: go run ./scripts/libtorch [flags] find|env|write|same
       go run ./scripts/libtorch check|path DIR

find   print the libtorch found, and why those before it in the search were passed over
env    print shell commands for: go build -tags libtorch_env
write  write torch/libtorch_local.go, which a plain go build uses
same   fail if torch/libtorch_local.go names another one than is found
check  fail, with the reason, if the libtorch in DIR cannot be linked with or is of another version
path   fail if no libtorch could be used in DIR because of a character of its path

The exit status is 3 if none is found, 1 if one that was named does not serve.

flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "libtorch:", err)
		var none *libtorch.NoneError
		if errors.As(err, &none) {
			os.Exit(3)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root := flag.String("root", ".", "the project's folder, whose .venv ends the search; empty leaves it out")
	outside := flag.Bool("outside", false, "leave out the project's .venv")
	python := flag.String("python", "", "do not search: take the torch of this interpreter")
	version := flag.String("version", "", "the version wanted, such as 2.11.0; empty takes any from 2.6 on")
	file := flag.String("o", "torch/libtorch_local.go", "the file that write writes and same reads")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()

	switch {
	case flag.NArg() == 2 && flag.Arg(0) == "check":
		in, err := libtorch.Inspect(flag.Arg(1))
		if err != nil {
			return err
		}
		return in.CheckVersion(*version)
	case flag.NArg() == 2 && flag.Arg(0) == "path":
		return libtorch.CheckPath(flag.Arg(1))
	case flag.NArg() != 1:
		flag.Usage()
		os.Exit(2)
	}
	in, err := find(ctx, *python, libtorch.Env{Root: *root, Outside: *outside, Version: *version})
	if none := (*libtorch.NoneError)(nil); *outside && errors.As(err, &none) {
		printSkipped(none.Skipped) // set-up goes on to the project's own
		os.Exit(3)
	}
	if err != nil {
		return err
	}
	switch flag.Arg(0) {
	case "find":
		for _, s := range in.Skipped {
			fmt.Println("passed over", s)
		}
		fmt.Println(in)
	case "env":
		fmt.Print(in.Environment())
	case "write":
		if *outside {
			printSkipped(in.Skipped)
		}
		changed, err := in.WriteLocal(*file)
		if err != nil {
			return err
		}
		if changed {
			fmt.Printf("%s now names %v\n", *file, in)
		}
	case "same":
		text, err := os.ReadFile(*file)
		if err != nil {
			return err
		}
		if !bytes.Equal(text, in.LocalFile()) {
			return fmt.Errorf("%s does not name %v", *file, in)
		}
	default:
		flag.Usage()
		os.Exit(2)
	}
	return nil
}

// printSkipped says which libtorch, met by chance, was passed over.
func printSkipped(skipped []libtorch.Skipped) {
	for _, s := range skipped {
		if !s.Empty() {
			fmt.Println("passed over", s)
		}
	}
}

func find(ctx context.Context, python string, env libtorch.Env) (*libtorch.Install, error) {
	if python != "" {
		return libtorch.FromPython(ctx, python, env.Version)
	}
	return libtorch.Find(ctx, env)
}
