package sweep_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// TestOddMetrics: where a factor makes all logits NaN, the head makes some of them NaN, or
// infinite, every metric is PyTorch's, with the last rank for a NaN, and the sweep says
// which runs they are. Fast runs have the same ranks, the same NaN and the same warning.
func TestOddMetrics(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	plain := reference.Model(t, "4x64-untied")
	for name, c := range map[string]struct {
		head   map[int]float32 // words' first weights
		factor float64
		odd    []int64 // of each run: the factor at two places, 1 at the same
		says   string
	}{
		"all NaN":   {nil, 1e39, []int64{2, 2, 0, 0}, `2 of 5 runs have NaN logits, the first in "scale 1e+39" at L0: a target with a NaN logit has the last rank, 1009, and probabilities are NaN; an intervention`},
		"some NaN":  {map[int]float32{17: nan}, 0.5, []int64{2, 2, 2, 2}, "5 of 5 runs have NaN logits, the first in the clean run: "},
		"infinite":  {map[int]float32{17: inf, 5: -inf}, 0.5, []int64{1, 1, 1, 1}, "5 of 5 runs have infinite logits, the first in the clean run: ranks compare infinities"},
		"tied":      {map[int]float32{17: inf, 9: inf, 5: inf}, 0.5, []int64{1, 1, 1, 1}, "infinite logits"},
		"all three": {map[int]float32{17: inf, 9: nan, 5: -inf}, 0.5, []int64{2, 2, 2, 2}, "NaN logits"},
		"ordinary":  {nil, 0.5, []int64{0, 0, 0, 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := plain
			if c.head != nil {
				at := map[int]float32{}
				for word, v := range c.head {
					at[64*word] = v
				}
				dir = reference.Edit(t, plain, "lm_head.weight", at)
			}
			m := open(t, dir, model.SDPA)
			ids := reference.IDs(7, 6, m.Sizes.Vocab)
			targets := []int64{17, 9, 5, 300}
			var words []lens.Word
			for _, id := range targets {
				words = append(words, lens.Word{Text: fmt.Sprint(id), ID: id})
			}
			at := places(t, m, sweep.Resid, 0, 1)
			var variants [][]reference.Change
			for _, f := range []float64{c.factor, 1} {
				for _, p := range at {
					variants = append(variants, []reference.Change{{"kind": "scale", "factor": f, "point": p.Point}})
				}
			}
			want := reference.Sweep{Model: dir, Threads: torch.Threads()}.Run(t, ids, variants, targets, [][2]int64{{17, 300}})
			plan := sweep.Plan{Changes: sweep.Scale(c.factor, 1), Places: at, Words: words, Metrics: []sweep.Metric{
				{Kind: sweep.Rank}, {Kind: sweep.LogProb}, {Kind: sweep.Prob}, {Kind: sweep.Logit}, {Kind: sweep.Entropy}, {Kind: sweep.KL}, {Kind: sweep.Diff, Diff: [2]lens.Word{words[0], words[3]}}}}
			exact, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var ranks []int64
			for _, v := range rows(exact.Of("rank")) {
				ranks = append(ranks, int64(v))
			}
			reference.Equal(t, "rank", ranks, want["rank"])
			for _, name := range []string{"logprob", "prob", "logit", "entropy", "kl"} {
				reference.Equal(t, name, rows(exact.Of(name)), want[name])
			}
			reference.Equal(t, "diff", rows(exact.Of(`diff:"17","300"`)), want["diff"])
			if !slices.Equal(exact.Odd, c.odd) {
				t.Errorf("odd runs %v, want %v", exact.Odd, c.odd)
			}
			if c.says == "" && exact.Warnings != nil || c.says != "" && (len(exact.Warnings) != 1 || !strings.Contains(exact.Warnings[0], c.says)) {
				t.Errorf("warnings %q, want %q", exact.Warnings, c.says)
			}
			fast, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(fast.Odd, exact.Odd) || !slices.Equal(fast.Warnings, exact.Warnings) || !slices.Equal(rows(fast.Of("rank")), rows(exact.Of("rank"))) {
				t.Errorf("fast: odd %v, warnings %q, ranks %v; exactly %v", fast.Odd, fast.Warnings, rows(fast.Of("rank")), rows(exact.Of("rank")))
			}
			for i := range exact.Series {
				a, b := rows(&exact.Series[i]), rows(&fast.Series[i])
				for n := range a {
					if (a[n] != a[n]) != (b[n] != b[n]) {
						t.Errorf("%s: value %d is %v, exactly %v", exact.Series[i].Metric.Name(), n, b[n], a[n])
					}
				}
			}
			// What was made before warns as well.
			again, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Before: exact})
			if err != nil || !slices.Equal(again.Odd, exact.Odd) || !slices.Equal(again.Warnings, exact.Warnings) {
				t.Errorf("%v: taken up again, odd %v, warnings %q", err, again.Odd, again.Warnings)
			}
		})
	}
}

// TestOddNext: of the text's own words, each position says for itself whether its logits are
// finite numbers; the last position, which predicts none of them, has no part in it.
func TestOddNext(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	ids := reference.IDs(7, 5, m.Sizes.Vocab)
	for _, c := range []struct {
		at   int
		odd  []int64
		says string
	}{
		{2, []int64{0, 0, 2, 0}, "1 of 2 runs have NaN logits, the first in \"scale +Inf at 2\" at L3, position 2: "},
		{4, []int64{0, 0, 0, 0}, ""},
	} {
		r, err := sweep.Run(t.Context(), m, ids, sweep.Plan{Next: true, Metrics: []sweep.Metric{{Kind: sweep.Rank}},
			Changes: []sweep.Change{sweep.Do(hooks.Scale(math.Inf(1)).At(hooks.At(c.at)))}, Places: places(t, m, sweep.Resid, 3)}, sweep.Options{}) // the last: attention spreads NaN over all positions, 0 times NaN
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Odd, c.odd) || c.says == "" && r.Warnings != nil || c.says != "" && (len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], c.says)) {
			t.Errorf("at %d: odd %v, warnings %q", c.at, r.Odd, r.Warnings)
		}
		for p, k := range c.odd {
			if rank := r.Series[0].Values[p]; (rank == 1009) != (k == sweep.NaN) {
				t.Errorf("at %d: the rank at %d is %v", c.at, p, rank)
			}
		}
	}
}
