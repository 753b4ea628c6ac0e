package sweep_test

import (
	"fmt"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// TestDTypes compares sweeps of models that compute in 16 bits.
func TestDTypes(t *testing.T) {
	const T = 9
	dir := reference.Model(t, "4x64-untied")
	for _, dtype := range []model.DType{"bfloat16", "float16"} {
		m, err := model.Open(dir, model.Options{DType: dtype})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		C := m.Sizes.Width
		vector := make([]float32, C)
		for i := range vector {
			vector[i] = float32(i%9)/7 - 0.5
		}
		v, err := torch.New(vector, int64(C))
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		ids := reference.IDs(4, T, m.Sizes.Vocab)
		kinds := []struct {
			action hooks.Action
			twin   reference.Change
		}{
			{hooks.Scale(0.8), reference.Change{"kind": "scale", "factor": 0.8}},
			{hooks.Mean().At(hooks.Last), reference.Change{"kind": "mean", "at": "last"}},
			{hooks.AddTimes("v", v, 1.3), reference.Change{"kind": "add", "factor": 1.3}.With(t, "vector", vector, C)},
			{hooks.Set("v", v).At(hooks.At(2)), reference.Change{"kind": "set", "at": []string{"2"}}.With(t, "vector", vector, C)},
			{hooks.Noise(0.3, 5), reference.Change{"kind": "noise", "sd": 0.3, "seed": 5}},
			{hooks.ProjectOut("v", v), reference.Change{"kind": "project-out"}.With(t, "vector", vector, C)},
			{hooks.Skip(), reference.Change{"kind": "skip"}},
		}
		at := places(t, m, sweep.Resid, 0, 2)
		var changes []sweep.Change
		var variants [][]reference.Change
		for _, k := range kinds {
			changes = append(changes, sweep.Do(k.action))
			for _, p := range at {
				c := reference.Change{"point": p.Point}
				for name, value := range k.twin {
					c[name] = value
				}
				variants = append(variants, []reference.Change{c})
			}
		}
		want := reference.Sweep{Model: dir, DType: string(dtype), Threads: torch.Threads()}.Run(t, ids, variants, []int64{17}, nil)
		got, err := sweep.Run(t.Context(), m, ids, sweep.Plan{Changes: changes, Places: at, Words: []lens.Word{{Text: "a", ID: 17}},
			Metrics: []sweep.Metric{{Kind: sweep.LogProb}, {Kind: sweep.KL}, {Kind: sweep.Logit}}}, sweep.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"logprob", "kl", "logit"} {
			reference.Equal(t, fmt.Sprint(dtype, " ", name), rows(got.Of(name)), want[name])
		}
	}
}
