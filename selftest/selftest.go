// Package selftest checks a model on this machine: the lens against the model's own output, the
// whole against its parts, hooks, repetition, and the tokenizer.
package selftest

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// A Status is the outcome of a check.
type Status string

const (
	OK   Status = "ok"
	Warn Status = "warn" // it works, and something is to be known
	Fail Status = "fail" // it does not work, or numbers differ that must not
)

// A Check is one line of a report.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Text   string `json:"text"`             // what was found
	Remedy string `json:"remedy,omitempty"` // what to do about it
}

// tried is the number of tokens in a run.
const tried = 14

// A check is one thing to try.
type check struct {
	name   string
	f      func() (string, error)
	remedy string
}

// Run checks a model. A failed check does not stop the others; a cancelled ctx ends them all.
func Run(ctx context.Context, m *model.Model) []Check {
	t := newTest(ctx, m)
	return t.run([]check{
		{"last row", t.lastRow, wrongNumbers},
		{"two runs", t.twice, wrongNumbers},
		{"parts", t.parts, wrongNumbers},
		{"hooks", t.hooks, wrongHooks},
		{"tokenizer", t.tokenizer, "check the tokenizer's files: tokenizer.json, or vocab.json and merges.txt"},
	})
}

// Deep checks the effect of interventions on a model, by runs that must agree with one another. It
// makes some five runs for each block.
func Deep(ctx context.Context, m *model.Model) []Check {
	t := newTest(ctx, m)
	return t.run([]check{
		{"scale by 1", t.scaledByOne, wrongHooks},
		{"patch itself", t.patchedItself, wrongHooks},
		{"patch other", t.patchedWhole, wrongHooks},
		{"skip", t.skipped, wrongHooks},
		{"sweep", t.sweep, wrongNumbers},
		{"last block", t.lastScaled, wrongNumbers},
	})
}

func newTest(ctx context.Context, m *model.Model) *test {
	n := tried
	if c := m.Sizes.Context; c > 0 {
		n = min(n, c)
	}
	t := &test{ctx: ctx, m: m, ids: make([]int64, n), other: make([]int64, n)}
	for i := range t.ids {
		t.ids[i] = int64((i*7919 + 11) % m.Sizes.Vocab)
		t.other[i] = int64((i*104729 + 5) % m.Sizes.Vocab)
	}
	return t
}

func (t *test) run(checks []check) []Check {
	var out []Check
	for _, c := range checks {
		if t.ctx.Err() != nil {
			return append(out, Check{c.name, Warn, "not done: interrupted", "run it again"})
		}
		text, err := c.f()
		switch known := err.(type) {
		case nil:
			out = append(out, Check{Name: c.name, Status: OK, Text: text})
		case *unknown:
			out = append(out, Check{c.name, Warn, known.text, known.remedy})
		default:
			out = append(out, Check{c.name, Fail, err.Error(), c.remedy})
		}
	}
	return out
}

const wrongNumbers = "do not trust numbers of this model here: try a single thread, another libtorch, and report it with what golens doctor writes as JSON"

const wrongHooks = "report it, with what golens model info says of the model"

// unknown is the error of a check that could not be made.
type unknown struct{ text, remedy string }

func (u *unknown) Error() string { return u.text }

type test struct {
	ctx        context.Context
	m          *model.Model
	ids, other []int64
}

// lastRow compares the lens's last row with the model's own logits.
func (t *test) lastRow() (string, error) {
	own, err := t.forward(t.ids, nil)
	if err != nil {
		return "", err
	}
	for i, v := range own {
		if v != v || math.IsInf(float64(v), 0) {
			return "", fmt.Errorf("logit %d of the model is %v: the weights hold no numbers, or overflow", i, v)
		}
	}
	r, err := lens.Read(t.ctx, t.m, t.ids, lens.Options{Logits: true, Rows: []int{t.m.Sizes.Blocks}})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the lens's last row is the model's own logits, all %d", len(own)), same(r.Logits, own)
}

// twice compares two runs of the model.
func (t *test) twice() (string, error) {
	a, err := t.forward(t.ids, nil)
	if err != nil {
		return "", err
	}
	b, err := t.forward(t.ids, nil)
	if err != nil {
		return "", err
	}
	return "two runs give the same bits", same(a, b)
}

