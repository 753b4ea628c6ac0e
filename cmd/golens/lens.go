package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report"
	"github.com/golens/golens/torch"
)

func lensCommand() *cli.Command {
	flags := append(sharedFlags(), promptFlags()...)
	flags = append(flags, interventionFlags()...)
	flags = append(flags, outputFlags()...)
	return &cli.Command{
		Name: "lens", Usage: "what every layer would say next, at every position of a prompt", ArgsUsage: "PROMPT",
		Description: "Projects the residual stream after every block on the vocabulary, and shows the likeliest\n" +
			"token of each cell. Row emb is the embedding, L0 the state after block 0, and so on.\n" +
			"PROMPT - reads the prompt from standard input. A file name - is standard output.",
		Flags: append(flags,
			&cli.IntFlag{Name: "top", Value: lens.DefaultTop, Usage: "keep the `K` likeliest tokens of each cell"},
			&cli.StringFlag{Name: "layers", Value: "all", Usage: "`ROWS` to read: 0 is the embedding, i the state after block i-1; 0,6,12 or 8.."},
			&cli.StringFlag{Name: "positions", Value: "all", Usage: "`POSITIONS` to read: 0,3 or -2.. (from the end) or all"},
			&cli.StringFlag{Name: "at", Value: "resid", Usage: "`SITE` in each block: resid, resid_mid, attn or mlp"},
			&cli.StringSliceFlag{Name: "target", Usage: "`WORD` whose probability and rank are followed (repeats); next: the text's own next tokens"},
			&cli.Int64SliceFlag{Name: "target-id", Usage: "a target by its token `ID` (repeats)"},
			&cli.BoolFlag{Name: "logits", Usage: "keep every logit, for --npz and --json"},
			&cli.BoolFlag{Name: "hidden", Usage: "write the states to --json as well (--npz always has them)"},
			&cli.StringFlag{Name: "by", Value: "prob", Usage: "shade by `MEASURE`: prob, entropy, kl, agree, target-prob or target-rank"},
			&cli.BoolFlag{Name: "last-on-top", Usage: "draw the last layer on top"},
		),
		OnUsageError: onUsageError,
		Action:       runLens,
	}
}

func runLens(c *cli.Context) error {
	o, err := lensOptions(c)
	if err != nil {
		return err
	}
	out, err := newOutputs(c)
	if err != nil {
		return err
	}
	by, err := report.ParseMeasure(c.String("by"))
	if err != nil {
		return wrong(c, err)
	}
	out.grid = report.GridOptions{By: by, LastOnTop: c.Bool("last-on-top")}
	prompts, err := readPrompts(c)
	if err != nil {
		return err
	}
	if err := out.check(c, len(prompts)); err != nil {
		return err
	}
	m, err := openModel(c)
	if err != nil {
		return err
	}
	defer m.Close()
	var sc torch.Scope
	defer sc.Close()
	if o.Hooks, err = interventions(c, m, &sc); err != nil {
		return err
	}
	if err := chooseCells(c, m, &o); err != nil {
		return err
	}
	if err := chooseTargets(c, m, &o); err != nil {
		return err
	}
	if by == report.ByTargetProb || by == report.ByTargetRank {
		if !o.Next && len(o.Words) == 0 {
			return usage(c, "--by %s needs a target: give --target WORD or --target next", by)
		}
	}
	return out.write(c.Context, len(prompts), func(ctx context.Context, i int) (*lens.Result, error) {
		r, err := readLens(ctx, c, m, prompts[i], o)
		if err != nil && len(prompts) > 1 {
			err = fmt.Errorf("prompt %s: %w", prompts[i].label(i), err)
		}
		if err == nil && out.wantsDigest() {
			r.Manifest.Weights, err = m.Digest()
		}
		return r, err
	})
}

func readLens(ctx context.Context, c *cli.Context, m *model.Model, p prompt, o lens.Options) (*lens.Result, error) {
	ids, err := p.encode(c, m)
	if err != nil {
		return nil, err
	}
	if o.Positions != nil && c.String("positions") != "all" {
		// An open range ends at this prompt's last token.
		if o.Positions, err = parseNumbers(c.String("positions"), len(ids)-1); err != nil {
			return nil, wrong(c, err)
		}
	}
	r, err := lens.Read(ctx, m, ids, o)
	var long *model.LengthError
	var choice *lens.ChoiceError
	if errors.As(err, &long) || errors.As(err, &choice) || errors.Is(err, model.ErrEmpty) {
		return nil, wrong(c, err)
	}
	if err != nil {
		return nil, err
	}
	r.Name, r.Prompt = p.Name, p.Text
	for _, w := range r.Warnings {
		fmt.Fprintln(c.App.ErrWriter, "golens: warning:", w)
	}
	return r, nil
}

// lensOptions reads the flags that need no model.
func lensOptions(c *cli.Context) (o lens.Options, err error) {
	if o.Kind, err = lensKind(c); err != nil {
		return o, err
	}
	if o.Top = c.Int("top"); o.Top < 1 {
		return o, usage(c, "--top %d: at least 1 candidate a cell", o.Top)
	}
	o.At = lens.Site(c.String("at"))
	o.Logits = c.Bool("logits")
	if o.Logits && !c.IsSet("npz") && !c.IsSet("json") {
		return o, usage(c, "--logits needs a place to go: add --npz FILE or --json FILE")
	}
	o.Hidden = c.IsSet("npz") || c.Bool("hidden")
	if _, err := parseNumbers(c.String("positions"), 0); err != nil {
		return o, wrong(c, fmt.Errorf("--positions: %w", err))
	}
	if c.String("positions") != "all" {
		o.Positions = []int{} // chosen for each prompt
	}
	return o, nil
}

// chooseCells reads the flags whose meaning depends on the model's size.
func chooseCells(c *cli.Context, m *model.Model, o *lens.Options) (err error) {
	if o.Rows, err = parseNumbers(c.String("layers"), m.Sizes.Blocks); err != nil {
		return wrong(c, fmt.Errorf("--layers: %w", err))
	}
	return nil
}

// chooseTargets finds the tokens of --target and --target-id.
func chooseTargets(c *cli.Context, m *model.Model, o *lens.Options) error {
	for _, word := range c.StringSlice("target") {
		if word == "next" {
			o.Next = true
			continue
		}
		tok, err := m.Tokenizer()
		if err != nil {
			return err
		}
		text := word
		if !strings.HasPrefix(word, " ") {
			text = " " + word
		}
		ids := tok.Encode(text)
		if word == "" || len(ids) == 0 {
			return usage(c, "--target: the word is empty")
		}
		if len(ids) > 1 {
			first, _ := tok.Piece(ids[0])
			fmt.Fprintf(c.App.ErrWriter, "golens: warning: %q is %d tokens; the target is the first, %q (%d): --target-id names one exactly\n", text, len(ids), first, ids[0])
		}
		o.Words = append(o.Words, lens.Word{Text: text, ID: ids[0]})
	}
	for _, id := range c.Int64Slice("target-id") {
		if id < 0 || id >= int64(m.Sizes.Vocab) {
			return usage(c, "--target-id %d: the vocabulary has the ids 0 to %d", id, m.Sizes.Vocab-1)
		}
		o.Words = append(o.Words, lens.Word{Text: fmt.Sprintf("#%d", id), ID: id})
	}
	if o.Next && len(o.Words) > 0 {
		return usage(c, "--target next goes with no other target")
	}
	return nil
}
