package model_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestBlockByBlock runs a model one block at a time, and whole with every state
// captured, and wants the same bits: of each state, of the normed last one and of
// the logits.
func TestBlockByBlock(t *testing.T) {
	for _, preset := range []string{"12x96", "4x64-untied"} {
		dir := reference.Model(t, preset)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			for _, T := range []int{1, 2, 14, 64} {
				t.Run(fmt.Sprintf("%s/%s/T=%d", preset, a, T), func(t *testing.T) {
					m, err := model.Open(dir, model.Options{Attention: a})
					if err != nil {
						t.Fatal(err)
					}
					defer m.Close()
					if err := m.Hold(context.Background(), func(s model.Session) error { return blockByBlock(t, m, s, T) }); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
}

func blockByBlock(t *testing.T, m *model.Model, s model.Session, T int) error {
	ids := reference.IDs(5, T, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Capture(m.Layout.Embed)
	h.Capture(m.Layout.Norm)
	for _, b := range m.Layout.Blocks {
		h.Capture(b.Out)
	}
	whole, err := s.Forward(ids, h)
	if err != nil {
		return err
	}
	defer whole.Close()

	var sc torch.Scope
	defer sc.Close()
	x, err := s.Embed(ids)
	if err != nil {
		return err
	}
	torch.Keep(&sc, x)
	same(t, "embedding", x, whole.Captured(m.Layout.Embed))
	for i, b := range m.Layout.Blocks {
		if x, err = s.Block(i, x); err != nil {
			return err
		}
		torch.Keep(&sc, x)
		same(t, b.Out, x, whole.Captured(b.Out))
	}
	if x, err = s.Norm(x); err != nil {
		return err
	}
	torch.Keep(&sc, x)
	same(t, "norm", x, whole.Captured(m.Layout.Norm))
	if x, err = s.Head(x); err != nil {
		return err
	}
	torch.Keep(&sc, x)
	same(t, "logits", x, whole.Results[0])
	return nil
}

// same fails the test unless two tensors have the same bits.
func same(t *testing.T, name string, got, want *torch.Tensor) {
	t.Helper()
	w, err := torch.Values[float32](want)
	if err != nil {
		t.Fatal(err)
	}
	g, err := torch.Values[float32](got)
	if err != nil {
		t.Fatal(err)
	}
	reference.Equal(t, name, g, reference.Array{Float32: w})
}
