package lens_test

import (
	"context"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestDiff compares the divergence of every cell with transformers, and the two lenses
// with those read alone.
func TestDiff(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(5, 9, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Add("h.1", hooks.Scale(0.4))
	for _, kind := range []lens.Projection{lens.Notebook, lens.Raw, lens.Normed, affine{}} {
		o := lens.Options{Projection: kind, Hooks: h, Next: true}
		d, err := lens.ReadDiff(t.Context(), m, ids, o)
		if err != nil {
			t.Fatal(err)
		}
		want := reference.Sweep{Model: dir, Threads: torch.Threads()}.LensDiff(t, ids, kind.Name(), "h.1", 0.4)
		reference.Equal(t, kind.Name()+" kl", d.KL, want["kl"])
		for _, c := range []struct {
			what string
			got  *lens.Result
			h    *hooks.Registry
		}{{"clean", d.Clean, nil}, {"changed", d.Changed, h}} {
			o.Hooks = c.h
			alone, err := lens.Read(t.Context(), m, ids, o)
			if err != nil {
				t.Fatal(err)
			}
			reference.Equal(t, c.what, c.got.LogSumExp, reference.Array{Shape: []int{len(alone.LogSumExp)}, Float32: alone.LogSumExp})
		}
		for i, v := range d.KL[:2*len(ids)] { // the embedding and block 0 lie before the change
			if v != 0 {
				t.Errorf("%s: cell %d has %v", kind.Name(), i, v)
			}
		}
	}
	live := torch.Live()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lens.ReadDiff(ctx, m, ids, lens.Options{Hooks: h}); err != context.Canceled {
		t.Errorf("interrupted: %v", err)
	}
	some, err := lens.ReadDiff(t.Context(), m, ids, lens.Options{Hooks: h, Rows: []int{2, 4}, Positions: []int{-1}})
	if err != nil || len(some.KL) != 2 {
		t.Errorf("%v %v", some, err)
	}
	if n := torch.Live() - live; n > 0 {
		t.Errorf("%d tensors are left", n)
	}
}
