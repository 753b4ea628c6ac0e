package sweep_test

import (
	"context"
	"math"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// TestFast: a batch of variants gives the numbers of exact runs, up to rounding, for every
// kind of change and site, also those that no batch can hold.
func TestFast(t *testing.T) {
	for _, c := range []struct {
		name string
		T    int
	}{{"4x64-untied", 9}, {"4x64-untied", 1}, {"", 700}} {
		dir := c.name
		if dir != "" {
			dir = reference.Model(t, c.name)
		}
		m := open(t, dir, model.SDPA)
		T := min(c.T, m.Sizes.Context)
		ids := reference.IDs(3, T, m.Sizes.Vocab)
		var at []sweep.Place
		for _, s := range []sweep.Site{sweep.Resid, sweep.ResidPre, sweep.Attn, sweep.MLP, sweep.Embed, sweep.Norm} {
			at = append(at, places(t, m, s)...)
		}
		at = append(at, places(t, m, sweep.Heads, 1)...)
		changes := append(sweep.Scale(0.5), sweep.Do(hooks.Mean().At(hooks.Last)), sweep.Do(hooks.Zero()))
		if T > 100 { // few places with many tokens: batches of two
			at, changes = at[len(at)-3:], changes[:2]
		} else {
			changes = append(changes, sweep.Do(hooks.Noise(0.1, 3)))
		}
		plan := sweep.Plan{Changes: changes, Places: at, Words: []lens.Word{{Text: "a", ID: 17}}, Metrics: []sweep.Metric{{Kind: sweep.LogProb}, {Kind: sweep.KL}},
			Always: []sweep.Edit{{Point: "h.1.mlp", Action: hooks.Scale(1.1)}}}
		for _, next := range []bool{false, true} {
			if plan.Next = next; next {
				plan.Words = nil
				if T == 1 || T > 100 {
					continue
				}
			}
			exact, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true}); err != nil { // which packs weights
				t.Fatal(err)
			}
			live := torch.Live()
			fast, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true})
			if err != nil || !fast.Complete() || fast.Manifest.Mode != "fast" {
				t.Fatalf("%v %+v", err, fast)
			}
			if n := torch.Live() - live; n > 0 {
				t.Errorf("%d tensors are left", n)
			}
			for i, s := range exact.Series {
				most := 0.0
				for n, v := range s.Values {
					most = max(most, math.Abs(float64(v-fast.Series[i].Values[n])))
				}
				if !(most < 1e-4) {
					t.Errorf("%s T=%d next=%v: %s differs by up to %g", c.name, T, next, s.Metric.Name(), most)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		for _, always := range [][]sweep.Edit{nil, {{Point: "drop", Action: hooks.Scale(1.1)}}} { // the clean run in the batch, and by itself
			plan.Next, plan.Words, plan.Always = false, []lens.Word{{Text: "a", ID: 17}}, always
			exact, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{})
			if err != nil {
				t.Fatal(err)
			}
			fast, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true})
			if err != nil {
				t.Fatal(err)
			}
			if d := math.Abs(float64(exact.Series[0].Clean[0] - fast.Series[0].Clean[0])); !(d < 1e-4) {
				t.Errorf("%s T=%d: the clean run differs by %g", c.name, T, d)
			}
			for n, v := range exact.Series[0].Values {
				if d := math.Abs(float64(v - fast.Series[0].Values[n])); !(d < 1e-4) {
					t.Errorf("%s T=%d: run %d differs by %g", c.name, T, n, d)
				}
			}
		}
		cancel()
		plan.Next, plan.Words = false, []lens.Word{{Text: "a", ID: 17}}
		if r, err := sweep.Run(ctx, m, ids, plan, sweep.Options{Fast: true}); err != context.Canceled || r != nil && r.Complete() {
			t.Errorf("interrupted: %v", err)
		}
	}
}
