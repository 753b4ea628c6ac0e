package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/figure"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/report"
	"github.com/golens/golens/report/data"
)

// The views of a geometry that --plot draws.
var hiddenViews = []string{"activations", "layers", "tokens", "laminar"}

func hiddenCommand() *cli.Command {
	const cells, out, figure = "Cells", "Output", "Figure"
	return &cli.Command{
		Name: "hidden", Usage: "compare the states of the residual stream", ArgsUsage: "PROMPT",
		Description: "Compares the states of PROMPT, which are those of Hugging Face's hidden_states\n" +
			"(the last one is normed). It shows the variance of a token's activations in\n" +
			"each state, and the cosine similarity of all pairs of states and of all pairs\n" +
			"of tokens. The laminar profile is the similarity of all pairs of tokens but the\n" +
			"first, state by state.",
		UsageText: `  golens hidden "A wise man once said: Penguins are cute."
  golens hidden "Are cats good?" --token 2 --plot cats.png
  golens hidden "Are cats good?" --view laminar --plot laminar.svg --npz cats.npz
  golens hidden "Are cats good?" --zero h.3.mlp --json -`,
		Flags: slices.Concat(promptFlags(), []cli.Flag{
			&cli.IntFlag{Name: "token", Category: cells, Value: -1, Usage: "`POSITION`: show the activations and variance of this token; -1 is the last"},
			&cli.StringFlag{Name: "positions", Category: cells, Usage: "`LIST`: compare the layers at these positions; without it four evenly spaced ones and that of --token"},
			&cli.StringFlag{Name: "layers", Category: cells, Usage: "`ROWS`: compare the tokens in these states; 0 is the embedding. Without it, four evenly spaced ones"},
		}, interventionFlags(), formatFlags(false, map[string]string{"npz": ", the states too"}), []cli.Flag{
			&cli.BoolFlag{Name: "hidden", Category: out, Usage: "write the states to --json as well"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Category: out, Usage: "print no table"},
		}, plotFlags("--view"), []cli.Flag{
			&cli.StringFlag{Name: "view", Category: figure, Value: hiddenViews[0], Usage: "`VIEW`: draw " + strings.Join(hiddenViews, ", ")},
			&cli.Uint64Flag{Name: "seed", Category: figure, Usage: "`N`: the seed of the jitter that separates the dots of a figure"},
		}, sharedFlags(), nameFlags()),
		OnUsageError: onUsageError, Action: runHidden,
	}
}

func runHidden(c *cli.Context) error {
	if c.IsSet("prompts") {
		return usage(c, "--prompts: one prompt at a time is compared")
	}
	if c.IsSet("lens") {
		return usage(c, "--lens: golens hidden compares states and projects none")
	}
	if !slices.Contains(hiddenViews, c.String("view")) {
		return usage(c, "--view %s: there are %s", c.String("view"), strings.Join(hiddenViews, ", "))
	}
	if c.IsSet("view") && !c.IsSet("plot") {
		return usage(c, "--view says what --plot draws: add --plot FILE")
	}
	if c.Bool("hidden") && !c.IsSet("json") {
		return usage(c, "--hidden needs a place to go: add --json FILE")
	}
	j, err := newJob(c, needs{})
	if err != nil {
		return err
	}
	defer j.close()
	m := j.m
	ids, err := j.prompts[0].encode(c, m)
	if err != nil {
		return err
	}
	token := c.Int("token")
	if token < -len(ids) || token >= len(ids) {
		return usage(c, "--token %d: the prompt has %d tokens", token, len(ids))
	}
	token = (token + len(ids)) % len(ids)
	o := lens.GeometryOptions{Hooks: j.hooks}
	if c.IsSet("positions") {
		if o.Positions, err = chosen(c.String("positions"), len(ids), "position"); err != nil {
			return wrong(c, fmt.Errorf("--positions: %w", err))
		}
		if o.Positions == nil {
			o.Positions = lens.Spaced(len(ids)-1, len(ids))
		}
	} else if o.Positions = lens.Spaced(len(ids)-1, 4); !slices.Contains(o.Positions, token) {
		o.Positions = append(o.Positions, token)
	}
	o.Positions = slices.Compact(o.Positions) // a short prompt has less than four tokens
	if c.IsSet("layers") {
		if o.Rows, err = chosen(c.String("layers"), m.Sizes.Blocks+1, "row"); err != nil {
			return wrong(c, fmt.Errorf("--layers: %w", err))
		}
		if o.Rows == nil {
			o.Rows = lens.Spaced(m.Sizes.Blocks, m.Sizes.Blocks+1)
		}
	}
	g, err := lens.ReadGeometry(c.Context, m, ids, o)
	if err != nil {
		return readError(c, j.prompts[0], err)
	}
	g.Prompt = j.prompts[0].Text
	for _, w := range g.Warnings {
		j.out.notes.warn("", w)
	}
	if g.Manifest.Weights, err = j.out.weights(m); err != nil {
		return err
	}
	err = j.out.write(&made{
		bundle:  func() (*data.Bundle, error) { return data.Geometry(g), nil },
		drawing: func() (figure.Drawing, error) { return hiddenView(c, g, token), nil }})
	if err != nil || !j.out.screen {
		return err
	}
	return j.out.term.Table(c.App.Writer, report.GeometryTable(g, token))
}

// hiddenView returns what --view asks for.
func hiddenView(c *cli.Context, g *lens.Geometry, token int) *figure.Figure {
	switch c.String("view") {
	case "layers":
		return report.CosineLayers(g, report.CosineTexts{})
	case "tokens":
		return report.CosineTokens(g, report.CosineTexts{})
	case "laminar":
		return report.LaminarDots(g.Laminar, c.Uint64("seed"))
	}
	return report.ActivationDots(g, token, c.Uint64("seed"))
}
