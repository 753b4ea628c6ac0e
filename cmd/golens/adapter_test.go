package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// peftOf returns a folder of an adapter of a model, as Python's peft writes it, and the model
// with the adapter merged.
func peftOf(t *testing.T, base string) (adapter, merged string) {
	t.Helper()
	dir := t.TempDir()
	work := []map[string]any{{"base": base, "stored": "float32", "dtypes": []string{"float32"},
		"lora": map[string]any{"r": 4, "lora_alpha": 9, "target_modules": []string{"q_proj", "down_proj"}}}}
	reference.Script(t, nil, nil, "../../model/testdata/adapter.py", dir, string(marshal(t, work)))
	adapter, merged = filepath.Join(dir, "0", "adapter"), filepath.Join(dir, "0", "merged-float32")
	put(t, merged, "tokenizer.json", []byte(read(t, filepath.Join(base, "tokenizer.json"))))
	return adapter, merged
}

// repository returns the files of a folder, as a repository of the hub.
func repository(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range files(t, dir) {
		all[name] = []byte(read(t, filepath.Join(dir, name)))
	}
	return all
}

// TestAdapterByName: an adapter that the cache lacks is fetched, once, and gives what its folder
// and the merged model give.
func TestAdapterByName(t *testing.T) {
	base := reference.Llama(t)
	folder, merged := peftOf(t, base)
	h, cache := hosted(t)
	h.Add("org/lora", repository(t, folder))
	h.Models["org/lora"].Refs["refs/pr/1"] = h.Models["org/lora"].Refs["main"]

	text := func(model string, more ...string) (manifest string, logits []float32) {
		t.Helper()
		out := good(t, append([]string{"lens", "--ids", "5,9,14,3", "--model", model, "--dtype", "float32", "--json", "-"}, more...)...)
		read := readJSON(t, out)
		return read.Manifest["model"].(string), read.arrays["logsumexp"].Float32
	}
	_, want := text(merged)
	equal := func(what, name string, got []float32, wantName string) {
		t.Helper()
		if !slices.Equal(got, want) || name != wantName {
			t.Errorf("%s: the model is %s, want %s; its numbers are equal: %v", what, name, wantName, slices.Equal(got, want))
		}
	}
	name, got := text(base, "--adapter", folder)
	equal("by folder", name, got, base+"+adapter")

	t.Setenv("HF_HUB_OFFLINE", "1")
	refused(t, golens(t, "lens", "the", "--model", base, "--adapter", "org/lora"), 1,
		"adapter: find model org/lora: ", "HF_HUB_OFFLINE is set", "golens model fetch org/lora")
	t.Setenv("HF_HUB_OFFLINE", "")
	refused(t, golens(t, "lens", "the", "--model", base, "--adapter", "org/lore"), 1, "adapter: fetch model org/lore: ", "has no model org/lore")
	refused(t, golens(t, "lens", "the", "--model", base, "--adapter", "org/tiny"), 1, "it has no adapter_config.json, so that it is no adapter")
	refused(t, golens(t, "lens", "the", "--model", base, "--adapter", "./none"), 1, "there is no folder ./none, which should hold an adapter")
	refused(t, golens(t, "lens", "the", "--model", base, "--adapter", filepath.Join(folder, "adapter_model.safetensors")), 2, "is a file: give the folder")

	// Whoever misspelt the adapter waits for no model.
	h.Requests()
	refused(t, golens(t, "lens", "the", "--model", "org/tiny", "--adapter", "org/lore"), 1, "has no model org/lore")
	for _, r := range h.Requests() {
		if r.Server == "cdn" {
			t.Errorf("%s was fetched", r.URL)
		}
	}
	first := golens(t, "lens", "the", "--model", base, "--adapter", "org/lora")
	if first.code != 0 || !strings.HasPrefix(first.stderr, "golens: fetching org/lora at ") || !strings.Contains(first.stderr, " in 1 file\n") {
		t.Errorf("%+v", first)
	}
	good(t, "lens", "the", "--model", base, "--adapter", "org/lora@refs/pr/1")
	refused(t, golens(t, "lens", "the", "--model", "org/lora"), 2, "org/lora holds a LoRA adapter and no model", "--model "+base+" --adapter org/lora")
	if list := good(t, "model", "list"); !strings.Contains(list, "LoRA adapter  float32  merges it into "+base) {
		t.Error(list)
	}

	h.Close() // from now on whoever asks the hub gets no answer
	name, got = text(base, "--adapter", "org/lora")
	equal("by name", name, got, base+"+org/lora")
	name, got = text(base, "--adapter", "org/lora@refs/pr/1")
	equal("by its revision", name, got, base+"+org/lora@refs/pr/1")
	good(t, "model", "remove", "org/lora", "--yes")
	if _, err := os.Stat(filepath.Join(cache, "models--org--lora")); err == nil {
		t.Error("the adapter is there still")
	}
}
