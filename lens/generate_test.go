package lens_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestGenerate compares the lens of every step with a notebook's on transformers'
// generate, bit by bit: the tokens, every state, and every statistic.
func TestGenerate(t *testing.T) {
	for _, c := range []struct {
		preset    string
		attention model.Attention
		T, new    int
		kind      lens.Projection
		threads   int
	}{
		{"4x64-untied", model.SDPA, 5, 64, lens.Notebook, 1},
		{"4x64-untied", model.Eager, 1, 16, lens.Notebook, 1},
		{"4x64-untied", model.SDPA, 14, 16, lens.Raw, 2},
		{"12x96", model.SDPA, 4, 10, lens.Notebook, 1},
		{"12x96", model.SDPA, 14, 5, lens.Normed, 1},
		{"12x96", model.Eager, 2, 5, lens.Normed, 2},
		{"12x96", model.SDPA, 4, 6, affine{}, 1},
	} {
		t.Run(fmt.Sprintf("%s/%s/T=%d/%s/threads=%d", c.preset, c.attention, c.T, c.kind.Name(), c.threads), func(t *testing.T) {
			withThreads(t, c.threads, func(t *testing.T) {
				dir := reference.Model(t, c.preset)
				m := open(t, dir, c.attention)
				ids := reference.IDs(uint64(c.T), c.T, m.Sizes.Vocab)
				want := reference.Generate(t, reference.Generation{New: c.new, EndOfText: -1, Request: reference.Request{
					Model: dir, IDs: ids, Attention: string(c.attention), Threads: c.threads, Lens: c.kind.Name(), Top: 3}})
				g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: c.new, NoEnd: true,
					Lens: lens.Options{Projection: c.kind, Top: 3, Next: true, Hidden: true, Stats: stats}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				equalGeneration(t, g, want)
			})
		})
	}
}

// equalGeneration compares a generation with next tokens as targets.
func equalGeneration(t *testing.T, g *lens.Generation, want reference.Arrays) {
	t.Helper()
	reference.Equal(t, "sequence", g.Sequence, want["sequence"])
	r := g.Joined(0)
	reference.Equal(t, "hidden", r.Hidden, want["hidden"])
	want["target_ids"] = reference.Array{Int64: want["sequence"].Int64[1:]}
	equalResult(t, r, want)
	if n := len(g.Sequence); g.T+len(g.Steps) != n || len(r.Positions) != n-1 || len(r.Tokens) != n-1 {
		t.Errorf("%d steps behind %d tokens have %d positions, and the sequence has %d", len(g.Steps), g.T, len(r.Positions), n)
	}
}

// TestGenerateInterventions compares a generation under an intervention.
func TestGenerateInterventions(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(3, 6, m.Sizes.Vocab)
	for _, point := range []string{"h.1", "h.2.mlp", "h.0.attn"} {
		want := reference.Generate(t, reference.Generation{New: 12, EndOfText: -1, Request: reference.Request{Model: dir, IDs: ids, Threads: torch.Threads(),
			Lens: "notebook", Top: 3, Interventions: []reference.Intervention{reference.Scale(point, 0.7)}}})
		h := &hooks.Registry{}
		h.Add(point, hooks.Scale(0.7))
		g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 12, NoEnd: true,
			Lens: lens.Options{Top: 3, Next: true, Hidden: true, Hooks: h}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		equalGeneration(t, g, want)
	}
}
