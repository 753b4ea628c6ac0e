package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts a command line into the order that the library understands:
// command, flags, arguments. People write flags after arguments and shared flags
// before the command; the library would take the former for arguments, silently.
// Everything after "--" is an argument.
func arrange(a *cli.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	commands := a.Commands
	path, flags, rest := []string{args[0]}, []string{}, []string{}
	var known []cli.Flag
	// The command's name is found first, since only it says which flags take a value:
	// before it stand shared flags, which every command has.
	for _, c := range a.Commands {
		known = append(known, c.Flags...)
	}
	deepest := false
	for i := 1; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case len(arg) > 1 && arg[0] == '-' && !isNumber(arg):
			flags = append(flags, arg)
			name, _, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			if f := find(known, name); f != nil && takesValue(f) && !joined {
				if i+1 == len(args) {
					return nil, &usageError{fmt.Errorf("the flag %s needs a value", arg), commandPath(path)}
				}
				i++
				// Joined, so that a value such as -1 is not taken for a flag.
				flags[len(flags)-1] = arg + "=" + args[i]
			}
		case len(path) == 1 && arg == "help" && !deepest:
			flags = append(flags, "--help") // "golens help lens" is "golens lens --help"
		case !deepest:
			c := named(commands, arg)
			if c == nil {
				deepest = true
				rest = append(rest, arg)
				break
			}
			path = append(path, arg)
			known, commands = c.Flags, c.Subcommands
			for _, s := range commands {
				known = append(known, s.Flags...)
			}
			deepest = len(commands) == 0
		default:
			rest = append(rest, arg)
		}
	}
	return slices.Concat(path, flags, []string{"--"}, rest), nil
}

func commandPath(path []string) string {
	return strings.TrimPrefix(strings.Join(path[1:], " ")+" ", " ")
}

// isNumber tells the argument -1 from a flag.
func isNumber(arg string) bool { return len(arg) > 1 && arg[1] >= '0' && arg[1] <= '9' }

func find(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

func named(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}
