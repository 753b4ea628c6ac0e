package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

func open(t *testing.T, dir string, a model.Attention) *model.Model {
	t.Helper()
	m, err := builtin.Open(dir, model.Options{Attention: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func places(t *testing.T, m *model.Model, site sweep.Site, blocks ...int) []sweep.Place {
	t.Helper()
	p, err := sweep.PlacesOf(m, site, blocks, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// threads runs f at a thread count and puts the former one back.
func threads(t *testing.T, n int, f func()) {
	t.Helper()
	before := torch.Threads()
	if err := torch.SetThreads(n); err != nil {
		t.Fatal(err)
	}
	defer torch.SetThreads(before)
	f()
}

// rows returns the clean values and, behind them, those of every run.
func rows(s *sweep.Series) []float32 { return append(append([]float32(nil), s.Clean...), s.Values...) }

// TestScalingStudy compares the published study, every block scaled by 0.8, with
// PyTorch: whole runs with forward hooks.
func TestScalingStudy(t *testing.T) {
	lengths := []int{1, 2, 14, 22, 64}
	if testing.Short() {
		lengths = []int{2, 22}
	}
	for _, name := range []string{"12x96", "4x64-untied", "3x768"} {
		dir := reference.Model(t, name)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, a)
			for _, n := range []int{1, 2} {
				for _, T := range lengths {
					t.Run(fmt.Sprintf("%s/%s/threads=%d/T=%d", name, a, n, T), func(t *testing.T) {
						threads(t, n, func() { scalingStudy(t, dir, m, T, n) })
					})
				}
			}
		}
	}
}

func scalingStudy(t *testing.T, dir string, m *model.Model, T, n int) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	word := lens.Word{Text: " insect", ID: ids[0]}
	var variants [][]reference.Change
	for i := range m.Sizes.Blocks {
		variants = append(variants, []reference.Change{{"kind": "scale", "factor": 0.8, "point": fmt.Sprintf("h.%d", i)}})
	}
	want := reference.Sweep{Model: dir, Attention: string(m.Attention), Threads: n}.Run(t, ids, variants, []int64{word.ID}, nil)
	got, err := sweep.Run(context.Background(), m, ids, sweep.Plan{Changes: sweep.Scale(0.8), Places: places(t, m, sweep.Resid), Words: []lens.Word{word}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reference.Equal(t, "logprob", rows(got.Of("logprob")), want["logprob"])
	if !got.Complete() {
		t.Error("not every run was made")
	}
}

// TestMetrics compares every metric, with several changes, places and targets, and the
// text's own words.
func TestMetrics(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	for _, T := range []int{2, 9, 20} {
		ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
		words := []lens.Word{{Text: "a", ID: 17}, {Text: "b", ID: ids[0]}, {Text: "c", ID: 1008}}
		pair := sweep.Metric{Kind: sweep.Diff, Diff: [2]lens.Word{words[2], words[0]}}
		changes := append(sweep.Scale(0, 0.5, -2), sweep.Do(hooks.Zero()), sweep.Do(hooks.Mean().At(hooks.Last)), sweep.Do(hooks.Noise(0.3, 9)), sweep.Do(hooks.Skip()),
			sweep.Both(sweep.Do(hooks.Scale(3)), sweep.Do(hooks.Noise(1, 2))))
		twins := []func(string) []reference.Change{}
		one := func(c reference.Change) {
			twins = append(twins, func(point string) []reference.Change {
				out := reference.Change{"point": point}
				for k, v := range c {
					out[k] = v
				}
				return []reference.Change{out}
			})
		}
		for _, f := range []float64{0, 0.5, -2} {
			one(reference.Change{"kind": "scale", "factor": f})
		}
		one(reference.Change{"kind": "zero"})
		one(reference.Change{"kind": "mean", "at": "last"})
		one(reference.Change{"kind": "noise", "sd": 0.3, "seed": 9})
		one(reference.Change{"kind": "skip"})
		twins = append(twins, func(point string) []reference.Change {
			return []reference.Change{{"kind": "scale", "factor": 3, "point": point}, {"kind": "noise", "sd": 1, "seed": 2, "point": point}}
		})
		at := places(t, m, sweep.Resid, 3, 0, 1)
		var variants [][]reference.Change
		for _, twin := range twins {
			for _, p := range at {
				variants = append(variants, twin(p.Point))
			}
		}
		want := reference.Sweep{Model: dir, Threads: torch.Threads()}.Run(t, ids, variants, []int64{17, ids[0], 1008}, [][2]int64{{1008, 17}})
		plan := sweep.Plan{Changes: changes, Places: at, Words: words,
			Metrics: []sweep.Metric{{Kind: sweep.Entropy}, {Kind: sweep.Rank}, {Kind: sweep.LogProb}, {Kind: sweep.Prob}, {Kind: sweep.Logit}, {Kind: sweep.KL}, pair}}
		got, err := sweep.Run(context.Background(), m, ids, plan, sweep.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"entropy", "logprob", "prob", "logit", "kl"} {
			reference.Equal(t, fmt.Sprintf("T=%d %s", T, name), rows(got.Of(name)), want[name])
		}
		reference.Equal(t, "diff", rows(got.Of(`diff:"c","a"`)), want["diff"])
		var ranks []int64
		for _, v := range rows(got.Of("rank")) {
			ranks = append(ranks, int64(v))
		}
		reference.Equal(t, "rank", ranks, want["rank"])

		plan.Words, plan.Next, plan.Metrics = nil, true, nil
		next, err := sweep.Run(context.Background(), m, ids, plan, sweep.Options{})
		if err != nil {
			t.Fatal(err)
		}
		reference.Equal(t, fmt.Sprintf("T=%d next", T), rows(next.Of("logprob")), want["next_logprob"])
	}
}

// TestSites compares zero ablation at every site, heads among them, and a change that
// acts in every run.
func TestSites(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(7, 8, m.Sizes.Vocab)
	word := lens.Word{Text: "a", ID: 17}
	at := slices.Concat(places(t, m, sweep.Embed), places(t, m, sweep.Resid), places(t, m, sweep.ResidPre), places(t, m, sweep.Attn), places(t, m, sweep.MLP, 2, 0),
		places(t, m, sweep.Heads, 1, 3), places(t, m, sweep.Norm))
	always := sweep.Edit{Point: "h.1", Action: hooks.Scale(1.5)}
	var variants [][]reference.Change
	for _, p := range at {
		c := reference.Change{"kind": "scale", "factor": 0.25, "point": p.Point}
		switch {
		case p.Site == sweep.Heads:
			c["point"], c["head"] = fmt.Sprintf("h.%d.attn", p.Block), p.Head
		case p.Site == sweep.ResidPre && p.Block == 0:
			c["point"] = "drop"
		case p.Site == sweep.ResidPre:
			c["point"] = fmt.Sprintf("h.%d", p.Block-1)
		}
		variants = append(variants, []reference.Change{{"kind": "scale", "factor": 1.5, "point": "h.1"}, c})
	}
	want := reference.Sweep{Model: dir, Threads: torch.Threads()}.Run(t, ids, variants, []int64{word.ID}, nil)
	got, err := sweep.Run(context.Background(), m, ids, sweep.Plan{Changes: sweep.Scale(0.25), Places: at, Words: []lens.Word{word}, Always: []sweep.Edit{always}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The reference's clean run has no change at all, and this one the one that always acts.
	reference.Equal(t, "logprob", got.Of("logprob").Values, reference.Array{Shape: want["logprob"].Shape, Float32: want["logprob"].Float32[1:]})
	plain, err := sweep.Run(context.Background(), m, ids, sweep.Plan{Changes: sweep.Scale(1.5), Places: places(t, m, sweep.Resid, 1), Words: []lens.Word{word}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if plain.Of("logprob").Values[0] != got.Of("logprob").Clean[0] {
		t.Errorf("the clean run of the second is %v, and the run with its change alone %v", got.Of("logprob").Clean[0], plain.Of("logprob").Values[0])
	}
}
