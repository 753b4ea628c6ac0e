package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/intervene"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// The flags that say what a sweep changes and reads. Together they are a sweep.File,
// as --plan is one.
func sweepFlags() []cli.Flag {
	const what, where, read = "What is changed", "Where", "What is read"
	list := func(name, category, usage string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Category: category, KeepSpace: true, Usage: usage}
	}
	return append(kindFlags(what), []cli.Flag{
		&cli.BoolFlag{Name: "ablate", Category: what, Usage: "zero and mean; at attn and mlp, unless --at says otherwise"},
		list("change", what, "`CHANGE`: any of these in words, several at once with +: \"scale 0.5 + noise 0.1,3\""),
		list("always", what, "`\"POINT CHANGE\"`: act in every run, the clean one too, such as \"h.0@last scale 0.5\""),
		list("at", where, "`SITES`: resid (the default), resid_pre, resid_mid, attn, mlp, heads, q, k, v (of each head), attn:h5 (one head of each block), embed, ln_f"),
		&cli.StringFlag{Name: "blocks", Category: where, Usage: "`LIST`: change these blocks, counted from 0, such as 0..11; without it all. With a star, the pattern of an archive's paths, as in the other commands"},
		&cli.StringFlag{Name: "positions", Category: where, Usage: "`LIST`: change these positions, such as last, 0,3 or -2..; without it all"},
		&cli.StringFlag{Name: "window", Category: where, Usage: "`N`: change N blocks at once, centred on each of --blocks"},
		list("from", where, "`ORIGIN`: where --patch takes its states: positions of the other prompt, such as last, another point, such as h.8, or both, h.8@5. Each --from is a change"),
		list("target", read, "`WORD`: read it at the last position; a space goes in front, as within a text, unless it is written in quotation marks: '\".\"'. The word next is the text's own words, at every position"),
		list("target-id", read, "`ID`: a target by its token id"),
		list("metric", read, "`METRIC`: logprob (the default), prob, rank, logit, entropy, kl (from the clean run) or diff:\" a\",\" b\" (of two words' log-probabilities)"),
		&cli.StringFlag{Name: "plan", Category: what, Usage: "`FILE`: read the whole sweep from a YAML file instead of PROMPT and flags"},
	}...)
}

// kindFlags returns a flag for each kind of package intervene: a switch for one without
// a value, and a list for one with. A kind whose value may be left out has both.
func kindFlags(category string) []cli.Flag {
	var out []cli.Flag
	for _, k := range intervene.Kinds() {
		usage := k.Usage
		if k.Many != "" {
			usage += "; " + k.Many + ": each is a change"
		}
		if k.Value == "" || k.Optional {
			out = append(out, &cli.BoolFlag{Name: k.Name, Category: category, Usage: usage})
		}
		if k.Given != "" {
			usage = k.Given
		}
		if k.Value != "" {
			out = append(out, &cli.StringSliceFlag{Name: valueFlag(k), Category: category, KeepSpace: true, Usage: "`" + k.Value + "`: " + usage})
		}
	}
	return out
}

// valueFlag names the flag of a kind with its value: mean-of, where mean is a switch.
func valueFlag(k intervene.Kind) string {
	if k.Optional {
		return k.Name + "-of"
	}
	return k.Name
}

