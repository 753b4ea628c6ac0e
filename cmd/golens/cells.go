package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// The flags that say which cells are read, and what is kept of each.
func cellFlags() []cli.Flag {
	const category = "Cells"
	return []cli.Flag{
		&cli.StringFlag{Name: "layers", Category: category, Value: "all", Usage: "`ROWS`: read these layers, such as 0,6,12 or 2..5 or 8..; 0 is the embedding, i the state after block i-1"},
		&cli.StringFlag{Name: "positions", Category: category, Value: "all", Usage: "`LIST`: read these positions, such as 0,3 or -2..; -1 is the last"},
		&cli.StringFlag{Name: "at", Category: category, Value: "resid", Usage: "`SITE`: read the residual stream after each block (resid) or after its attention (resid_mid), or the output of its attn or mlp"},
		&cli.IntFlag{Name: "top", Category: category, Value: lens.DefaultTop, Usage: "keep the `K` likeliest tokens of each cell"},
		&cli.StringSliceFlag{Name: "stat", Category: category, Usage: statUsage()},
		&cli.IntFlag{Name: "track", Category: category, Usage: "follow each token that is among the `K` likeliest of some layer through all layers"},
		&cli.StringSliceFlag{Name: "target", Category: category, KeepSpace: true, Usage: "`WORD`: follow its probability and rank through the layers, at the last position or at --positions. A space is put before the word; quotation marks prevent that: '\".\"' is the full stop itself. next is the text's own next token at each position"},
		&cli.StringSliceFlag{Name: "target-id", Category: category, Usage: "`ID`: follow the token with this id"},
	}
}

// lensOptions reads the flags that need no model.
func lensOptions(c *cli.Context) (o lens.Options, err error) {
	if o.Projection, err = projection(c); err != nil {
		return o, err
	}
	if o.Fast = c.String("mode") == "fast"; o.Fast {
		o.Kernel = lens.Kernel(c.String("kernel"))
	}
	if o.Top = c.Int("top"); o.Top < 1 {
		return o, usage(c, "--top %d: at least 1 candidate a cell", o.Top)
	}
	if o.Track = c.Int("track"); o.Track < 0 || o.Track > o.Top {
		return o, usage(c, "--track %d: of each cell's %d candidates (--top), 0 to all can be followed", o.Track, o.Top)
	}
	o.At = lens.Site(c.String("at"))
	if sites := []lens.Site{lens.Resid, lens.ResidMid, lens.Attn, lens.MLP}; !slices.Contains(sites, o.At) {
		return o, usage(c, "--at %s: there are resid, resid_mid, attn and mlp", o.At)
	}
	if o.Stats, err = statsOf(c); err != nil {
		return o, err
	}
	o.Logits = c.Bool("logits")
	if o.Logits && !c.IsSet("npz") && !c.IsSet("json") {
		return o, usage(c, "--logits needs a place to go: add --npz FILE or --json FILE")
	}
	if c.Bool("hidden") && !c.IsSet("npz") && !c.IsSet("json") {
		return o, usage(c, "--hidden needs a place to go: add --json FILE")
	}
	o.Hidden = c.IsSet("npz") || c.Bool("hidden")
	return o, nil
}

// statsOf returns the statistics of --stat, and the one that --by names.
func statsOf(c *cli.Context) (all []lens.Stat, err error) {
	for _, name := range c.StringSlice("stat") {
		s, err := lens.StatOf(name)
		if err != nil {
			return nil, wrong(c, fmt.Errorf("--stat: %w", err))
		}
		all = append(all, s)
	}
	by, err := lens.StatOf(c.String("by"))
	if err == nil && !slices.ContainsFunc(all, func(s lens.Stat) bool { return s.Name == by.Name }) {
		all = append(all, by)
	}
	return all, nil
}

// chooseCells reads the flags that depend on the model, and returns what the user
// should know of them.
func chooseCells(c *cli.Context, m *model.Model, o *lens.Options) (warnings []string, err error) {
	if o.Top > m.Sizes.Vocab {
		return nil, usage(c, "--top %d: the vocabulary has %d tokens", o.Top, m.Sizes.Vocab)
	}
	if o.Rows, err = chosen(c.String("layers"), m.Sizes.Blocks+1, "row"); err != nil {
		return nil, wrong(c, fmt.Errorf("--layers: %w", err))
	}
	return chooseTargets(c, m, o)
}

// chooseTargets finds the tokens of --target and --target-id, and returns what the
// user should know of them.
func chooseTargets(c *cli.Context, m *model.Model, o *lens.Options) (warnings []string, err error) {
	for _, word := range c.StringSlice("target") {
		if word == "next" {
			o.Next = true
			continue
		}
		t, err := m.Target(word)
		if err != nil {
			return nil, targetError(c, "target", err)
		}
		if t.Warning != "" {
			warnings = append(warnings, t.Warning)
		}
		o.Words = append(o.Words, lens.Word{Text: word, ID: t.ID()})
	}
	for _, text := range c.StringSlice("target-id") {
		ids, err := parseIDs(text)
		if err == nil && len(ids) == 0 {
			err = errors.New("the id is missing")
		}
		if err != nil {
			return nil, wrong(c, fmt.Errorf("--target-id: %w", err))
		}
		for _, id := range ids {
			o.Words = append(o.Words, lens.Word{Text: fmt.Sprintf("#%d", id), ID: id})
		}
	}
	for _, w := range o.Words {
		if w.ID < 0 || w.ID >= int64(m.Sizes.Vocab) {
			return nil, usage(c, "--target-id %d: the vocabulary has the ids 0 to %d", w.ID, m.Sizes.Vocab-1)
		}
	}
	if o.Next && len(o.Words) > 0 {
		return nil, usage(c, "--target next goes with no other target")
	}
	return warnings, nil
}

// targetError marks an error of a target as a mistake in the call, unless it is one of the
// model's files.
func targetError(c *cli.Context, flag string, err error) error {
	if choice := new(model.ChoiceError); errors.As(err, &choice) {
		return wrong(c, fmt.Errorf("--%s: %w", flag, err))
	}
	return err
}

func jointFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "target-joint", Category: "Cells", KeepSpace: true,
		Usage: "`WORD`: follow the log-probability of a word of several tokens after PROMPT, such as New York, written as for --target. The model runs once more for each"}
}

// jointTargets finds the tokens of --target-joint.
func jointTargets(c *cli.Context, m *model.Model) ([]lens.Sequence, error) {
	var out []lens.Sequence
	for _, word := range c.StringSlice("target-joint") {
		t, err := m.Target(word)
		if err != nil {
			return nil, targetError(c, "target-joint", err)
		}
		out = append(out, lens.Sequence{Text: word, IDs: t.IDs})
	}
	return out, nil
}

// statUsage lists the statistics of --stat.
func statUsage() string {
	var names []string
	for _, s := range lens.Stats() {
		names = append(names, s.Name+" ("+s.Doc+")")
	}
	return "`NAME`: also compute this statistic: " + strings.Join(names, ", or ") + "; in_top_K serves for any K"
}
