package lens_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

// The checkpoints of these tests: random ones, since a bit that is wrong is wrong
// with any weights. Every bias and norm in them is away from 0 and 1.
var checkpoints = []struct {
	name    string
	options []string
}{{"12x96", nil}, {"4x64-untied", nil}, {"3x768", nil}}

// lengths lie on both sides of where matrix libraries change their order of summation.
var lengths = []int{1, 2, 14, 15, 16, 64}

func open(t *testing.T, dir string, a model.Attention) *model.Model {
	t.Helper()
	m, err := builtin.Open(dir, model.Options{Attention: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	lib, err := torch.Describe()
	if err != nil {
		t.Fatal(err)
	}
	// Equal bits need one binary.
	if v := reference.Version(t).Torch; !strings.HasPrefix(v, lib.Version) {
		t.Fatalf("this test runs libtorch %s, and the reference %s: run it by make test, which gives both the same", lib.Version, v)
	}
	return m
}

// withThreads runs f at a thread count and puts the former one back.
func withThreads(t *testing.T, n int, f func(t *testing.T)) {
	before := torch.Threads()
	defer torch.SetThreads(before)
	t.Run(fmt.Sprintf("threads=%d", n), func(t *testing.T) {
		if err := torch.SetThreads(n); err != nil {
			t.Fatal(err)
		}
		f(t)
	})
}

// TestExact compares the states, the logits and every statistic of the three
// lenses with transformers, bit by bit.
func TestExact(t *testing.T) {
	for _, c := range checkpoints {
		dir := reference.Model(t, c.name, c.options...)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, a)
			for _, threads := range []int{1, 2} {
				for _, T := range lengths {
					for _, kind := range []lens.Projection{lens.Notebook, lens.Raw, lens.Normed} {
						// Attention decides the states and not what a lens makes of them, and threads
						// decide how products are split, which have the same shapes in all lenses. So
						// every lens is compared at sdpa with one thread, and the notebook lens, which
						// reads states both with and without the norm, with the others.
						if kind.Name() != lens.Notebook.Name() && (a != model.SDPA || threads != 1) && !reference.All() {
							continue
						}
						t.Run(fmt.Sprintf("%s/%s/T=%d/%s", c.name, a, T, kind.Name()), func(t *testing.T) {
							withThreads(t, threads, func(t *testing.T) { compare(t, dir, m, T, threads, kind) })
						})
					}
				}
			}
		}
	}
}

func compare(t *testing.T, dir string, m *model.Model, T, threads int, kind lens.Projection) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Attention: string(m.Attention), Threads: threads,
		Lens: kind.Name(), Next: true, Top: 7, Logits: true})
	got, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: kind, Next: true, Top: 7, Logits: true, Hidden: true, Stats: stats})
	if err != nil {
		t.Fatal(err)
	}
	equalResult(t, got, want)
	reference.Equal(t, "hidden", got.Hidden, want["hidden"])
	reference.Equal(t, "logits", got.Logits, want["logits"])
	if kind != lens.Raw {
		last := got.Logits[len(got.Logits)-T*m.Sizes.Vocab:]
		reference.Equal(t, "last row against the model's own logits", last, want["model_logits"])
	}
}

// stats are those that the reference has.
var stats = []lens.Stat{lens.Margin, lens.InTop(10)}

// equalResult compares what every lens has.
func equalResult(t *testing.T, got *lens.Result, want reference.Arrays) {
	t.Helper()
	reference.Equal(t, "top_ids", got.TopIDs, want["top_ids"])
	reference.Equal(t, "top_logits", got.TopLogits, want["top_logits"])
	reference.Equal(t, "top_probs", got.TopProbs, want["top_probs"])
	reference.Equal(t, "entropy", got.Entropy, want["entropy"])
	reference.Equal(t, "logsumexp", got.LogSumExp, want["logsumexp"])
	reference.Equal(t, "kl", got.KL, want["kl"])
	reference.Equal(t, "agree", got.Agree, want["agree"])
	for _, s := range got.Stats {
		reference.Equal(t, s.Name, s.Values, want[s.Name])
	}
	if got.Targets != nil {
		reference.Equal(t, "target_ids", got.Targets.IDs, want["target_ids"])
		reference.Equal(t, "target_logprob", got.Targets.LogProb, want["target_logprob"])
		reference.Equal(t, "target_prob", got.Targets.Prob, want["target_prob"])
		reference.Equal(t, "target_rank", got.Targets.Rank, want["target_rank"])
		reference.Equal(t, "target_ties", got.Targets.Ties, want["target_ties"])
	}
}

