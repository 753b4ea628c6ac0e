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

// TestInOrder: runs by kernels in libtorch's order have all bits of its own, at every point,
// with a hook and without, whether weights are packed by then or not.
func TestInOrder(t *testing.T) {
	for _, name := range []string{"3x768", "12x96", "4x64-untied", "phi-96"} {
		dir := reference.Model(t, name)
		for _, pack := range []bool{false, true} {
			for _, threads := range []int{1, 2} {
				m := open(t, dir, model.Options{})
				t.Run(fmt.Sprintf("%s/packed=%v/threads=%d", name, pack, threads), func(t *testing.T) {
					atThreads(t, threads, func() {
						for _, T := range []int{1, 3, 4, 14, 22, 64, 100} {
							if T <= m.Sizes.Context {
								inOrder(t, m, T, pack, nil)
							}
						}
						if name == "phi-96" { // whose tables of angles are for as many positions as came in
							return
						}
						// A hook that leaves other numbers of rows behind it.
						for _, left := range []int64{1, 5} {
							inOrder(t, m, 14, pack, func(x *torch.Tensor) (*torch.Tensor, error) { return x.Narrow(1, 14-left, left) })
						}
					})
				})
			}
		}
	}
}

func inOrder(t *testing.T, m *model.Model, T int, pack bool, hook torch.HookFunc) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	captures := func() *hooks.Registry {
		h := &hooks.Registry{}
		h.Add(m.Layout.Blocks[0].Attention, hooks.Scale(0.5))
		if hook != nil {
			h.Add(m.Layout.Blocks[0].Out, hooks.Func("hook", hook))
		}
		for _, b := range m.Layout.Blocks {
			h.Capture(b.MLP)
			h.Capture(b.Out)
		}
		return h
	}
	err := m.Hold(context.Background(), func(s model.Session) error {
		if pack {
			if _, err := s.Fast(); err != nil {
				return err
			}
		}
		fast, err := s.InOrder(T)
		if err != nil {
			return err
		}
		if fast == s {
			t.Logf("at %d tokens libtorch makes the products", T)
		}
		want, err := s.Trunk(ids, captures())
		if err != nil {
			return err
		}
		defer want.Close()
		got, err := fast.Trunk(ids, captures())
		if err != nil {
			return err
		}
		defer got.Close()
		for _, b := range m.Layout.Blocks {
			for _, p := range []string{b.MLP, b.Out} {
				if !sameRow(t, got.Captured(p), 0, want.Captured(p)) {
					t.Errorf("%s has other bits at %d tokens", p, T)
				}
			}
		}
		if !sameRow(t, got.Results[0], 0, want.Results[0]) {
			t.Errorf("the result has other bits at %d tokens", T)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
