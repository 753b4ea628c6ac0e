package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// The flags that change what the model does while it is read, for every command that
// reads it. They have the words of sweep.Spec.
func interventionFlags() []cli.Flag {
	const category = "Interventions (golens model info lists the points)"
	flag := func(name, usage string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Category: category, KeepSpace: true, Usage: usage}
	}
	return []cli.Flag{
		flag("scale", "`POINT=FACTOR`: multiply what the point returns, such as h.3=0.8. POINT@POSITIONS limits this and all the others to tokens: h.3@last, h.3@0,3, h.3@-2.. (both ends); h.3.attn:h5 is one head"),
		flag("zero", "`POINT`: put zeros in its place, such as h.3.mlp"),
		flag("mean", "`POINT[=FILE]`: put the mean over the run's positions in its place, or that over all positions of a file of texts, one a line"),
		flag("add", "`POINT=FILE`: add the array of a .npy file, [C] for every position or [T,C]; FILE*F adds it F times"),
		flag("set", "`POINT=FILE`: put the array in its place"),
		flag("noise", "`POINT=SD`: add normal noise; SD,SEED has another seed than 0"),
		flag("project-out", "`POINT=FILE`: take out what lies along the direction [C] of a .npy file"),
		flag("patch", "`POINT=TEXT`: put there what another prompt has there; POINT@3:5=TEXT puts its position 5 at 3"),
		flag("skip", "`BLOCK`: make a block the identity, such as h.3. At one point these act in the order skip, patch, set, mean, zero, scale, project-out, add, noise"),
	}
}

// interventionForms say how the value of a flag is written, for errors.
var interventionForms = map[string]string{
	"scale": "POINT=FACTOR, such as h.3=0.8", "add": "POINT=FILE, such as h.3=steer.npy", "set": "POINT=FILE, such as h.3=state.npy",
	"noise": "POINT=SD, such as h.3=0.1", "project-out": "POINT=FILE, such as h.3=direction.npy", "patch": "POINT=TEXT, such as h.3=\"other prompt\"",
	"zero": "POINT, such as h.3.mlp", "skip": "BLOCK, such as h.3", "mean": "POINT or POINT=FILE",
}

// interventions builds the hooks of the flags; tensors go under the scope's care.
func interventions(c *cli.Context, m *model.Model, sc *torch.Scope) (*hooks.Registry, error) {
	h := &hooks.Registry{}
	notes := newNotes(c.App.ErrWriter, true)
	defer notes.end()
	b := sweep.NewBinder(m, source{c, m, notes}, sc)
	at := map[string][]sweep.Spec{}
	for _, kind := range sweep.SpecKinds {
		for _, text := range c.StringSlice(kind) {
			fail := func(err error) error { return fmt.Errorf("--%s %s: %w", kind, text, err) }
			point, s, err := interventionOf(kind, text)
			if err != nil {
				return nil, wrong(c, fail(err))
			}
			name, err := m.Points.Canonical(point)
			if err != nil {
				return nil, usage(c, "--%s: %w", kind, err)
			}
			if err := mayAct(m, name, kind); err != nil {
				return nil, wrong(c, fail(err))
			}
			bound, err := b.Bind(s, []string{point})
			if choice := new(sweep.ChoiceError); errors.As(err, &choice) {
				return nil, wrong(c, fail(unnamed(err, s)))
			}
			if err != nil {
				return nil, fail(unnamed(err, s))
			}
			at[name] = append(at[name], s)
			// How long the prompts are does not show yet: the first and the last position count as two.
			if err := sweep.Conflict(name, at[name], max(m.Sizes.Context, 1024)); err != nil {
				return nil, wrong(c, err)
			}
			h.Add(point, bound.At(point))
		}
	}
	return h, nil
}

// interventionOf reads the value of a flag.
func interventionOf(kind, text string) (point string, s sweep.Spec, err error) {
	place, value, given := strings.Cut(text, "=")
	needs := kind != "zero" && kind != "skip"
	switch {
	case given && (!needs || value == ""), !given && needs && kind != "mean":
		return "", s, fmt.Errorf("write %s", interventionForms[kind])
	}
	point, at, from, err := sweep.ParsePoint(place)
	if err != nil {
		return "", s, err
	}
	if s, err = sweep.ParseSpec(kind, value); err != nil {
		return "", s, fmt.Errorf("%w; write %s", unnamed(err, sweep.Spec{Kind: kind, File: value, Factor: 1}), interventionForms[kind])
	}
	if s.At, s.From = at, from; !from.All() && kind != "patch" {
		return "", s, errors.New("another prompt's positions behind a colon have a meaning for --patch only")
	}
	return point, s, nil
}

// unnamed takes the words of an intervention off an error that the flag names already.
func unnamed(err error, s sweep.Spec) error {
	text := err.Error()
	for _, name := range []string{s.String(), strings.TrimSpace(s.Kind + " " + s.File)} {
		if rest, ok := strings.CutPrefix(text, name+": "); ok {
			return errors.New(rest)
		}
	}
	return err
}

// mayAct refuses points at which a kind of intervention has no meaning.
func mayAct(m *model.Model, point, kind string) error {
	if bare, _, _ := strings.Cut(point, ":"); bare == m.Layout.Head {
		return fmt.Errorf("%s takes no intervention here, since a lens runs it for every layer; %s is in front of it", point, m.Layout.Norm)
	}
	if kind != "skip" {
		return nil
	}
	for _, b := range m.Layout.Blocks {
		if point == b.Out {
			return nil
		}
	}
	return fmt.Errorf("only a block can be skipped, such as %s; --zero takes out what a part of it adds", m.Layout.Blocks[0].Out)
}

// A source finds what interventions name, for a command.
type source struct {
	c     *cli.Context
	m     *model.Model
	notes *notes // is told of texts that are odd
}

func (s source) Array(path string) ([]float32, []int64, error) { return readNPY(path) }

// Encode returns the tokens of another prompt, as the command's own is read.
func (s source) Encode(text string) ([]int64, error) {
	return s.encode(prompt{Text: text}, fmt.Sprintf("the other prompt %q", text))
}

func (s source) encode(p prompt, about string) ([]int64, error) {
	ids, err := p.encode(s.c, s.m)
	if w := s.m.DoubleBOS(ids); err == nil && w != "" {
		s.notes.warn(about, w)
	}
	return ids, err
}

// Texts returns the tokens of each line of a file; empty lines are passed over.
func (s source) Texts(path string) ([][]int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out [][]int64
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(b), "\ufeff")) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		ids, err := s.encode(prompt{Text: line, from: fmt.Sprintf("line %d", n)}, fmt.Sprintf("%s, line %d", path, n))
		if err != nil {
			return nil, err
		}
		out = append(out, ids)
	}
	return out, nil
}
