package lens_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestGeneratePositions: positions of interventions count from the text's beginning,
// whichever step reads them; an array of several positions, without positions, is for
// those that the text began with. What each did is seen in its own point's state.
func TestGeneratePositions(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(3, 4, m.Sizes.Vocab)
	const new, C = 5, 64
	array := func(rows int) *torch.Tensor {
		v := make([]float32, rows*C)
		for i := range v {
			v[i] = float32(1 + i/C) // row i is full of i+1
		}
		x, err := torch.New(v, int64(rows), C)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { x.Close() })
		return x
	}
	source := array(4)
	whole, err := torch.New(slices.Concat(values(t, source)), 1, 4, C)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	none := hooks.Positions{}
	for _, c := range []struct {
		name   string
		action hooks.Action
		want   map[int]float32 // position to what the whole state is there
	}{
		{"zero at 1", hooks.Zero().At(hooks.At(1)), map[int]float32{1: 0}},
		{"zero at 5", hooks.Zero().At(hooks.At(5)), map[int]float32{5: 0}},
		{"zero at last", hooks.Zero().At(hooks.Last), map[int]float32{3: 0, 4: 0, 5: 0, 6: 0, 7: 0}},
		{"set the prompt", hooks.Set("v", array(4)), map[int]float32{0: 1, 1: 2, 2: 3, 3: 4}},
		{"set at 2, 3 and what follows", hooks.Set("v", array(4)).At(hooks.At(2, 3, 4, 6)), map[int]float32{2: 1, 3: 2, 4: 3, 6: 4}},
		{"set at 6 before 5", hooks.Set("v", array(2)).At(hooks.At(6, 5)), map[int]float32{6: 1, 5: 2}},
		{"set one row at all", hooks.Set("v", array(1)), map[int]float32{0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1}},
		{"patch the prompt", hooks.Patch("other", whole, none, none), map[int]float32{0: 1, 1: 2, 2: 3, 3: 4}},
		{"patch mapped", hooks.Patch("other", whole, hooks.At(0), hooks.At(1)), map[int]float32{1: 1}},
		{"patch mapped to what is written", hooks.Patch("other", whole, hooks.At(0, 2), hooks.At(1, 5)), map[int]float32{1: 1, 5: 3}},
		{"patch at last", hooks.Patch("other", whole, none, hooks.Last), map[int]float32{3: 4, 4: 4, 5: 4, 6: 4, 7: 4}},
		{"patch at 0 and 3", hooks.Patch("other", whole, none, hooks.At(0, 3)), map[int]float32{0: 1, 3: 4}},
		{"skip", hooks.Skip().At(hooks.At(5)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &hooks.Registry{}
			h.Add("h.1", c.action)
			o := lens.GenerateOptions{MaxNew: new, NoEnd: true, Lens: lens.Options{Hidden: true, Rows: []int{1, 2}, Hooks: h}}
			g, err := lens.Generate(context.Background(), m, ids, o, nil)
			if err != nil {
				t.Fatal(err)
			}
			hidden := g.Joined(0).Hidden
			P := len(g.Sequence) - 1
			for p := range P {
				before, state := hidden[p*C:(p+1)*C], hidden[(P+p)*C:(P+p+1)*C]
				want, ok := c.want[p]
				switch {
				case c.want == nil && (p == 5) != slices.Equal(before, state):
					t.Errorf("position %d: skipped %v", p, slices.Equal(before, state))
				case ok != slices.Equal(state, slices.Repeat([]float32{want}, C)) && c.want != nil:
					t.Errorf("position %d is %v ..., and %v was set there: %v", p, fmt.Sprint(state[:3]), want, ok)
				}
			}
		})
	}
	// An array that fits neither the prompt nor its positions is refused.
	for _, a := range []hooks.Action{hooks.Set("v", array(3)), hooks.Set("v", array(3)).At(hooks.At(1, 2)), hooks.Patch("other", whole, hooks.At(0), hooks.At(1, 2))} {
		h := &hooks.Registry{}
		h.Add("h.1", a)
		if g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 3, Lens: lens.Options{Hooks: h}}, nil); err == nil || g != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func values(t *testing.T, x *torch.Tensor) []float32 {
	t.Helper()
	v, err := torch.Values[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
