package lens_test

import (
	"context"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestCheckpoints reads the same architecture from every layout that checkpoints on
// the hub have, and wants transformers' bits, computed in float32, from each.
func TestCheckpoints(t *testing.T) {
	for _, options := range [][]string{
		{"--dtype", "float16"},
		{"--dtype", "bfloat16"},
		{"--no-prefix"},
		{"--masks", "float32"},
		{"--masks", "uint8", "--no-prefix"},
		{"--masks", "bool"},
		{"--config", "tie_word_embeddings=true"},
		{"--config", "tie_word_embeddings=true", "--store-head"},
		{"--shard-size", "100KB"},
		{"--shard-size", "100KB", "--dtype", "bfloat16", "--no-prefix", "--masks", "bool"},
		{"--config", "n_inner=200", "--config", "layer_norm_epsilon=1e-3"},
		{"--twins", "200"}, // equal logits by the hundred
	} {
		t.Run(strings.Join(options, " "), func(t *testing.T) {
			dir := reference.Model(t, "4x64-untied", options...)
			m, err := model.Open(dir, model.Options{DType: "float32"})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if len(m.Warnings) > 0 {
				t.Errorf("warnings: %q", m.Warnings)
			}
			ids := reference.IDs(8, 14, m.Sizes.Vocab)
			want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Threads: torch.Threads(), Next: true, Logits: true, Top: 20})
			got, err := lens.Read(context.Background(), m, ids, lens.Options{Next: true, Logits: true, Hidden: true, Top: 20})
			if err != nil {
				t.Fatal(err)
			}
			equalResult(t, got, want)
			reference.Equal(t, "hidden", got.Hidden, want["hidden"])
			reference.Equal(t, "logits", got.Logits, want["logits"])
		})
	}
}

// TestTiesAtTheBorder wants the lower id where equal logits compete for the last
// place among the candidates.
func TestTiesAtTheBorder(t *testing.T) {
	dir := reference.Model(t, "4x64-untied", "--twins", "500")
	m := open(t, dir, model.SDPA)
	ids := reference.IDs(4, 15, m.Sizes.Vocab)
	for top := 1; top <= 4; top++ {
		want := reference.Lens(t, reference.Request{Model: dir, IDs: ids, Threads: torch.Threads(), Top: top})
		got, err := lens.Read(context.Background(), m, ids, lens.Options{Top: top})
		if err != nil {
			t.Fatal(err)
		}
		equalResult(t, got, want)
		for i := 0; i+1 < len(got.TopIDs); i++ {
			if (i+1)%top != 0 && got.TopLogits[i] == got.TopLogits[i+1] && got.TopIDs[i] > got.TopIDs[i+1] {
				t.Errorf("equal logits in the order of ids %d, %d", got.TopIDs[i], got.TopIDs[i+1])
			}
		}
	}
}
