package lens_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

var nan, inf = float32(math.NaN()), float32(math.Inf(1))

// oddHead is a model whose unembedding makes some logits NaN or infinite: words' weights at
// the first of the width's 64 places.
func oddHead(t *testing.T, words map[int]float32) string {
	at := map[int]float32{}
	for word, v := range words {
		at[word*64] = v
	}
	return reference.Edit(t, reference.Model(t, "4x64-untied"), "lm_head.weight", at)
}

// TestOddLens compares a lens of NaN and infinite logits with PyTorch, where a NaN has the
// last rank by the reference's definition, bit by bit in exact mode. Fast kernels have its
// ranks of what is NaN or infinite, and its NaN.
func TestOddLens(t *testing.T) {
	for _, c := range []struct {
		name    string
		words   map[int]float32 // of the head
		factor  float64         // of h.1
		warns   []string
		lastNaN int // words whose rank must be the last
	}{
		{"some NaN", map[int]float32{17: nan, 400: nan}, 1, []string{"25 of 25 cells have NaN logits, the first in layer emb, position 0: a target with a NaN logit has the last rank, 1009,", "check the checkpoint"}, 2},
		{"infinite", map[int]float32{17: inf, 20: inf, 401: -inf}, 1, []string{"25 of 25 cells have infinite logits, the first in layer emb, position 0: ranks compare infinities"}, 0},
		{"both", map[int]float32{17: nan, 20: inf, 401: -inf}, 1, []string{"25 of 25 cells have NaN logits"}, 1},
		{"all NaN", nil, math.Inf(1), []string{"15 of 25 cells have NaN logits, the first in layer L1, position 0:", "KL in 10 more", "the change smaller"}, 4},
		{"states overflow", nil, 1e38, []string{"of 25 cells have "}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := reference.Model(t, "4x64-untied")
			if c.words != nil {
				dir = oddHead(t, c.words)
			}
			m := open(t, dir, model.SDPA)
			ids := reference.IDs(3, 5, m.Sizes.Vocab)
			targets := []int64{17, 20, 400, 401, 5}
			var words []lens.Word
			for _, id := range targets {
				words = append(words, lens.Word{Text: fmt.Sprint(id), ID: id})
			}
			q := reference.Request{Model: dir, IDs: ids, Top: 7, Targets: targets, TargetPositions: []int{0, 1, 2, 3, 4}}
			o := lens.Options{Top: 7, Words: words, Positions: []int{0, 1, 2, 3, 4}}
			if c.factor != 1 {
				o.Hooks = &hooks.Registry{}
				o.Hooks.Add("h.1", hooks.Scale(c.factor))
				factor := math.Min(c.factor, math.MaxFloat32*2) // JSON has no infinity; this is one in float32
				q.Interventions = []reference.Intervention{reference.Scale("h.1", factor)}
			}
			want := reference.Lens(t, q)
			exact, err := lens.Read(context.Background(), m, ids, o)
			if err != nil {
				t.Fatal(err)
			}
			equalResult(t, exact, want)
			reference.Equal(t, "target_rank", exact.Targets.Rank, want["target_rank"])
			reference.Equal(t, "target_ties", exact.Targets.Ties, want["target_ties"])
			reference.Equal(t, "target_prob", exact.Targets.Prob, want["target_prob"])
			last := exact.Targets.Rank[len(exact.Targets.Rank)-len(targets):]
			if n := countOf(last, int64(m.Sizes.Vocab)); n < c.lastNaN {
				t.Errorf("ranks %v: %d are the last", last, n)
			}
			odd := warned(t, exact.Warnings, c.warns)
			for _, k := range []lens.Kernel{lens.ATen, lens.F32, lens.TF32X3} {
				o.Fast, o.Kernel = true, k
				fast, err := lens.Read(context.Background(), m, ids, o)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(fast.Targets.Ties, exact.Targets.Ties) && c.factor == 1 || !slices.Equal(fast.Agree, exact.Agree) {
					t.Errorf("%s: ties %v, exactly %v; agreement %v, exactly %v", k, fast.Targets.Ties, exact.Targets.Ties, fast.Agree, exact.Agree)
				}
				for i, rank := range exact.Targets.Rank {
					// Other ranks belong to logits that are off by rounding.
					if (rank == 1 || rank == int64(m.Sizes.Vocab)) && c.factor == 1 && fast.Targets.Rank[i] != rank {
						t.Errorf("%s: rank %d is %d, exactly %d", k, i, fast.Targets.Rank[i], rank)
					}
					if p, q := fast.Targets.Prob[i], exact.Targets.Prob[i]; (p != p) != (q != q) {
						t.Errorf("%s: probability %d is %v, exactly %v", k, i, p, q)
					}
				}
				if got := warned(t, fast.Warnings, c.warns); c.factor == 1 && got != odd {
					t.Errorf("%s warns %q, exactly %q", k, got, odd)
				}
			}
		})
	}
}

// warned returns the first warning, which must contain all texts; there must be no more
// but that there is no tokenizer.
func warned(t *testing.T, warnings, texts []string) string {
	t.Helper()
	warnings = slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return strings.HasPrefix(w, "tokens are shown by id") })
	if len(warnings) == 0 {
		t.Fatalf("no warning, want %q", texts)
	}
	for _, s := range texts {
		if !strings.Contains(warnings[0], s) {
			t.Errorf("%q lacks %q", warnings[0], s)
		}
	}
	return warnings[0]
}