// parts compares the whole run with a run assembled from its parts.
func (t *test) parts() (string, error) {
	if t.m.Apart() {
		a, err := t.headOfBlocks()
		if err != nil {
			return "", err
		}
		b, err := t.forward(t.ids, nil)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("run block by block, the %d blocks give the bits of the whole", t.m.Sizes.Blocks), same(a, b)
	}
	return t.resumed()
}

// resumed replaces the state after each block, in a run on another text, by the state of the first
// text. The logits must then be those of the first text. This shows that nothing bypasses the
// named points.
func (t *test) resumed() (string, error) {
	l := t.m.Layout
	points := []string{l.Embed}
	for _, b := range l.Blocks {
		points = append(points, b.Out)
	}
	points = append(points, l.Norm)
	h := &hooks.Registry{}
	for _, p := range points {
		h.Capture(p)
	}
	return fmt.Sprintf("resumed from the state at each of %d points, the model gives the bits of the whole", len(points)), t.m.Hold(t.ctx, func(s model.Session) error {
		run, err := s.Forward(t.ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		want, err := model.Floats(run.Results[0])
		if err != nil {
			return err
		}
		for _, p := range points {
			h := &hooks.Registry{}
			h.Add(p, hooks.Set("the state of another run", run.Captured(p)))
			again, err := s.Forward(t.other, h)
			if err != nil {
				return err
			}
			got, err := model.Floats(again.Results[0])
			again.Close()
			if err != nil {
				return err
			}
			if err := same(got, want); err != nil {
				return fmt.Errorf("resumed from the state at %s, the model gives other logits: %w (is %s the whole of the residual stream?)", p, err, p)
			}
		}
		return nil
	})
}

// hooks checks that a hook meets each part of the model, and that its changes reach the logits.
func (t *test) hooks() (string, error) {
	l := t.m.Layout
	points := []string{l.Embed, l.Norm}
	for _, b := range l.Blocks {
		for _, p := range []string{b.Out, b.Mid, b.Attn, b.MLP} {
			if p != "" {
				points = append(points, p)
			}
		}
	}
	h := &hooks.Registry{}
	for _, p := range points {
		h.Capture(p)
	}
	plain, err := t.forward(t.ids, h) // a point that is not met is an error
	if err != nil {
		return "", err
	}
	for _, b := range l.Blocks {
		h := &hooks.Registry{}
		h.Add(b.Out, hooks.Scale(0.7)) // a half would leave what is behind an RMS norm as it is
		changed, err := t.forward(t.ids, h)
		if err != nil {
			return "", err
		}
		if same(changed, plain) == nil {
			return "", fmt.Errorf("%s scaled by 0.7 changes no logit", b.Out)
		}
	}
	return fmt.Sprintf("hooks are met at %d points, and what they change reaches the logits", len(points)), nil
}

// tokenizer checks that texts, and bytes that are no text, come back from their tokens.
func (t *test) tokenizer() (string, error) {
	tok, err := t.m.Tokenizer()
	if err != nil {
		return "", &unknown{"there is none, so prompts are given as ids: " + err.Error(), "put tokenizer.json, or vocab.json and merges.txt, into the model's folder, or name the folder of another"}
	}
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	texts := []string{"", "Hello world\n\n  two  spaces\ttabs\r\n", "naïve Straße 東京 🙂👩‍👩‍👧", "<|endoftext|> is text", string(all), "\xff\xfe\x00 \xe2\x82"}
	for _, text := range texts {
		back, err := tok.Decode(tok.Encode(text))
		if err != nil {
			return "", fmt.Errorf("the tokens of %.40q: %w", text, err)
		}
		if !bytes.Equal(back, []byte(text)) {
			return "", fmt.Errorf("%.40q comes back from its tokens as %.40q", text, back)
		}
	}
	if tok.Size() > t.m.Sizes.Vocab {
		return "", fmt.Errorf("it has %d tokens, and the model's vocabulary %d: it is another model's", tok.Size(), t.m.Sizes.Vocab)
	}
	return fmt.Sprintf("%d texts, one of them every byte, come back from their tokens", len(texts)), nil
}
