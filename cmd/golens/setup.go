package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/libtorch"
	"github.com/golens/golens/torch"
)

// fetchedTorch is the version of torch that setup fetches where none is found.
const fetchedTorch = "2.11.0"

func setupCommand() *cli.Command {
	return &cli.Command{
		Name: "setup", Usage: "make a libtorch ready for golens, once",
		Description: "Python's torch package contains libtorch. golens calls it through a small library\n" +
			"of its own, the shim, which is built once for each minor version of torch, with\n" +
			"g++ and torch's own headers, in about a minute.\n\n" +
			"setup takes the libtorch of --libtorch or $LIBTORCH (a folder with include/ and\n" +
			"lib/), of $PYTHON (an interpreter with torch), of the active Python environment,\n" +
			"or of golens's cache, and builds its shim. If there is none, or --torch asks for\n" +
			"another version, it fetches torch into the cache with pip. A lost connection or\n" +
			"Ctrl-C costs nothing: run the same command again.",
		UsageText: `  golens setup
  golens setup --torch 2.15.0
  PYTHON=~/venv/bin/python golens setup`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "torch", Usage: "use the libtorch of this `VERSION` of torch, such as 2.15.0; it is fetched if none of that version is found"},
			&cli.BoolFlag{Name: "asan", Hidden: true, Usage: "build the shim of programs with the address sanitizer"},
			libtorchFlag(),
		},
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage(c, "setup takes no arguments")
			}
			return setup(c)
		},
	}
}

// libtorchFlag is of every command that may load libtorch.
func libtorchFlag() cli.Flag {
	return &cli.StringFlag{Name: "libtorch", Category: "Shared flags",
		Usage: "`FOLDER`: the libtorch to use (it holds lib/), such as the torch folder of a Python environment. Without it that of $LIBTORCH or $PYTHON, of the active Python environment, or of golens's cache"}
}

func setup(c *cli.Context) error {
	env := libtorch.Here()
	env.Named, env.Version = c.String("libtorch"), c.String("torch")
	in, err := libtorch.Find(c.Context, env)
	if none := new(libtorch.NoneError); errors.As(err, &none) {
		fmt.Fprint(c.App.ErrWriter, none.Places())
		in, err = fetchTorch(c.Context, env, cmp.Or(env.Version, fetchedTorch), c.App.ErrWriter)
	}
	if err != nil {
		return err
	}
	for _, s := range in.Skipped {
		if !s.Empty() && env.Version == "" { // else nearly all are of another version
			fmt.Fprintln(c.App.ErrWriter, "golens: passed over", s)
		}
	}
	fmt.Fprintf(c.App.ErrWriter, "%s\n", in)
	notes := newNotes(c.App.ErrWriter, false)
	sources := torch.Sources()
	if c.Bool("asan") {
		sources.Variant = "asan"
	}
	shim, err := sources.BuildShim(c.Context, in, func(done, of int) {
		if done == 0 {
			fmt.Fprintln(c.App.ErrWriter, "building its shim, which takes about a minute")
		}
		notes.say(fmt.Sprintf("step %d of %d", done, of))
	})
	notes.clear()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "libtorch %s is ready: %s\n", in.Version, shim.Path)
	return err
}

// fetchTorch has pip fetch a torch into the cache: its wheel alone, and what its libtorch needs
// to be loaded.
func fetchTorch(ctx context.Context, env libtorch.Env, version string, out io.Writer) (*libtorch.Install, error) {
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	dir := env.FetchFolder(version)
	fmt.Fprintf(out, "fetching torch %s into %s (about 0.6 GB; 1.4 GB on disk)\n", version, dir)
	pip := func(what ...string) error {
		args := append([]string{"-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile", "--upgrade", "--target", dir}, what...)
		cmd := exec.CommandContext(ctx, python, append(args, strings.Fields(os.Getenv("PIP_TORCH_ARGS"))...)...)
		cmd.Stdout, cmd.Stderr = out, out
		cmd.Env = append(os.Environ(), "PIP_USER=0")
		if err := cmd.Run(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			_ = os.Remove(dir) // where nothing came
			return fmt.Errorf("pip could not fetch torch %s with %s: %w; when the cause is gone, run the same command again", version, python, err)
		}
		return nil
	}
	if err := pip("--no-deps", "torch=="+version); err != nil {
		return nil, err
	}
	needs, err := libtorch.Needs(dir + "/torch")
	if err != nil {
		return nil, err
	}
	if len(needs) > 0 {
		if err := pip(append([]string{"--no-deps"}, needs...)...); err != nil {
			return nil, err
		}
	}
	in, err := libtorch.Inspect(dir + "/torch")
	if err == nil {
		in.Source = "golens's cache"
	}
	return in, err
}
