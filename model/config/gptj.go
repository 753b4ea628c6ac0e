package config

// gptJ is GPT-J: attention and MLP side by side behind one norm, neighbouring
// numbers of a head turned together, scores in float32, a head with a bias.
func gptJ(f *fields) *Arch {
	k := keys{"vocab_size", "n_positions|max_position_embeddings", "n_embd|hidden_size", "n_layer|num_hidden_layers",
		"n_head|num_attention_heads", "n_inner", "layer_norm_epsilon", "activation_function"}
	a := &Arch{
		Base: f.base(k, Base{Vocab: 50400, Context: 2048, Width: 4096, Blocks: 28, Heads: 16, Eps: 1e-5,
			Activation: "gelu_new", BOS: 50256, EOS: []int64{50256}}),
		Norm: LayerNorm, MLPBias: true, HeadBias: true, Parallel: true, FullScores: true, DivideScore: true, EagerOnly: true,
		Names: Names{Prefix: "transformer.", Tokens: "wte", Stream: "drop", Blocks: "h", FinalNorm: "ln_f", Head: "lm_head",
			Norm1: "ln_1", Attn: "attn", Q: "attn.q_proj", K: "attn.k_proj", V: "attn.v_proj", Out: "attn.out_proj",
			MLP: "mlp", Up: "mlp.fc_in", Down: "mlp.fc_out", Act: "mlp.act"},
	}
	a.Rope = &Rope{Theta: 10000, Type: "default", Pairs: true, Dim: f.size("rotary_dim", 64, mostWidth)}
	return a
}