// sweepFile returns what is asked, by flags or by --plan, and the prompt.
func sweepFile(c *cli.Context) (*sweep.File, []prompt, error) {
	if c.IsSet("plan") {
		f, p, err := planFile(c)
		return f, []prompt{p}, err
	}
	f := &sweep.File{Blocks: entryOf(c, "blocks"), Positions: entryOf(c, "positions"), Window: entryOf(c, "window")}
	if strings.Contains(f.Blocks.Text, "*") {
		f.Blocks.Text = "" // it says where an archive has its blocks
	}
	all := func(flag string) (out []sweep.Entry) {
		for _, text := range c.StringSlice(flag) {
			out = append(out, sweep.Entry{Text: text, Where: "--" + flag})
		}
		return out
	}
	f.Targets, f.TargetIDs, f.Metrics, f.At, f.Always, f.From = all("target"), all("target-id"), all("metric"), all("at"), all("always"), all("from")
	change := func(flag, text string) {
		f.Changes = append(f.Changes, sweep.Entry{Text: text, Where: "--" + flag})
	}
	for _, k := range intervene.Kinds() {
		if (k.Value == "" || k.Optional) && c.Bool(k.Name) {
			change(k.Name, k.Name)
		}
	}
	if c.Bool("ablate") {
		if c.Bool("zero") || c.Bool("mean") {
			return nil, nil, usage(c, "--ablate is --zero and --mean already")
		}
		change("ablate", "zero")
		change("ablate", "mean")
		if f.At == nil {
			f.At = []sweep.Entry{{Text: "attn,mlp", Where: "--ablate"}}
		}
	}
	for _, k := range intervene.Kinds() {
		for _, text := range c.StringSlice(valueFlag(k)) {
			change(valueFlag(k), k.Name+" "+quoted(text))
		}
	}
	for _, text := range c.StringSlice("change") {
		change("change", text)
	}
	if len(f.Changes) == 0 {
		return nil, nil, usage(c, "nothing is changed: give --scale 0.8, --zero or another of the flags in golens sweep --help, or --plan FILE")
	}
	prompts, err := readPrompts(c)
	return f, prompts, err
}

// quoted writes a value such that a change takes it for one, whatever is in it.
func quoted(text string) string { return fmt.Sprintf("%q", text) }

func entryOf(c *cli.Context, flag string) sweep.Entry {
	return sweep.Entry{Text: c.String(flag), Where: "--" + flag}
}

// planFile reads --plan, beside which the flags of a plan have no place.
func planFile(c *cli.Context) (*sweep.File, prompt, error) {
	for _, f := range append(sweepFlags(), promptFlags()...) {
		if name := f.Names()[0]; c.IsSet(name) && name != "plan" && name != "prepend-bos" && name != "no-bos" && name != "literal" {
			return nil, prompt{}, usage(c, "--%s belongs into the file of --plan", name)
		}
	}
	if c.Args().Present() {
		return nil, prompt{}, usage(c, "the prompt belongs into the file of --plan")
	}
	path := c.String("plan")
	in, err := os.Open(path)
	if err != nil {
		return nil, prompt{}, fmt.Errorf("--plan: %w", err)
	}
	defer in.Close()
	f, err := sweep.ReadFile(in, path)
	if err != nil {
		return nil, prompt{}, err
	}
	p := prompt{Text: f.Prompt.Text, from: f.Prompt.Where}
	switch {
	case f.Prompt.Text != "" && f.IDs != nil:
		return nil, p, f.IDs[0].Wrong(errors.New("the prompt is given twice: by prompt and by ids"))
	case f.Prompt.Text == "" && f.IDs == nil:
		return nil, p, fmt.Errorf("%s: it has no prompt: write prompt: TEXT, or ids: [464, 835]", path)
	}
	for _, e := range f.IDs {
		ids, err := parseIDs(e.Text)
		if err != nil {
			return nil, p, e.Wrong(err)
		}
		p.IDs, p.from = append(p.IDs, ids...), e.Where
	}
	return f, p, nil
}

// earlierSweep reads the file of --json where --resume is given and it is there.
func earlierSweep(c *cli.Context) (*sweep.Result, error) {
	if !c.Bool("resume") {
		return nil, nil
	}
	path := c.String("json")
	if path == "" || path == "-" {
		return nil, nil
	}
	r, err := readSweep(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was made yet
	}
	if err != nil {
		return nil, fmt.Errorf("--resume: %w", err)
	}
	return r, nil
}

func readSweep(path string) (*sweep.Result, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r, err := data.ReadSweep(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return r, nil
}
