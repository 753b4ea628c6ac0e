// Command libtorch finds the libtorch that golens runs with, for the set-up scripts, which
// need it before golens is built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/golens/golens/internal/libtorch"
)

const usage = `usage: go run ./scripts/libtorch [flags] find|dir
       go run ./scripts/libtorch check DIR

find   print the libtorch found, and why those before it in the search were passed over
dir    print its folder alone
check  fail, with the reason, if the libtorch in DIR does not serve or is of another version

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
			fmt.Fprint(os.Stderr, none.Places())
			os.Exit(3)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	outside := flag.Bool("outside", false, "leave out the project's .venv and golens's cache")
	python := flag.String("python", "", "do not search: take the torch of this interpreter")
	version := flag.String("version", "", "the version wanted, such as 2.11.0; empty takes any from 2.10 on")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	flag.Parse()

	switch {
	case flag.NArg() == 2 && flag.Arg(0) == "check":
		in, err := libtorch.Inspect(flag.Arg(1))
		if err == nil {
			err = in.CheckHeaders()
		}
		if err != nil {
			return err
		}
		return in.CheckVersion(*version)
	case flag.NArg() != 1 || flag.Arg(0) != "find" && flag.Arg(0) != "dir":
		flag.Usage()
		os.Exit(2)
	}
	env := libtorch.Here()
	env.Outside, env.Version = *outside, *version
	in, err := find(ctx, *python, env)
	if err != nil {
		return err
	}
	if flag.Arg(0) == "dir" {
		fmt.Println(in.Dir)
		return nil
	}
	for _, s := range in.Skipped {
		fmt.Println("passed over", s)
	}
	fmt.Println(in)
	return nil
}

func find(ctx context.Context, python string, env libtorch.Env) (*libtorch.Install, error) {
	if python != "" {
		return libtorch.FromPython(ctx, python, env.Version)
	}
	return libtorch.Find(ctx, env)
}
