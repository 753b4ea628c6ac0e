package config

// gptNeoX is GPT-NeoX and Pythia: attention and MLP side by side, each behind a
// norm of its own, queries, keys and values in one product, head by head.
func gptNeoX(f *fields) *Arch {
	k := usual
	k.eps = "layer_norm_eps"
	a := &Arch{
		Base: f.base(k, Base{Vocab: 50432, Context: 2048, Width: 6144, Blocks: 44, Heads: 64, Inner: 24576, Eps: 1e-5,
			Activation: "gelu", BOS: 0, EOS: []int64{2}}),
		Norm: LayerNorm, MLPBias: true, ByHead: true,
		Names: Names{Prefix: "gpt_neox.", Tokens: "embed_in", Stream: "emb_dropout", Blocks: "layers", FinalNorm: "final_layer_norm", Head: "embed_out",
			Norm1: "input_layernorm", Norm2: "post_attention_layernorm", Attn: "attention", QKV: "attention.query_key_value", Out: "attention.dense",
			MLP: "mlp", Up: "mlp.dense_h_to_4h", Down: "mlp.dense_4h_to_h", Act: "mlp.act"},
	}
	a.Parallel = f.boolean("use_parallel_residual", true)
	a.QKVBias = f.boolean("attention_bias", true)
	a.OutBias = a.QKVBias
	a.Rope = f.rope(10000, 0.25, "rotary_emb_base", "rotary_pct", a.Width/max(a.Heads, 1), a.Context)
	return a
}
