package reference

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// All layouts of a checkpoint hold the same model.
func TestLayouts(t *testing.T) {
	tied := []string{"--config", "tie_word_embeddings=true"}
	model := func(options ...string) string { return Model(t, "4x64-untied", slices.Concat(tied, options)...) }
	r := Request{Model: model(), IDs: IDs(1, 5, 1009)}
	want := Forward(t, r)["model_logits"]
	for _, options := range [][]string{
		{"--no-prefix"},
		{"--store-head"},
		{"--masks", "float32", "--no-prefix"},
		{"--masks", "uint8"},
		{"--masks", "bool", "--shard-size", "300KB", "--store-head", "--no-prefix"},
	} {
		r.Model = model(options...)
		EqualArrays(t, filepath.Base(r.Model), Forward(t, r)["model_logits"], want)
	}
	for _, options := range [][]string{{"--seed", "1"}, {"--dtype", "bfloat16"}, {"--dtype", "float16"}, {"--config", "n_inner=200"}} {
		r.Model = model(options...)
		if compare(Forward(t, r)["model_logits"].Float32, want) == "" {
			t.Errorf("%v makes no difference", options)
		}
	}
}

func TestRemoveUnused(t *testing.T) {
	now := time.Now()
	folder := t.TempDir()
	for name, age := range map[string]time.Duration{"old": unused + time.Hour, "new": time.Hour} {
		if err := os.MkdirAll(filepath.Join(folder, name, "3x768"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(folder, name), now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	removeUnused(folder, now)
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "new" {
		t.Errorf("left %v (%v), want only new", left, err)
	}
}
