package config

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// gptNeo is GPT-Neo: GPT-2 with scores in float32 that are not scaled, and a window
// in the blocks that are called local.
func gptNeo(f *fields) *Arch {
	k := keys{"vocab_size", "max_position_embeddings", "hidden_size", "num_layers|num_hidden_layers",
		"num_heads|num_attention_heads", "intermediate_size", "layer_norm_epsilon", "activation_function"}
	a := &Arch{
		Base: f.base(k, Base{Vocab: 50257, Context: 2048, Width: 2048, Blocks: 24, Heads: 16, Eps: 1e-5,
			Activation: "gelu_new", Tied: true, BOS: 50256, EOS: []int64{50256}}),
		Norm: LayerNorm, OutBias: true, MLPBias: true, ScaleOf: 1, FullScores: true, EagerOnly: true, WholeCache: true,
		Names: Names{Prefix: "transformer.", Tokens: "wte", Positions: "wpe", Stream: "drop", Blocks: "h", FinalNorm: "ln_f", Head: "lm_head",
			Norm1: "ln_1", Norm2: "ln_2", Attn: "attn.attention", Q: "attn.attention.q_proj", K: "attn.attention.k_proj",
			V: "attn.attention.v_proj", Out: "attn.attention.out_proj",
			MLP: "mlp", Up: "mlp.c_fc", Down: "mlp.c_proj", Act: "mlp.act"},
	}
	a.Window = f.size("window_size", 256, mostContext)
	kinds := f.localBlocks()
	if f.err == nil && len(kinds) != a.Blocks {
		f.fail("attention_types make %d blocks, and num_layers is %d", len(kinds), a.Blocks)
	}
	a.Windowed = kinds
	return a
}

// localBlocks reads attention_types, such as [[["global","local"],12]], and
// returns which blocks are local.
func (f *fields) localBlocks() []bool {
	text := jsontext.Value(`[[["global","local"],12]]`)
	if f.has("attention_types") {
		text = f.values["attention_types"]
	}
	var groups [][]jsontext.Value
	if err := json.Unmarshal(text, &groups); err != nil {
		f.wrong("attention_types", `a list such as [[["global","local"],12]]`)
		return nil
	}
	var out []bool
	for _, g := range groups {
		var names []string
		var times int
		if len(g) != 2 || json.Unmarshal(g[0], &names) != nil || json.Unmarshal(g[1], &times) != nil || times < 0 || times*len(names) > mostBlocks {
			f.fail(`attention_types is not a list such as [[["global","local"],12]]`)
			return nil
		}
		for range times {
			for _, s := range names {
				if s != "global" && s != "local" {
					f.fail("attention_types holds %s; golens has global and local", quote(s))
					return nil
				}
				if out = append(out, s == "local"); len(out) > mostBlocks {
					f.fail("attention_types make more blocks than golens takes")
					return nil
				}
			}
		}
	}
	return out
}
