package config

// opt is OPT: learned positions from the third row of their table on, ReLU, and
// queries that are scaled before they are split. OPT-350m has its norms behind
// its additions, no last norm, and an embedding narrower than its blocks.
func opt(f *fields) *Arch {
	f.only("layer_norm_elementwise_affine", true, "golens has norms with weights only")
	k := usual
	k.inner, k.eps, k.activation = "ffn_dim", "", "activation_function"
	a := &Arch{
		Base: f.base(k, Base{Vocab: 50272, Context: 2048, Width: 768, Blocks: 12, Heads: 12, Inner: 3072, Eps: 1e-5,
			Activation: "relu", Tied: true, BOS: 2, EOS: []int64{2}}),
		Norm: LayerNorm, ScaleOf: 1, ScaleQuery: true, PositionOffset: 2,
		Names: Names{Prefix: "model.decoder.", Tokens: "embed_tokens", Positions: "embed_positions", Blocks: "layers", FinalNorm: "final_layer_norm", Head: "lm_head",
			Norm1: "self_attn_layer_norm", Norm2: "final_layer_norm",
			Attn: "self_attn", Q: "self_attn.q_proj", K: "self_attn.k_proj", V: "self_attn.v_proj", Out: "self_attn.out_proj",
			Up: "fc1", Down: "fc2", Act: "activation_fn"},
	}
	bias := f.boolean("enable_bias", true)
	a.QKVBias, a.OutBias, a.MLPBias = bias, bias, bias
	a.PostNorm = !f.boolean("do_layer_norm_before", true)
	if removed := f.boolean("_remove_final_layer_norm", false); a.PostNorm || removed {
		a.Names.FinalNorm = ""
	}
	if outer := f.optional("word_embed_proj_dim", a.Width, a.Width, mostWidth); outer != a.Width {
		a.ProjectDim, a.Names.ProjectIn, a.Names.ProjectOut = outer, "project_in", "project_out"
	}
	return a
}
