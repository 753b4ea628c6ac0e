package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/model/token"
)

// An hfCheckpoint is a Hugging Face folder of a tiny GPT-2 with random weights and a
// vocabulary of its own, whose parts a test may spoil before it is written.
type hfCheckpoint struct {
	config  map[string]any
	tensors map[string]tensor
	files   map[string][]byte // vocab.json, merges.txt and whatever else
}

type tensor struct {
	shape  []int64
	values []float32
}

const (
	tinyBlocks  = 2
	tinyWidth   = 16
	tinyContext = 24
)

// tinyMerges make "the", " the", "in" and " c", in this order.
var tinyMerges = [][2]string{{"t", "h"}, {"th", "e"}, {"Ġ", "the"}, {"i", "n"}, {"Ġ", "c"}}

// newCheckpoint returns a valid checkpoint, always the same.
func newCheckpoint(t *testing.T) *hfCheckpoint {
	t.Helper()
	vocab, merges := tinyVocabulary(t)
	c := &hfCheckpoint{
		config: map[string]any{"model_type": "gpt2", "architectures": []string{"GPT2LMHeadModel"}, "n_layer": tinyBlocks, "n_embd": tinyWidth,
			"n_head": 4, "n_positions": tinyContext, "vocab_size": len(vocab), "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5},
		tensors: map[string]tensor{},
		files:   map[string][]byte{"vocab.json": marshal(t, vocab), "merges.txt": []byte(merges)},
	}
	random := rand.New(rand.NewPCG(2026, 7))
	add := func(name string, mean, deviation float32, shape ...int64) {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = mean + deviation*float32(random.NormFloat64())
		}
		c.tensors[name] = tensor{shape, values}
	}
	norm := func(name string) {
		add(name+".weight", 1, 0.2, tinyWidth)
		add(name+".bias", 0, 0.2, tinyWidth)
	}
	linear := func(name string, in, out int64) {
		add(name+".weight", 0, 0.3, in, out)
		add(name+".bias", 0, 0.2, out)
	}
	add("wte.weight", 0, 0.5, int64(len(vocab)), tinyWidth)
	add("wpe.weight", 0, 0.3, tinyContext, tinyWidth)
	for i := range tinyBlocks {
		at := fmt.Sprintf("h.%d.", i)
		norm(at + "ln_1")
		linear(at+"attn.c_attn", tinyWidth, 3*tinyWidth)
		linear(at+"attn.c_proj", tinyWidth, tinyWidth)
		norm(at + "ln_2")
		linear(at+"mlp.c_fc", tinyWidth, 4*tinyWidth)
		linear(at+"mlp.c_proj", 4*tinyWidth, tinyWidth)
	}
	norm("ln_f")
	return c
}

// tinyVocabulary returns every byte as GPT-2 numbers them, the merges' pieces, and
// end of text.
func tinyVocabulary(t *testing.T) (vocab map[string]int, merges string) {
	t.Helper()
	gpt2, err := token.GPT2()
	if err != nil {
		t.Fatal(err)
	}
	vocab = map[string]int{}
	for id := range 256 {
		piece, err := gpt2.Display(int64(id))
		if err != nil {
			t.Fatal(err)
		}
		vocab[piece] = id
	}
	merges = "#version: 0.2\n"
	for _, m := range tinyMerges {
		vocab[m[0]+m[1]] = len(vocab)
		merges += m[0] + " " + m[1] + "\n"
	}
	vocab["<|endoftext|>"] = len(vocab)
	return vocab, merges
}

// write writes the checkpoint into a folder of its own and returns that.
func (c *hfCheckpoint) write(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if c.config != nil {
		put(t, dir, "config.json", marshal(t, c.config))
	}
	if c.tensors != nil {
		var list []safetensors.Tensor
		for _, name := range slices.Sorted(maps.Keys(c.tensors)) {
			list = append(list, safetensors.Float32(name, c.tensors[name].shape, c.tensors[name].values))
		}
		if err := safetensors.WriteFile(filepath.Join(dir, "model.safetensors"), nil, list...); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range c.files {
		put(t, dir, name, data)
	}
	return dir
}

// tiny returns the folder of a valid checkpoint.
func tiny(t *testing.T) string {
	t.Helper()
	return newCheckpoint(t).write(t)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
