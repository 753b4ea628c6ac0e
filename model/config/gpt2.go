package config

// gpt2 is GPT-2: learned positions, layer norms in front of attention and MLP,
// weights stored as [in,out], and a head that is the token embedding again. The
// names that transformers' classes share (hidden_size and the like) stand for
// GPT-2's own, and keys that change nothing here, such as dropout, are ignored.
func gpt2(f *fields) *Arch {
	f.known("add_cross_attention") // without an encoder's states these layers do nothing
	k := keys{"vocab_size", "n_positions|max_position_embeddings", "n_embd|hidden_size", "n_layer|num_hidden_layers",
		"n_head|num_attention_heads", "n_inner", "layer_norm_epsilon", "activation_function"}
	a := &Arch{
		Base: f.base(k, Base{Vocab: 50257, Context: 1024, Width: 768, Blocks: 12, Heads: 12, Eps: 1e-5,
			Activation: "gelu_new", Tied: true, BOS: 50256, EOS: []int64{50256}}),
		Norm: LayerNorm, QKVBias: true, OutBias: true, MLPBias: true, Conv: true, OwnSoftmax: true,
		Names: Names{Prefix: "transformer.", Tokens: "wte", Positions: "wpe", Stream: "drop", Blocks: "h", FinalNorm: "ln_f", Head: "lm_head",
			Norm1: "ln_1", Norm2: "ln_2", Attn: "attn", QKV: "attn.c_attn", Out: "attn.c_proj",
			MLP: "mlp", Up: "mlp.c_fc", Down: "mlp.c_proj", Act: "mlp.act"},
	}
	if !f.boolean("scale_attn_weights", true) {
		a.ScaleOf = 1
	}
	a.ScaleByBlock = f.boolean("scale_attn_by_inverse_layer_idx", false)
	a.UpcastScores = f.boolean("reorder_and_upcast_attn", false)
	return a
}
