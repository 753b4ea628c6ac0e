package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/data/npy"
	"github.com/golens/golens/torch"
)

// interventionCategory heads the flags in the help.
const interventionCategory = "Interventions at a POINT: h.3, h.3.mlp@last, h.3.attn:h5@0,3 or h.2..5.mlp\n(golens model info lists more); at one point they act in this order"

// The flags that change what the model does while it is read, for every command that
// reads it: one for each kind of package intervene.
func interventionFlags() []cli.Flag {
	var out []cli.Flag
	for _, k := range intervene.Kinds() {
		out = append(out, &cli.StringSliceFlag{Name: k.Name, Category: interventionCategory, KeepSpace: true, Usage: "`" + k.Form() + "`: " + k.AtPoint() + ", such as " + k.Example})
	}
	return out
}

// interventions builds the hooks of the flags; tensors go under the scope's care.
func interventions(c *cli.Context, m *model.Model, sc *torch.Scope) (*hooks.Registry, error) {
	h := &hooks.Registry{}
	notes := newNotes(c.App.ErrWriter, true)
	defer notes.end()
	b := intervene.NewBinder(m, source{c, m, notes}, sc)
	at := map[string][]intervene.Spec{}
	for _, k := range intervene.Kinds() {
		kind := k.Name
		for _, text := range c.StringSlice(kind) {
			fail := func(err error) error { return fmt.Errorf("--%s %s: %w", kind, text, err) }
			points, s, err := interventionOf(k, text)
			if err != nil {
				return nil, wrong(c, fail(err))
			}
			for _, point := range points {
				name, err := m.Points.Canonical(point)
				if err != nil {
					return nil, usage(c, "--%s: %w", kind, err)
				}
				if err := mayAct(m, name, kind); err != nil {
					return nil, wrong(c, fail(err))
				}
				at[name] = append(at[name], s)
				// How long the prompts are does not show yet: the first and the last position count as two.
				if err := intervene.Conflict(name, at[name], max(m.Sizes.Context, 1024)); err != nil {
					return nil, wrong(c, err)
				}
			}
			bound, err := b.Bind(s, points)
			if choice := new(intervene.ChoiceError); errors.As(err, &choice) {
				return nil, wrong(c, fail(unnamed(err, s)))
			}
			if err != nil {
				return nil, fail(unnamed(err, s))
			}
			for _, point := range points {
				h.Add(point, bound.At(point))
			}
		}
	}
	return h, nil
}

// interventionOf reads the value of a flag.
func interventionOf(k intervene.Kind, text string) (points []string, s intervene.Spec, err error) {
	place, value, given := strings.Cut(text, "=")
	form := k.Form() + ", such as " + k.Example
	if given && (k.Value == "" || value == "") || !given && k.Value != "" && !k.Optional {
		return nil, s, fmt.Errorf("write %s", form)
	}
	where, err := intervene.ParsePoint(place)
	if err != nil {
		return nil, s, err
	}
	if s, err = intervene.ParseSpec(k.Name, value); err != nil {
		return nil, s, fmt.Errorf("%w; write %s", unnamed(err, intervene.Spec{Kind: k.Name, File: value, Factor: 1}), form)
	}
	if s.At, s.From = where.At, where.From; !where.From.Own() && k.Name != "patch" {
		return nil, s, errors.New("positions of another prompt after a colon, and points after from, are for --patch only")
	}
	return where.Points, s, nil
}

// unnamed takes the words of an intervention off an error that the flag names already.
func unnamed(err error, s intervene.Spec) error {
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
		return fmt.Errorf("%s takes no intervention here, because a lens runs it for every layer; use %s, which comes before it", point, m.Layout.Norm)
	}
	if kind != "skip" {
		return nil
	}
	for _, b := range m.Layout.Blocks {
		if point == b.Out {
			return nil
		}
	}
	return fmt.Errorf("only a block can be skipped, such as %s; use --zero to remove the output of one of its parts", m.Layout.Blocks[0].Out)
}

// A source finds what interventions name, for a command.
type source struct {
	c     *cli.Context
	m     *model.Model
	notes *notes // is told of texts that are odd
}

func (s source) Array(path string) ([]float32, []int64, error) { return npy.ReadFile(path) }

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
