package config

import (
	"maps"
	"slices"
	"strings"
)

// GPT2 is what a GPT-2 model is built from.
type GPT2 struct {
	Vocab   int // V, tokens of the vocabulary
	Context int // the longest prompt in tokens
	Width   int // C, numbers in a token's hidden state
	Blocks  int // L
	Heads   int // of each block's attention; each has C/Heads numbers
	Inner   int // width of the MLP between its two layers

	Eps        float64 // added to the variance in each LayerNorm
	Activation string  // of the MLP, by transformers' name: "gelu_new"
	Tied       bool    // the head is the token embedding
	DType      string  // what to compute in: "float32", "float16", "bfloat16"; "" where the weights' own type decides

	// The tokens that begin and end a text. They may lie outside the
	// vocabulary: GPT-2's own are the default in models of another one.
	BOS int64   // negative for none
	EOS []int64 // any of them; nil for none
}

// activations are the MLP activations that golens has. transformers knows
// several forms of GELU whose last bits differ, so a name is not taken for a
// similar one.
var activations = map[string]bool{"gelu_new": true}

// dtypes are the types that golens computes in.
var dtypes = []string{"float32", "float16", "bfloat16"}

// The largest sizes that are taken for a model's and not for damage. Each is
// far above any GPT-2, and low enough that no product overflows.
const (
	mostVocab      = 1 << 28
	mostContext    = 1 << 28
	mostWidth      = 1 << 20
	mostInner      = 1 << 24
	mostBlocks     = 1 << 12
	mostParameters = 1 << 40
)

// readGPT2 reads the fields of a "gpt2" config. Missing keys have the defaults
// of transformers' GPT2Config, the names that its classes share (hidden_size and
// the like) stand for GPT-2's own, and keys that change nothing here, such as
// dropout, are ignored.
func readGPT2(f *fields) *GPT2 {
	g := &GPT2{
		Vocab:      f.size("vocab_size", 50257, mostVocab),
		Context:    f.size(f.either("n_positions", "max_position_embeddings"), 1024, mostContext),
		Width:      f.size(f.either("n_embd", "hidden_size"), 768, mostWidth),
		Blocks:     f.size(f.either("n_layer", "num_hidden_layers"), 12, mostBlocks),
		Heads:      f.size(f.either("n_head", "num_attention_heads"), 12, mostWidth),
		Eps:        f.number("layer_norm_epsilon", 1e-5),
		Activation: f.text("activation_function", "gelu_new"),
		Tied:       f.boolean("tie_word_embeddings", true),
		DType:      readDType(f),
		BOS:        f.id("bos_token_id", 50256),
		EOS:        f.ids("eos_token_id", 50256),
	}
	g.Inner = 4 * g.Width
	if f.has("n_inner") {
		g.Inner = f.size("n_inner", 0, mostInner)
	}
	if !f.boolean("scale_attn_weights", true) {
		f.fail("scale_attn_weights is false: golens has attention scaled by the root of the head's width only")
	}
	if f.boolean("scale_attn_by_inverse_layer_idx", false) {
		f.fail("scale_attn_by_inverse_layer_idx is true: golens scales the attention of all blocks alike")
	}
	if f.boolean("reorder_and_upcast_attn", false) {
		f.fail("reorder_and_upcast_attn is true: golens computes attention in the model's own type and order only")
	}
	if f.boolean("add_cross_attention", false) {
		f.fail("add_cross_attention is true: golens has models without an encoder only")
	}
	if f.err == nil {
		g.check(f)
	}
	return g
}

// check refuses fields that contradict each other.
func (g *GPT2) check(f *fields) {
	if g.Width%g.Heads != 0 {
		f.fail("n_embd is %d, which n_head, %d, does not divide", g.Width, g.Heads)
	}
	if g.Eps < 0 {
		f.fail("layer_norm_epsilon is %g; it must not be negative", g.Eps)
	}
	if !activations[g.Activation] {
		f.fail("activation_function %s is not supported; golens has %s",
			quote(g.Activation), strings.Join(slices.Sorted(maps.Keys(activations)), ", "))
	}
	if n := g.Parameters(); n > mostParameters {
		f.fail("vocab_size, n_positions, n_embd, n_layer and n_inner make a model of %d parameters; the most that golens takes is %d",
			n, int64(mostParameters))
	}
}

// Parameters returns the number of the model's parameters, a tied head counted
// with the embedding.
func (g *GPT2) Parameters() int64 {
	width, inner := int64(g.Width), int64(g.Inner)
	norm := 2 * width
	attention := width*3*width + 3*width + width*width + width
	mlp := width*inner + inner + inner*width + width
	n := (int64(g.Vocab)+int64(g.Context))*width + int64(g.Blocks)*(2*norm+attention+mlp) + norm
	if !g.Tied {
		n += int64(g.Vocab) * width
	}
	return n
}

// readDType returns the type to compute in. dtype goes before torch_dtype, the
// older name.
func readDType(f *fields) string {
	for _, key := range []string{"dtype", "torch_dtype"} {
		if !f.has(key) {
			continue
		}
		dtype := f.text(key, "")
		if f.err == nil && !slices.Contains(dtypes, dtype) {
			f.fail("%s %s is not supported; golens has %s", key, quote(dtype), strings.Join(dtypes, ", "))
		}
		return dtype
	}
	return ""
}
