package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// ownFlags are the settings with a flag of another name or kind.
var ownFlags = []string{"max_new_tokens", "max_length", "min_new_tokens", "min_length", "stop_strings"}

// writingFlags say how long the text becomes and how its tokens are chosen.
func writingFlags() []cli.Flag {
	const length, choice, chance = "Length", "Choice of tokens", "Sampling (without any of these flags, each token is the likeliest)"
	out := []cli.Flag{
		&cli.IntFlag{Name: "max-new", Category: length, Usage: fmt.Sprintf("`N`: write at most N tokens; without it and --max-length, as the folder says, or %d", lens.DefaultMaxNew)},
		&cli.IntFlag{Name: "max-length", Category: length, Usage: "`N`: the same, including the prompt's tokens"},
		&cli.IntFlag{Name: "min-new", Category: length, Usage: "`N`: write at least N new tokens"},
		&cli.IntFlag{Name: "min-length", Category: length, Usage: "`N`: the same, including the prompt's tokens"},
		&cli.StringSliceFlag{Name: "stop", Category: length, KeepSpace: true, Usage: "`TEXT`: stop after the token that completes this text, which may begin in the prompt (stop_strings)"},
		&cli.BoolFlag{Name: "no-end", Category: length, Usage: "continue after a token that ends the text"},
	}
	for _, s := range model.Settings {
		category := choice
		if s.Chance || s.Name == "do_sample" {
			category = chance
		}
		switch {
		case slices.Contains(ownFlags, s.Name):
		case s.Switch():
			out = append(out, &cli.BoolFlag{Name: s.Flag(), Category: category, Usage: s.Doc})
		default:
			out = append(out, &cli.StringFlag{Name: s.Flag(), Category: category, Usage: "`" + s.Takes + "`: " + s.Doc})
		}
	}
	return append(out, &cli.Uint64Flag{Name: "seed", Category: chance, Usage: "`N`: the seed of the draws. The same seed gives the same text, but not the text of PyTorch"})
}

// writingOptions reads these flags, but for what the folder has a part in.
func writingOptions(c *cli.Context) (o lens.GenerateOptions, err error) {
	for name, least := range map[string]int{"max-new": 1, "max-length": 1, "min-new": 0, "min-length": 0} {
		if c.IsSet(name) && c.Int(name) < least {
			return o, usage(c, "--%s %d: it is %d or more", name, c.Int(name), least)
		}
	}
	o.MaxNew, o.MaxLength, o.MinNew, o.MinLength = c.Int("max-new"), c.Int("max-length"), c.Int("min-new"), c.Int("min-length")
	o.Stop, o.NoEnd = c.StringSlice("stop"), c.Bool("no-end")
	if slices.Contains(o.Stop, "") {
		return o, usage(c, "--stop: the text is empty")
	}
	if o.NoEnd && (o.MinNew > 0 || o.MinLength > 0) {
		return o, usage(c, "--no-end goes without --min-new and --min-length: nothing ends the text")
	}
	if o.NoEnd && c.IsSet("eos-token-id") {
		return o, usage(c, "--no-end goes without --eos-token-id: nothing ends the text")
	}
	// Whatever the folder says, the flags must have a meaning.
	_, err = settingsOver(c, model.NewGenerationConfig())
	return o, err
}

// settingsOver puts the values of flags in the place of g's, and returns how tokens
// are drawn by them, nil for the likeliest.
func settingsOver(c *cli.Context, g *model.GenerationConfig) (*model.Sampling, error) {
	var chance []string
	if c.IsSet("seed") {
		chance = append(chance, "--seed")
	}
	for _, s := range model.Settings {
		name := s.Flag()
		if slices.Contains(ownFlags, s.Name) || !c.IsSet(name) {
			continue
		}
		text := c.String(name)
		if s.Switch() {
			text = fmt.Sprint(c.Bool(name))
		}
		if err := s.Set(g, text); err != nil {
			return nil, usage(c, "--%s %s: %v", name, text, err)
		}
		if s.Chance {
			chance = append(chance, "--"+name)
		}
	}
	greedy := ""
	switch {
	case c.IsSet("do-sample") && !c.Bool("do-sample"):
		greedy = "--do-sample=false"
	case c.IsSet("temperature") && g.Sampling.Temperature == 0:
		greedy = "--temperature 0"
		chance = slices.DeleteFunc(chance, func(name string) bool { return name == "--temperature" })
	}
	if greedy != "" {
		if len(chance) > 0 || greedy != "--do-sample=false" && c.IsSet("do-sample") {
			return nil, usage(c, "%s is the likeliest token, by no chance: it goes without %s", greedy, strings.Join(append(chance, "--do-sample")[:max(1, len(chance))], ", "))
		}
		g.Sample = false // the folder is not asked
		return nil, nil
	}
	if len(chance) == 0 && !c.IsSet("do-sample") {
		return nil, nil
	}
	s := g.Sampling
	s.Seed = c.Uint64("seed")
	if err := s.Check(); err != nil {
		return nil, wrong(c, err)
	}
	return &s, nil
}

// folderSettings completes o by the settings of the model's folder.
func folderSettings(c *cli.Context, m *model.Model, o *lens.GenerateOptions) error {
	g, err := m.GenerationConfig()
	if err != nil {
		return err
	}
	o.Config = g
	folder := g.Sampling
	if o.Sampling, err = settingsOver(c, g); err != nil {
		// The flags alone have been checked, so that the folder's part is at fault.
		if bad := folder.Check(); bad != nil {
			return fmt.Errorf("%s: %w; a flag replaces it", filepath.Join(m.Dir, g.File), bad)
		}
		return err
	}
	if c.IsSet("eos-token-id") && g.EOS != nil {
		o.End = g.EOS // these must be in the vocabulary
	}
	for flag, ids := range map[string][]int64{"suppress-tokens": g.Suppress, "begin-suppress-tokens": g.BeginSuppress} {
		for _, id := range ids {
			if c.IsSet(flag) && (id < 0 || id >= int64(m.Sizes.Vocab)) { // a folder may name more than the vocabulary has
				return usage(c, "--%s: there is no token %d; the vocabulary has the ids 0 to %d", flag, id, m.Sizes.Vocab-1)
			}
		}
	}
	if (c.IsSet("min-new") || c.IsSet("min-length")) && o.MinNew == 0 && o.MinLength == 0 {
		g.MinNew, g.MinLength = 0, 0
	}
	return nil
}