// TestChoices compares rows, positions, sites and word targets.
func TestChoices(t *testing.T) {
	dir := reference.Model(t, "12x96")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(9, 14, m.Sizes.Vocab)
	words := []lens.Word{{Text: "a", ID: 17}, {Text: "b", ID: 50256}, {Text: "c", ID: ids[13]}}
	var targets []int64
	for _, w := range words {
		targets = append(targets, w.ID)
	}
	for _, kind := range []lens.Projection{lens.Notebook, lens.Raw, lens.Normed} {
		for _, at := range []lens.Site{lens.Resid, lens.ResidMid, lens.Attn, lens.MLP} {
			for _, positions := range [][]int{nil, {3, -1}} {
				t.Run(fmt.Sprintf("%s/%s/%v", kind.Name(), at, positions), func(t *testing.T) {
					rows := []int{12, 1, 7}
					want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Lens: kind.Name(), At: string(at), Rows: []int{1, 7, 12},
						Positions: positions, Targets: targets, TargetPositions: positions, Threads: torch.Threads()})
					got, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: kind, At: at, Rows: rows, Positions: positions, Words: words, Hidden: true, Stats: stats})
					if err != nil {
						t.Fatal(err)
					}
					equalResult(t, got, want)
					if at != lens.Resid {
						reference.Equal(t, "states", got.Hidden, want["states"])
					}
				})
			}
		}
	}
}

// TestInterventions compares each action, at each kind of point, with a PyTorch
// forward hook that does the same.
func TestInterventions(t *testing.T) {
	for _, name := range []string{"12x96", "4x64-untied"} {
		dir := reference.Model(t, name)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, a)
			C := m.Sizes.Width
			vector := make([]float32, C)
			for i := range vector {
				vector[i] = float32(i%7) - 2.5
			}
			v, err := torch.New(vector, int64(C))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			actions := []struct {
				name   string
				action hooks.Action
				twin   func(point string) reference.Intervention
			}{
				{"scale", hooks.Scale(0.8), func(p string) reference.Intervention { return reference.Scale(p, 0.8) }},
				{"zero", hooks.Zero(), reference.Zero},
				{"add", hooks.Add("v", v), func(p string) reference.Intervention { return reference.Add(p, vector, C) }},
				{"set", hooks.Set("v", v), func(p string) reference.Intervention { return reference.Set(p, vector, C) }},
				{"go", hooks.Func("steer by hand", func(x *torch.Tensor) (*torch.Tensor, error) {
					old, err := torch.Values[float32](x)
					for i := range old {
						old[i] += vector[i%C]
					}
					y, _ := torch.New(old, x.Shape()...)
					return y, err
				}), func(p string) reference.Intervention { return reference.Add(p, vector, C) }},
			}
			points := []string{"wte", "drop", "h.0", "h.2", "h.2.ln_1", "h.2.attn", "h.2.attn.c_proj", "h.1.ln_2", "h.2.mlp",
				"h.0.mlp.c_proj", "ln_f", fmt.Sprintf("h.%d", m.Sizes.Blocks-1), "transformer.h.1"}
			for _, act := range actions {
				for _, point := range points {
					t.Run(fmt.Sprintf("%s/%s/%s/%s", name, a, act.name, point), func(t *testing.T) {
						ids := reference.IDs(3, 14, m.Sizes.Vocab)
						want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Attention: string(a), Threads: torch.Threads(),
							Interventions: []reference.Intervention{act.twin(point)}, Next: true})
						h := &hooks.Registry{}
						h.Add(point, act.action)
						got, err := lens.Read(context.Background(), m, ids, lens.Options{Next: true, Hidden: true, Hooks: h})
						if err != nil {
							t.Fatal(err)
						}
						equalResult(t, got, want)
						reference.Equal(t, "hidden", got.Hidden, want["hidden"])
					})
				}
			}
		}
	}
}