func countOf(v []int64, x int64) int {
	n := 0
	for _, y := range v {
		if y == x {
			n++
		}
	}
	return n
}

// TestOddGeneration: a generation of NaN has the last rank for each token that was written,
// as greedy decoding writes NaN's, and one warning for all steps.
func TestOddGeneration(t *testing.T) {
	m := open(t, oddHead(t, map[int]float32{17: nan}), model.SDPA)
	for _, fast := range []bool{false, true} {
		g, err := lens.Generate(context.Background(), m, []int64{1, 2, 3}, lens.GenerateOptions{MaxNew: 4, Lens: lens.Options{Next: true, Track: 2, Fast: fast}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := g.Joined(len(g.Sequence) - 4 - 1)
		for i, rank := range r.Targets.Rank {
			if rank != 1009 || r.Targets.Ties[i] != 0 {
				t.Errorf("fast %v: the rank of token %d is %d with %d ties", fast, i, rank, r.Targets.Ties[i])
			}
		}
		if slices.Contains(r.Agree, true) {
			t.Errorf("fast %v: a NaN agrees", fast)
		}
		warned(t, g.Warnings, []string{"30 of 30 cells have NaN logits, the first in layer emb, position 0: "})
		if want := []int64{1, 2, 3, 17, 17, 17, 17}; !slices.Equal(g.Sequence, want) {
			t.Errorf("fast %v: it wrote %v, and argmax takes NaN: %v", fast, g.Sequence, want)
		}
		for _, p := range r.Tracks.Prob {
			if p == p {
				t.Errorf("fast %v: a tracked token has the probability %v among NaN", fast, p)
			}
		}
	}
}

// TestOddText: the means of a text count a target of NaN as the last, and another as it
// ranks among the numbers.
func TestOddText(t *testing.T) {
	for _, fast := range []bool{false, true} {
		m := open(t, oddHead(t, map[int]float32{17: nan}), model.SDPA)
		r, err := lens.ReadText(context.Background(), m, &idSource{ids: []int64{5, 17, 6, 7}}, lens.TextOptions{Chunk: 2, Lens: lens.Options{Fast: fast}})
		if err != nil {
			t.Fatal(err)
		}
		whole := map[int64]int64{} // by rank, of the last layer
		for _, at := range []struct{ ids []int64 }{{[]int64{5, 17}}, {[]int64{6, 7}}} {
			one, err := lens.Read(context.Background(), m, append(at.ids, 0)[:2], lens.Options{Words: []lens.Word{{ID: 17}, {ID: 6}, {ID: 7}}, Positions: []int{0, 1}, Fast: fast})
			if err != nil {
				t.Fatal(err)
			}
			n := 4 * 2 * 3 // the last layer's
			if at.ids[0] == 5 {
				whole[one.Targets.Rank[n]]++   // 17 behind 5
				whole[one.Targets.Rank[n+4]]++ // 6 behind 5, 17
			} else {
				whole[one.Targets.Rank[n+2]]++ // 7 behind 6
			}
		}
		sum, n := 0.0, 4
		for rank, count := range whole {
			sum += float64(count) / float64(rank)
		}
		if whole[1009] != 1 {
			t.Errorf("fast %v: ranks %v", fast, whole)
		}
		if d := math.Abs(r.ReciprocalRank[n] - sum/3); !(d <= 1e-12) || r.Bad[n] != 4 || r.Agree[n] != 0 {
			t.Errorf("fast %v: reciprocal rank %v, want %v; %d cells of NaN; agreement %v", fast, r.ReciprocalRank[n], sum/3, r.Bad[n], r.Agree[n])
		}
		warned(t, r.Warnings, []string{"20 of 20 cells have NaN logits, the first in layer emb, position 0 of the text: "})
	}
}

// TestOddDiff: a cell that became NaN has moved, and is not shown as unchanged.
func TestOddDiff(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	h := &hooks.Registry{}
	h.Add("h.1", hooks.Scale(math.NaN()))
	d, err := lens.ReadDiff(context.Background(), m, []int64{1, 2}, lens.Options{Hooks: h})
	if err != nil {
		t.Fatal(err)
	}
	for n := range d.KL {
		if want := n/2 >= 2; d.Moved(n) != want || (d.KL[n] != d.KL[n]) != want {
			t.Errorf("cell %d: moved %v, KL %v", n, d.Moved(n), d.KL[n])
		}
	}
}

// TestOddGeometry: states that hold a NaN are told, and where the first is.
func TestOddGeometry(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	h := &hooks.Registry{}
	h.Add("h.2", hooks.Scale(math.Inf(1)).At(hooks.At(1)))
	g, err := lens.ReadGeometry(context.Background(), m, []int64{1, 2, 3}, lens.GeometryOptions{Hooks: h})
	if err != nil {
		t.Fatal(err)
	}
	says := g.Warnings[len(g.Warnings)-1]
	if n := countOf(notFinite(g.Variance), 1); !strings.HasPrefix(says, fmt.Sprintf("%d of 15 states hold a NaN or overflow, the first in layer L2, position 1: ", n)) || n == 0 {
		t.Errorf("%d variances are not finite: %q", n, says)
	}
}

// notFinite returns 1 for each value that is not finite.
func notFinite(v []float32) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		if x-x != 0 {
			out[i] = 1
		}
	}
	return out
}
