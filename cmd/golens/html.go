package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure/colormap"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// pageFlags are the flags of the page, and of the layouts of other projects.
func pageFlags() []cli.Flag {
	const category = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "html", Category: category, Usage: "`FILE`: write an interactive page in one file; with --prompts it holds all prompts"},
		&cli.StringFlag{Name: "json-format", Category: category, Value: formatGolens, Usage: "`LAYOUT`: the layout of --json: golens, or logitlenskit for that project's viewer"},
	}
}

// pageLooks are the flags of a figure that a page follows too.
var pageLooks = []string{"cmap", "title"}

const (
	formatGolens = "golens"
	formatKit    = "logitlenskit"
)

// checkPageFlags refuses what the flags' layouts cannot hold.
func checkPageFlags(c *cli.Context) error {
	if c.IsSet("html") && c.IsSet("cmap") {
		if _, err := colormap.At(c.String("cmap"), 0); err != nil {
			return wrong(c, fmt.Errorf("--cmap: %w", err))
		}
	}
	switch format := c.String("json-format"); {
	case format != formatGolens && format != formatKit:
		return usage(c, "--json-format %s: there are golens and logitlenskit", format)
	case format == formatGolens:
		return nil
	case !c.IsSet("json"):
		return usage(c, "--json-format needs a place to go: add --json FILE")
	case c.IsSet("prompts"):
		return usage(c, "--json-format logitlenskit holds one prompt: give it as the argument, without --prompts")
	case c.IsSet("positions"):
		return usage(c, "--json-format logitlenskit holds every position: leave --positions out")
	case c.IsSet("track") && c.Int("track") != c.Int("top"):
		return usage(c, "--json-format logitlenskit follows all candidates: leave --track out")
	case c.Bool("hidden") && !c.IsSet("npz"), c.Bool("logits") && !c.IsSet("npz"):
		return usage(c, "--json-format logitlenskit has no place for states and logits: add --npz FILE for them")
	}
	return nil
}

// maxFollowed is how many probabilities the page follows at most, 32 MB of them,
// when nobody says how many; a page's readers get it by mail.
const maxFollowed = 8 << 20

// followed returns how many candidates of each cell are followed through the rows
// for a prompt of T tokens, where the flags do not say it: all, where a file needs
// them and that is not too much, for a page the likeliest at least.
func followed(c *cli.Context, m *model.Model, o lens.Options, T int) int {
	switch {
	case c.IsSet("track"):
		return o.Track
	case c.String("json-format") == formatKit:
		return o.Top
	case !c.IsSet("html"):
		return 0
	}
	R, P := m.Sizes.Blocks+1, T
	if o.Rows != nil {
		R = len(o.Rows)
	}
	if o.Positions != nil {
		P = len(o.Positions)
	}
	return affordable(R, P, o.Top)
}

// affordable returns how many of K candidates can be followed: all, or the first.
// In R rows at P positions there are up to R*P*K tokens to follow, through R rows.
func affordable(R, P, K int) int {
	if R*R*P*K > maxFollowed {
		return 1
	}
	return K
}
