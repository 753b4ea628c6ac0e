package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/internal/checkpoint"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

func generateCommand() *cli.Command {
	return &cli.Command{
		Name: "generate", Usage: "let the model write, and show what every layer would write", ArgsUsage: "PROMPT",
		Description: "Continues PROMPT token by token and reads the lens of every step: a column for\n" +
			"each new token, a row for each layer. Each token is the likeliest one, unless a\n" +
			"flag of Sampling is given. Files hold the prompt's positions as well;\n" +
			"--positions chooses among them.\n\n" +
			"The settings of the model's folder apply, as in transformers' generate: those\n" +
			"of generation_config.json, or else of config.json. A flag replaces the folder's\n" +
			"value, and null restores the default. A warning names settings that are not\n" +
			"applied.\n\n" +
			"The text goes to standard output as it is written, followed by the grid. With\n" +
			"--quiet there is no grid. PROMPT - is standard input, FILE - standard output.",
		UsageText: `  golens generate "The old man and the"
  golens generate "Are cats good?" --max-length 14 --min-length 14 --lens normed
  golens generate "Once upon a time" --temperature 0.8 --top-k 40 --seed 7 -q
  golens generate "The way you do anything is" --stop . --stop ! --by entropy
  golens generate "Are cats good?" --repetition-penalty 1.3 --no-repeat-ngram-size 3
  golens generate "Are cats good?" --scale h.3=0.8 --target next --json out.json
  golens generate "Are cats good?" --max-new 30 --plot steps.svg --view words -q
  golens generate --prompts prompts.jsonl --max-new 5 --npz steps.npz`,
		Flags:        slices.Concat(promptFlags(), writingFlags(), cellFlags(), interventionFlags(), []cli.Flag{resumeFlag("the text, or the missing prompts of --prompts")}, outputFlags(), pageFlags(), sharedFlags(), nameFlags()),
		OnUsageError: onUsageError,
		Action:       runGenerate,
	}
}

func runGenerate(c *cli.Context) error {
	o, err := writingOptions(c)
	if err != nil {
		return err
	}
	if o.Lens, err = lensOptions(c); err != nil {
		return err
	}
	out, err := lensLooks(c)
	if err != nil {
		return err
	}
	if out.view == "scatter" {
		return usage(c, "--view scatter draws one cell of a prompt: golens lens does that")
	}
	j, err := newJob(c, needs{silent: true})
	if err != nil {
		return err
	}
	defer j.close()
	out.outputs = j.out
	if err := folderSettings(c, j.m, &o); err != nil {
		return err
	}
	readings, warnings, err := j.readings(&o.Lens, cmp.Or(o.MaxNew, o.MaxLength, o.Config.MaxNew, o.Config.MaxLength, lens.DefaultMaxNew))
	if err != nil {
		return err
	}
	if err := out.needsTarget(c, o.Lens); err != nil {
		return err
	}
	settings := o.Config.Warnings(o.Sampling != nil) // the same for every prompt
	for _, text := range slices.Concat(warnings, settings) {
		out.notes.warn("", text)
	}
	w := &writing{c: c, m: j.m, out: out, readings: readings, options: o, warnings: warnings, said: settings}
	err = out.writeAll(len(readings), keepReadings(c, j.m, out, readings), w.result)
	if err == nil {
		err = w.stop
	}
	return err
}

// A writing is the text that the command writes, or several.
type writing struct {
	c        *cli.Context
	m        *model.Model
	out      *lensOutputs
	readings []reading
	options  lens.GenerateOptions
	warnings []string
	said     []string // what Generate warns of, and the user knows
	stop     error    // why a text that was written in part has no more
}

// result writes behind prompt i. Of one text what was written before an error is a
// result; of several those that came before are enough.
func (w *writing) result(i int) (*lens.Result, error) {
	p := w.readings[i].prompt
	g, err := w.write(i)
	if g == nil || err != nil && w.out.many {
		if choice := new(lens.ChoiceError); errors.As(err, &choice) {
			return nil, wrong(w.c, about(p, err))
		}
		return nil, readError(w.c, p, err)
	}
	w.stop = w.stopped(p, g, err)
	w.out.broken = err != nil
	for _, text := range g.Warnings {
		if !slices.Contains(w.said, text) {
			w.out.notes.warn(p.about(), text)
		}
	}
	if g.Ended.Why == lens.EndContext {
		w.out.notes.warn(p.about(), fmt.Sprintf("the text ends after %s: the model's context of %d tokens is full", newTokens(g), w.m.Sizes.Context))
	}
	r := g.Joined(0)
	r.Name, r.Prompt, r.Warnings = p.Name, p.Text, append(slices.Clone(w.warnings), r.Warnings...)
	r.Manifest.Weights, err = w.out.weights(w.m)
	return r, err
}

// write has the model write behind prompt i, and shows the text as it comes.
func (w *writing) write(i int) (*lens.Generation, error) {
	text := newTextStream(w.out.outputs, w.c.Bool("quiet"))
	defer text.end()
	o := w.options
	o.Lens = w.readings[i].options
	if err := w.keep(&o); err != nil {
		return nil, err
	}
	return lens.Generate(w.c.Context, w.m, w.readings[i].ids, o, func(s *lens.Step) error {
		if s.Index == 0 {
			text.begin(w.m, w.readings[i].ids)
		}
		text.token(s.Token)
		if !w.out.many && (text.w == nil || !text.visible) { // else the text itself shows how far it is
			w.out.notes.say(fmt.Sprintf("token %d", s.Index+1))
		}
		if text.err != nil || w.out.many || s.Index < len(o.Before) {
			return text.err
		}
		record, err := checkpoint.Encode(*s)
		if err != nil {
			return err
		}
		return w.out.journal.Append(record)
	})
}

// keep opens the checkpoint of one text, and takes over the steps that it has.
func (w *writing) keep(o *lens.GenerateOptions) (err error) {
	if w.out.many || checkpointPath(w.out.files) == "" {
		return nil
	}
	key, err := readingKey(w.c, w.m, digestOfReadings(w.readings))
	if err != nil {
		return err
	}
	w.out.journal, err = openCheckpoint(w.c, w.out.files, key, w.out.notes, func(record []byte) error {
		s := &lens.Step{}
		o.Before = append(o.Before, s)
		return checkpoint.Decode(record, s)
	})
	return err
}

func newTokens(g *lens.Generation) string {
	if len(g.Steps) == 1 {
		return "1 new token"
	}
	return fmt.Sprintf("%d new tokens", len(g.Steps))
}

// stopped says how far a generation came that did not come to its end.
func (w *writing) stopped(p prompt, g *lens.Generation, err error) error {
	if err == nil {
		return nil
	}
	kept := ""
	if len(w.out.files) > 0 {
		kept = ", which are written"
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted after %s%s", newTokens(g), kept)
	}
	return fmt.Errorf("%w (stopped after %s%s)", readError(w.c, p, err), newTokens(g), kept)
}
