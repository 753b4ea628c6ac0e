package main

import (
	"io"
	"os"
	"strconv"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/golens/golens/report/terminal"
)

// The flags that say how to draw on standard output.
func screenFlags() []cli.Flag {
	const category = "Terminal"
	return []cli.Flag{
		&cli.StringFlag{Name: "color", Category: category, Value: "auto", Usage: "`WHEN`: use colour: auto (on a terminal, unless $NO_COLOR is set), always or never"},
		&cli.IntFlag{Name: "width", Category: category, Usage: "make the output `N` columns wide; without it as wide as the terminal, or $COLUMNS, or 160"},
	}
}

const (
	pipeWidth  = 160 // where the output is no terminal and nothing says how wide to draw
	leastWidth = 20
)

// terminalOf says how to draw on the program's output: in colour and to the width of
// a terminal, plain and wide where the output goes elsewhere.
func terminalOf(c *cli.Context) (terminal.Terminal, error) {
	width, isTerminal := terminalWidth(c.App.Writer)
	t := terminal.Terminal{Width: width}
	if c.IsSet("width") {
		if t.Width = c.Int("width"); t.Width < leastWidth {
			return t, usage(c, "--width %d: %d columns are the least", t.Width, leastWidth)
		}
	} else if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 && !isTerminal {
		t.Width = n
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

// terminalWidth returns the width of the terminal that w is, and whether it is one.
func terminalWidth(w io.Writer) (int, bool) {
	if o, ok := w.(*output); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return pipeWidth, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 1 {
		return 80, true
	}
	return width, true
}

func colours() terminal.Colour {
	if ct := os.Getenv("COLORTERM"); ct == "truecolor" || ct == "24bit" {
		return terminal.TrueColour
	}
	return terminal.Colour256
}
