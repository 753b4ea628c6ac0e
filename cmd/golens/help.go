package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// The help texts are the manual: what a command does, each flag, and examples
// (Command.UsageText), within the width of a plain terminal.
const helpWidth = 80

// writeHelp writes what is to be known of a command, or of the program.
func writeHelp(w io.Writer, a *cli.App, l *commandLine) error {
	out := bufio.NewWriter(w)
	var flags []cli.Flag
	if len(l.path) == 0 {
		fmt.Fprintf(out, "%s - %s\n\nUsage: %s\n\n%s\n", a.Name, a.Usage, a.UsageText, a.Description)
		flags = sharedFlags()
	} else {
		c := l.path[len(l.path)-1]
		name := a.Name + " " + l.name()
		fmt.Fprintf(out, "%s - %s\n\n%s\n", name, c.Usage, usageLine(name, c))
		if c.Description != "" {
			fmt.Fprintf(out, "\n%s\n", c.Description)
		}
		flags = c.Flags
	}
	if commands := l.commands(a); len(commands) > 0 {
		fmt.Fprintf(out, "\nCommands (golens help COMMAND says more):\n")
		for i, c := range commands {
			entry(out, paths(l, a)[i], c.Usage)
		}
	}
	for _, category := range categories(flags) {
		fmt.Fprintf(out, "\n%s:\n", category)
		for _, f := range flags {
			if categoryOf(f) == category {
				entry(out, flagHead(f), flagText(f))
			}
		}
	}
	if len(l.path) > 0 {
		if examples := l.path[len(l.path)-1].UsageText; examples != "" {
			fmt.Fprintf(out, "\nExamples:\n%s\n", examples)
		}
	}
	return out.Flush()
}

func usageLine(name string, c *cli.Command) string {
	line := "Usage: " + name
	if len(c.Subcommands) > 0 {
		line += " COMMAND"
	}
	if len(c.Flags) > 0 {
		line += " [flags]"
	}
	if c.ArgsUsage != "" {
		line += " " + c.ArgsUsage
	}
	return line
}

// categories returns the flags' categories in the order of their first flag.
func categories(flags []cli.Flag) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range flags {
		if c := categoryOf(f); !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

func categoryOf(f cli.Flag) string {
	if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() != "" {
		return c.GetCategory()
	}
	return "Flags"
}

// flagHead returns "--top K": the word in backquotes stands for the value.
func flagHead(f cli.Flag) string {
	head := "--" + f.Names()[0]
	for _, short := range f.Names()[1:] {
		head = "-" + short + ", " + head
	}
	if _, rest, ok := strings.Cut(f.(cli.DocGenerationFlag).GetUsage(), "`"); ok {
		value, _, _ := strings.Cut(rest, "`")
		head += " " + value
	}
	return head
}

// flagText returns what a flag does, with its default. Where it begins with the
// word for the value, "`K`: ", the head has said so already.
func flagText(f cli.Flag) string {
	d := f.(cli.DocGenerationFlag)
	text := d.GetUsage()
	if value, rest, ok := strings.Cut(text, "`: "); ok && strings.LastIndex(value, "`") == 0 {
		text = rest
	}
	text = strings.ReplaceAll(text, "`", "")
	if s, ok := f.(cli.DocGenerationSliceFlag); ok && s.IsSliceFlag() {
		text += " (repeats)"
	}
	if v := d.GetValue(); d.TakesValue() && v != "" && v != "0" {
		text += " [" + v + "]"
	}
	return text
}

// entry writes a head and, beside it, its text, broken into lines.
func entry(out io.Writer, head, text string) {
	const column = 26
	line := "  " + head
	if utf8.RuneCountInString(line) > column-2 {
		fmt.Fprintln(out, line)
		line = ""
	}
	line += strings.Repeat(" ", column-utf8.RuneCountInString(line))
	used := column
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if i > 0 && used+1+n > helpWidth {
			fmt.Fprintln(out, line)
			line, used = strings.Repeat(" ", column), column
		} else if i > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	fmt.Fprintln(out, line)
}
