package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/bench"
	"github.com/golens/golens/lens"
)

func benchFlags() []cli.Flag {
	const what, out = "What is measured", "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "work", Category: what, Value: "all", Usage: "`LIST`: measure these works: forward, hooks, lens, sweep, generate, text"},
		&cli.StringFlag{Name: "tokens", Category: what, Usage: "`LIST`: the lengths T of prompts or chunks; without it 1,14,64,256,1024 as far as the context allows, 14 for generate and 256 for text"},
		&cli.StringFlag{Name: "mode", Category: what, Value: "both", Usage: "`MODE`: measure exact, fast or both"},
		&cli.StringFlag{Name: "kernel", Category: what, Value: "auto", Usage: "`KERNEL`: the kernel of fast mode: f32, x3, aten or auto"},
		&cli.StringFlag{Name: "shape", Category: what, Usage: "`LxC`: instead of a model, measure a GPT-2 of L blocks of width C with random weights in memory, such as 12x768 (GPT-2 small: 500 MB)"},
		&cli.IntFlag{Name: "new", Category: what, Value: 16, Usage: "generate `N` tokens"},
		&cli.IntFlag{Name: "chunks", Category: what, Value: 4, Usage: "read `N` chunks of a text"},
		&cli.IntFlag{Name: "runs", Category: what, Value: 10, Usage: "time each work at most `N` times"},
		&cli.IntFlag{Name: "pairs", Category: what, Value: 100, Usage: "time at most `N` pairs of runs with and without hooks"},
		&cli.StringFlag{Name: "time", Category: what, Value: "2m", Usage: "start no run that would end after `TIME`, such as 90s or 10m; 0 makes all runs"},
		&cli.StringFlag{Name: "json", Category: out, Usage: "`FILE`: write JSON, which --compare reads"},
		&cli.StringFlag{Name: "compare", Category: out, Usage: "`OLD.json`: compare with an earlier result"},
		&cli.Float64Flag{Name: "tolerance", Category: out, Value: 10, Usage: "with --compare, fail if a work is slower by more than `PERCENT` and by more than the noise"},
		&cli.BoolFlag{Name: "force", Category: out, Usage: "compare results of different machines, models or settings, too"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: out, Usage: "print no table and no progress"},
	}
}

// benchSharedFlags are the shared ones but for those that bench has in its own sense,
// or not at all.
func benchSharedFlags() []cli.Flag {
	return slices.DeleteFunc(sharedFlags(), func(f cli.Flag) bool {
		return slices.Contains([]string{"mode", "kernel", "lens"}, f.Names()[0])
	})
}

// benchSettings reads the flags. What they leave open is as in an old result that is to
// be compared with.
func benchSettings(c *cli.Context, old *bench.Result) (bench.Settings, error) {
	var s bench.Settings
	if old != nil {
		s = old.Settings
	}
	set := func(flag string) bool { return old == nil || c.IsSet(flag) }
	if set("work") {
		s.Works = nil
		for _, w := range listOf(c.String("work")) {
			if w != "all" {
				s.Works = append(s.Works, bench.Kind(w))
			}
		}
		if c.String("work") == "" {
			return s, usage(c, "--work: it names no work")
		}
	}
	if set("tokens") {
		s.Tokens = nil
		for _, n := range listOf(c.String("tokens")) {
			T, err := strconv.Atoi(n)
			if err != nil {
				return s, usage(c, "--tokens %s: give lengths such as 14,256", c.String("tokens"))
			}
			s.Tokens = append(s.Tokens, T)
		}
		if c.IsSet("tokens") && s.Tokens == nil {
			return s, usage(c, "--tokens: it names no length")
		}
	}
	if set("mode") {
		switch mode := c.String("mode"); mode {
		case "both":
			s.Modes = []string{bench.Exact, bench.Fast}
		case bench.Exact, bench.Fast:
			s.Modes = []string{mode}
		default:
			return s, usage(c, "--mode %s: it is exact, fast or both", mode)
		}
	}
	if set("kernel") {
		if s.Kernel = lens.Kernel(c.String("kernel")); !slices.Contains([]lens.Kernel{lens.Auto, lens.ATen, lens.F32, lens.X3, lens.TF32X3}, s.Kernel) {
			return s, usage(c, "--kernel %s: there are auto, aten, f32, x3 and tf32x3", s.Kernel)
		}
	}
	for flag, at := range map[string]*int{"runs": &s.Runs, "pairs": &s.Pairs, "new": &s.New, "chunks": &s.Chunks} {
		if set(flag) {
			if *at = c.Int(flag); *at < 1 || *at > 1_000_000 {
				return s, usage(c, "--%s %d: give 1 to 1,000,000", flag, *at)
			}
		}
	}
	if set("time") {
		var err error
		if s.Time, err = time.ParseDuration(c.String("time")); err != nil || s.Time < 0 {
			return s, usage(c, "--time %s: give a time such as 90s or 10m, or 0 for all runs", c.String("time"))
		}
	}
	named := c.IsSet("model") && !fromEnvironment(c)
	if c.IsSet("shape") {
		s.Shape = c.String("shape")
		if _, err := bench.ParseShape(s.Shape); err != nil {
			return s, wrong(c, err)
		}
		if named {
			return s, usage(c, "--shape makes a model of its own: leave --model out")
		}
	} else if named {
		s.Shape = ""
	}
	return s, nil
}

// listOf splits a list at its commas; nothing for the empty text.
func listOf(text string) []string {
	var out []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// benchOutput returns the file of --json.
func benchOutput(c *cli.Context) ([]*file, error) {
	if !c.IsSet("json") {
		if c.Bool("quiet") && !c.IsSet("compare") {
			return nil, usage(c, "--quiet leaves nothing to do: give --json as well")
		}
		return nil, nil
	}
	files := []*file{{flag: "json", path: c.String("json")}}
	switch {
	case files[0].path == "":
		return nil, usage(c, "--json: the file name is empty")
	case files[0].path == "-" && c.IsSet("compare"):
		return nil, usage(c, "standard output takes the comparison: give --json a file name")
	}
	return files, checkFiles(c, files)
}
