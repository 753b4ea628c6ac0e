package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
	"github.com/golens/golens/torch"
)

// The flags that every command which runs a model has.
func sharedFlags() []cli.Flag {
	const category = "shared by commands"
	return []cli.Flag{
		&cli.StringFlag{Name: "model", Category: category, EnvVars: []string{"HF_MODEL_LENS"},
			Usage: "a Hugging Face folder, or a `NAME` in the local Hugging Face cache (without: the model in this program)"},
		&cli.StringFlag{Name: "device", Category: category, Value: "cpu", Usage: "`DEVICE`: cpu, cuda, cuda:N or auto"},
		&cli.IntFlag{Name: "threads", Category: category, Usage: "`N` threads on the CPU (default: as PyTorch); numbers are comparable at one count only"},
		&cli.StringFlag{Name: "attention", Category: category, Value: "sdpa", Usage: "`KIND` of attention: sdpa or eager, as in transformers"},
		&cli.StringFlag{Name: "lens", Category: category, Value: "notebook", Usage: "`KIND` of lens: notebook (hidden_states as they are), raw or normed (final norm in front of the head)"},
		&cli.StringFlag{Name: "mode", Category: category, Value: "exact", Usage: "`MODE`: exact, every bit as PyTorch has it"},
		&cli.StringFlag{Name: "color", Category: category, Value: "auto", Usage: "`WHEN` to colour the terminal: auto, always or never"},
	}
}

// openModel opens the model of the shared flags, which the caller closes.
func openModel(c *cli.Context) (*model.Model, error) {
	if c.String("mode") != "exact" {
		return nil, usage(c, "no mode is called %q: there is exact", c.String("mode"))
	}
	attention := model.Attention(c.String("attention"))
	if attention != model.SDPA && attention != model.Eager {
		return nil, usage(c, "no attention is called %q: it is sdpa or eager", attention)
	}
	if c.IsSet("threads") {
		if n := c.Int("threads"); n < 1 || n > 1024 {
			return nil, usage(c, "--threads %d: give 1 to 1024", n)
		}
		if err := torch.SetThreads(c.Int("threads")); err != nil {
			return nil, err
		}
	}
	device, err := torch.OpenDevice(c.String("device"))
	if err != nil {
		return nil, fmt.Errorf("--device %s: %w", c.String("device"), err)
	}
	m, err := model.Open(c.String("model"), model.Options{Device: device, Attention: attention})
	if err != nil {
		return nil, err
	}
	for _, w := range m.Warnings {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning:", w)
	}
	return m, nil
}

func lensKind(c *cli.Context) (lens.Kind, error) {
	k := lens.Kind(c.String("lens"))
	if !slices.Contains([]lens.Kind{lens.Notebook, lens.Raw, lens.Normed}, k) {
		return "", usage(c, "no lens is called %q: there are notebook, raw and normed", k)
	}
	return k, nil
}

// terminal says how to draw on the program's output: in colour and to the width of
// a terminal, plain and wide where the output goes elsewhere.
func terminal(c *cli.Context) (report.Terminal, error) {
	f, ok := c.App.Writer.(*os.File)
	isTerminal := ok && term.IsTerminal(int(f.Fd()))
	t := report.Terminal{Width: 160}
	if isTerminal {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.Width = w
		}
	}
	switch when := c.String("color"); when {
	case "always":
		t.Colour = colours()
	case "auto":
		if isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
			t.Colour = colours()
		}
	case "never":
	default:
		return t, usage(c, "--color %s: it is auto, always or never", when)
	}
	return t, nil
}

func colours() report.Colour {
	if ct := os.Getenv("COLORTERM"); ct == "truecolor" || ct == "24bit" {
		return report.TrueColour
	}
	return report.Colour256
}
