package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/similar"
)

// A commandLine is what was typed, sorted out: which command, its flags with their
// values, and the arguments. People write flags behind arguments and shared flags
// before the command; the library would take the former for arguments, silently.
type commandLine struct {
	path  []*cli.Command // the command, such as model, info
	flags []string       // "--top=3", each one that the command has
	rest  []string       // its arguments
	help  bool           // asks for the command's help, not for its work
}

// library returns the arguments in the order that the library understands.
func (l *commandLine) library(program string) []string {
	args := []string{program}
	for _, c := range l.path {
		args = append(args, c.Name)
	}
	return slices.Concat(args, l.flags, []string{"--"}, l.rest)
}

// name is the command as it is typed behind the program's name: "model info".
func (l *commandLine) name() string {
	var words []string
	for _, c := range l.path {
		words = append(words, c.Name)
	}
	return strings.Join(words, " ")
}

// commands are those that may come next.
func (l *commandLine) commands(a *cli.App) []*cli.Command {
	if len(l.path) == 0 {
		return a.Commands
	}
	return l.path[len(l.path)-1].Subcommands
}

// readCommandLine sorts the arguments behind the program's name. Its errors are
// usageErrors.
func readCommandLine(a *cli.App, args []string) (*commandLine, error) {
	l := &commandLine{}
	fail := func(err error) (*commandLine, error) { return nil, &usageError{err, l.name()} }
	var early []string // flags that stood before the command
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			l.rest = append(l.rest, args[i+1:]...)
			i = len(args)
		case isFlag(arg):
			name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if slices.Contains([]string{"h", "help"}, name) {
				l.help = true
				break
			}
			if name == "version" && len(l.path) == 0 {
				l.path = []*cli.Command{named(a.Commands, "version")}
				break
			}
			f, err := l.find(a, arg, name)
			if err != nil {
				return fail(err)
			}
			if len(l.path) == 0 {
				early = append(early, name)
			}
			switch {
			case !f.TakesValue() && !joined:
				value = "true"
			case !joined && i+1 == len(args):
				return fail(fmt.Errorf("the flag --%s needs a value", name))
			case !joined:
				i++
				value = args[i]
			}
			if err := fits(f, value); err != nil {
				return fail(fmt.Errorf("--%s %s: %w", name, value, err))
			}
			l.flags = append(l.flags, "--"+name+"="+value)
		case arg == "help" && len(l.commands(a)) > 0:
			l.help = true // "golens help lens" is "golens lens --help"
		case len(l.commands(a)) > 0:
			c := named(l.commands(a), arg)
			if c == nil {
				return fail(noCommand(l, a, arg))
			}
			l.path = append(l.path, c)
		default:
			l.rest = append(l.rest, arg)
		}
	}
	switch {
	case l.help:
	case len(l.commands(a)) > 0 && len(l.path) > 0:
		return fail(fmt.Errorf("golens %s needs a subcommand: golens %s", l.name(), strings.Join(paths(l, a), ", ")))
	case len(l.path) == 0 && len(l.flags)+len(l.rest) > 0:
		return fail(fmt.Errorf("no command was given; the commands are %s", strings.Join(paths(l, a), ", ")))
	case len(l.path) == 0:
		l.help = true
	default:
		for _, name := range early {
			if find(l.path[len(l.path)-1].Flags, name) == nil {
				return fail(fmt.Errorf("%s has no flag --%s", l.name(), name))
			}
		}
	}
	return l, nil
}

// isFlag tells a flag from the arguments - (standard input) and -1.
func isFlag(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && (arg[1] < '0' || arg[1] > '9')
}

// find returns the flag of a name. Before the command only shared flags are
// known: another may mean one thing to one command and one thing to the next.
func (l *commandLine) find(a *cli.App, arg, name string) (cli.DocGenerationFlag, error) {
	known := sharedFlags()
	if len(l.path) > 0 {
		known = l.path[len(l.path)-1].Flags
	}
	if f := find(known, name); f != nil {
		return f, nil
	}
	if len(l.path) == 0 {
		for _, c := range a.Commands {
			if find(c.Flags, name) != nil {
				return nil, fmt.Errorf("--%s goes after the command: golens %s --%s", name, c.Name, name)
			}
		}
	}
	var names []string
	for _, f := range known {
		names = append(names, f.Names()...)
	}
	switch near := nearest(name, names); {
	case near != "":
		return nil, fmt.Errorf("there is no flag %s; did you mean --%s?", arg, near)
	case strings.Contains(arg, " "):
		return nil, fmt.Errorf("there is no flag %q; text that begins with - goes after --", arg)
	}
	return nil, fmt.Errorf("there is no flag %s", arg)
}

func find(flags []cli.Flag, name string) cli.DocGenerationFlag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f.(cli.DocGenerationFlag)
		}
	}
	return nil
}

// fits checks a value before the library does, whose errors speak of its own parser.
func fits(f cli.Flag, value string) error {
	var err error
	switch f.(type) {
	case *cli.IntFlag:
		if _, err = strconv.ParseInt(value, 0, 32); err != nil {
			return errors.New("a whole number is needed")
		}
	case *cli.Uint64Flag:
		if _, err = strconv.ParseUint(value, 0, 64); err != nil {
			return errors.New("a whole number from 0 on is needed")
		}
	case *cli.Float64Flag:
		if _, err = strconv.ParseFloat(value, 64); err != nil {
			return errors.New("a number is needed")
		}
	case *cli.BoolFlag:
		if _, err = strconv.ParseBool(value); err != nil {
			return errors.New("it takes no value")
		}
	}
	return nil
}

func named(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// paths returns the commands that may come next, each with what stands before it.
func paths(l *commandLine, a *cli.App) []string {
	var out []string
	for _, c := range l.commands(a) {
		out = append(out, strings.TrimPrefix(l.name()+" "+c.Name, " "))
	}
	return out
}

func noCommand(l *commandLine, a *cli.App, arg string) error {
	full := strings.TrimPrefix(l.name()+" "+arg, " ")
	if near := nearest(full, paths(l, a)); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %s?", full, near)
	}
	return fmt.Errorf("there is no command %q; there are %s", full, strings.Join(paths(l, a), ", "))
}

// nearest returns the name that looks most like what was typed, "" where none does.
func nearest(typed string, names []string) string {
	near := similar.Nearest(names, func(s string) float64 { return similar.Score(typed, s) }, similar.Likely, 1)
	return strings.Join(near, "")
}
