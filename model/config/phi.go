package config

// phi is Phi-1, 1.5 and 2: attention and MLP side by side behind one norm, part
// of each head turned by positions, a head with a bias.
func phi(f *fields) *Arch {
	k := usual
	k.eps = "layer_norm_eps"
	a := &Arch{
		Base: f.base(k, Base{Vocab: 51200, Context: 2048, Width: 2048, Blocks: 24, Heads: 32, Inner: 8192, Eps: 1e-5,
			Activation: "gelu_new", BOS: 1, EOS: []int64{2}}),
		Norm: LayerNorm, QKVBias: true, OutBias: true, MLPBias: true, HeadBias: true, Parallel: true,
		Names: Names{Prefix: "model.", Tokens: "embed_tokens", Stream: "embed_dropout", Blocks: "layers", FinalNorm: "final_layernorm", Head: "lm_head",
			Norm1: "input_layernorm", Attn: "self_attn", Q: "self_attn.q_proj", K: "self_attn.k_proj", V: "self_attn.v_proj", Out: "self_attn.dense",
			MLP: "mlp", Up: "mlp.fc1", Down: "mlp.fc2", Act: "mlp.activation_fn"},
	}
	a.KVHeads = f.optional("num_key_value_heads", 0, 0, mostWidth)
	a.Rope = f.rope(10000, 0.5, "rope_theta", "partial_rotary_factor", a.Width/max(a.Heads, 1), a.Context)
	if f.boolean("qk_layernorm", false) {
		a.Names.QNorm, a.Names.KNorm = "self_attn.q_layernorm", "self_attn.k_layernorm"
	}
	return a
}
