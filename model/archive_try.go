package model

import (
	"context"
	"fmt"
	"math"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// try runs the archive on a few tokens, and compares its logits with the unembedding of the final
// norm. Without this check, wrong names, or a model that does more after its last block, would
// give a lens of something else.
func (m *Model) try() error {
	ids := []int64{0, 0, 0}
	if c := m.Sizes.Context; c > 0 && c < len(ids) {
		ids = ids[:c]
	}
	for i := range ids {
		ids[i] = int64(i % m.Sizes.Vocab)
	}
	l := m.Layout
	h := &hooks.Registry{}
	h.Capture(l.Embed)
	for _, b := range l.Blocks {
		h.Capture(b.Out)
	}
	return m.Hold(context.Background(), func(s Session) error {
		run, err := s.Trunk(ids, h)
		if err != nil {
			return fmt.Errorf("it does not run on ids [1,%d]: %w", len(ids), err)
		}
		defer run.Close()
		T, C := int64(len(ids)), int64(m.Sizes.Width)
		for _, p := range append([]string{l.Embed, l.Norm}, outs(l)...) {
			t := run.Captured(p)
			if p == l.Norm {
				t = run.Results[0]
			}
			if s := t.Shape(); len(s) != 3 || s[0] != 1 || s[1] != T || s[2] != C {
				return fmt.Errorf("%s returns a tensor of shape %v for %d tokens, not [1,%d,%d]: it is not what its name says", p, s, T, T, C)
			}
		}
		own, err := s.Forward(ids, nil)
		if err != nil {
			return err
		}
		defer own.Close()
		if len(own.Results) == 0 {
			return fmt.Errorf("forward returns no tensor; the logits must come first")
		}
		if s := own.Results[0].Shape(); len(s) != 3 || s[0] != 1 || s[1] != T || s[2] != int64(m.Sizes.Vocab) {
			return fmt.Errorf("the first tensor that forward returns has the shape %v for %d tokens, not that of logits, [1,%d,%d]", s, T, T, m.Sizes.Vocab)
		}
		head, err := s.Head(run.Results[0])
		if err != nil {
			return err
		}
		defer head.Close()
		return m.compareHead(own.Results[0], head)
	})
}

func outs(l Layout) []string {
	var out []string
	for _, b := range l.Blocks {
		out = append(out, b.Out)
	}
	return out
}

// compareHead refuses logits that are not those of the unembedding, and warns if they differ by
// rounding.
func (m *Model) compareHead(own, head *torch.Tensor) error {
	x, err := Floats(own)
	if err != nil {
		return err
	}
	y, err := Floats(head)
	if err != nil {
		return err
	}
	var apart, size float64
	differ := 0
	for i := range x {
		if x[i] != y[i] && !(x[i] != x[i] && y[i] != y[i]) {
			differ++
			apart = max(apart, math.Abs(float64(x[i])-float64(y[i])))
		}
		size = max(size, math.Abs(float64(x[i])))
	}
	l := m.Layout
	switch {
	case differ == 0:
	case apart <= 1e-4*max(size, 1e-30):
		m.Warnings = append(m.Warnings, fmt.Sprintf("%s: %s applied to what %s returns differs from the model's own logits in the last bits (%d of %d, by at most %.2g): the model may do more than that, or in another order",
			m.Name, l.Head, l.Norm, differ, len(x), apart))
	default:
		return fmt.Errorf("%s applied to what %s returns does not give the model's logits (they differ by up to %.3g): these are not its head and final norm, or it does more behind them", l.Head, l.Norm, apart)
	}
	return nil
}
