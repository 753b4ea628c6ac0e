package model_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestRows: in a batch, interventions at some rows have PyTorch's bits, and the rows
// that are not named those of a run without them.
func TestRows(t *testing.T) {
	const B, T = 3, 6
	dir := reference.Model(t, "4x64-untied")
	m := openCheckpoint(t, dir, model.SDPA)
	C := m.Sizes.Width
	var batch [][]int64
	var embedded []float32
	for b := range B {
		ids := reference.IDs(uint64(b), T, m.Sizes.Vocab)
		batch = append(batch, ids)
		err := m.Hold(context.Background(), func(s model.Session) error {
			x, err := s.Embed(ids)
			if err != nil {
				return err
			}
			defer x.Close()
			v, err := torch.Values[float32](x)
			embedded = append(embedded, v...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	logits := func(h *hooks.Registry) []float32 {
		t.Helper()
		var out []float32
		err := m.Hold(context.Background(), func(s model.Session) error {
			x, err := torch.New(embedded, B, T, int64(C))
			if err != nil {
				return err
			}
			defer x.Close()
			run, err := s.Resume(0, x, h)
			if err != nil {
				return err
			}
			defer run.Close()
			y, err := s.Head(run.Results[0])
			if err != nil {
				return err
			}
			defer y.Close()
			out, err = torch.Values[float32](y)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	clean := logits(nil)
	ref := reference.Sweep{Model: dir, Threads: torch.Threads()}
	reference.Equal(t, "clean", clean, ref.Intervene(t, batch, nil)["logits"])
	for _, rows := range [][]int{{1}, {2, 0}} {
		for _, c := range []struct {
			point  string
			action hooks.Action
			twin   reference.Change
		}{
			{"h.1", hooks.Scale(0.3), reference.Change{"kind": "scale", "factor": 0.3, "point": "h.1"}},
			{"h.2.mlp", hooks.Zero().At(hooks.Last), reference.Change{"kind": "zero", "point": "h.2.mlp", "at": "last"}},
			{"h.0.attn", hooks.Mean(), reference.Change{"kind": "mean", "point": "h.0.attn"}},
			{"h.1.attn:h2", hooks.Noise(2, 5), reference.Change{"kind": "noise", "sd": 2, "seed": 5, "point": "h.1.attn", "head": 2}},
			{"h.3", hooks.Skip(), reference.Change{"kind": "skip", "point": "h.3"}},
			{"ln_f", hooks.Scale(2), reference.Change{"kind": "scale", "factor": 2, "point": "ln_f"}},
		} {
			t.Run(fmt.Sprint(c.point, " ", c.action, " ", rows), func(t *testing.T) {
				var h hooks.Registry
				h.Add(c.point, c.action.Rows(rows...))
				c.twin["rows"] = rows
				got := logits(&h)
				reference.Equal(t, "logits", got, ref.Intervene(t, batch, []reference.Change{c.twin})["logits"])
				size := len(got) / B
				for b := range B {
					same := slices.Equal(got[b*size:(b+1)*size], clean[b*size:(b+1)*size])
					if same == slices.Contains(rows, b) {
						t.Errorf("row %d is the clean one: %v", b, same)
					}
				}
			})
		}
	}
}
