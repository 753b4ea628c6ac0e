package sweep

import (
	"context"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// TestTogether: exact runs share batches where the model keeps bits in them, and have the
// numbers of runs that were made one by one; where a batch has other bits, they are made so.
func TestTogether(t *testing.T) {
	m, err := model.Open(reference.Model(t, "4x64-untied"), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var places []Place
	for _, s := range []Site{Resid, ResidPre, Attn, MLP, Norm} {
		p, err := PlacesOf(m, s, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, p...)
	}
	for _, T := range []int{2, 9, 20} {
		ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
		kept := false
		if err := m.Hold(context.Background(), func(s model.Session) error {
			_, kept, err = s.Batched(T)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, next := range []bool{false, true} {
			p := Plan{Changes: append(Scale(0.8, 0), Do(hooks.Mean().At(hooks.Last)), Do(hooks.Noise(0.1, 3))), Places: places, Next: next,
				Always: []Edit{{Point: "h.1.mlp", Action: hooks.Scale(1.1)}, {Point: "h.2", Action: hooks.Scale(0.9)}}}
			if !next {
				p.Words, p.Metrics = []lens.Word{{ID: 17}}, []Metric{{Kind: LogProb}, {Kind: KL}, {Kind: Entropy}}
			}
			if p, err = p.check(m, T); err != nil {
				t.Fatal(err)
			}
			var runs [2]*runner
			for i := range runs {
				r := &runner{m: m, ids: ids, plan: p, out: newResult(p, ids), spoilBatch: i == 1}
				if got, err := r.run(t.Context()); err != nil || !got.Complete() {
					t.Fatalf("T=%d next=%v: %v", T, next, err)
				}
				runs[i] = r
			}
			noises := len(places) // of which none shares a batch
			if want := map[bool]int{true: noises, false: p.Runs()}[kept]; len(runs[0].todo) != want {
				t.Errorf("T=%d: %d runs were made by themselves, not %d", T, len(runs[0].todo), want)
			}
			if len(runs[1].todo) != p.Runs() {
				t.Errorf("T=%d: a batch with other bits was used all the same", T)
			}
			for i, s := range runs[0].out.Series {
				if !slices.Equal(s.Values, runs[1].out.Series[i].Values) {
					t.Errorf("T=%d next=%v: %s has other numbers in batches", T, next, s.Metric.Name())
				}
			}
		}
	}
}
