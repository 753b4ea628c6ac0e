package config

// llamaNames are the names of Llama's parts, which many families took over.
var llamaNames = Names{Prefix: "model.", Tokens: "embed_tokens", Blocks: "layers", FinalNorm: "norm", Head: "lm_head",
	Norm1: "input_layernorm", Norm2: "post_attention_layernorm",
	Attn: "self_attn", Q: "self_attn.q_proj", K: "self_attn.k_proj", V: "self_attn.v_proj", Out: "self_attn.o_proj",
	MLP: "mlp", Up: "mlp.up_proj", Gate: "mlp.gate_proj", Down: "mlp.down_proj", Act: "mlp.act_fn"}

// like is what Llama and the families after it have in common. kvHeads and headDim
// are the class's defaults, 0 for as many as heads, and for C over the heads.
func like(f *fields, missing Base, kvHeads, headDim int) *Arch {
	if missing.Activation == "" {
		missing.Activation = "silu"
	}
	missing.Eps = 1e-6
	a := &Arch{Base: f.base(usual, missing), Norm: RMSNorm, Names: llamaNames}
	a.KVHeads = f.optional("num_key_value_heads", kvHeads, 0, mostWidth)
	if a.HeadDim = f.optional("head_dim", headDim, 0, mostWidth); a.HeadDim == 0 {
		a.HeadDim = a.Width / max(a.Heads, 1)
	}
	a.Rope = f.rope(10000, 1, "rope_theta", "", a.HeadDim, a.Context)
	return a
}

// llama is Llama 1 to 3: RMS norms, gated MLPs, all of a head turned by positions.
func llama(f *fields) *Arch {
	a := like(f, Base{Vocab: 32000, Context: 2048, Width: 4096, Blocks: 32, Heads: 32, Inner: 11008, BOS: 1, EOS: []int64{2}}, 0, 0)
	a.QKVBias = f.boolean("attention_bias", false)
	a.OutBias = a.QKVBias
	a.MLPBias = f.boolean("mlp_bias", false)
	return a
}

// mistral is Llama with a window in every block, unless the file says null.
func mistral(f *fields) *Arch {
	a := like(f, Base{Vocab: 32000, Context: 131072, Width: 4096, Blocks: 32, Heads: 32, Inner: 14336, BOS: 1, EOS: []int64{2}}, 8, 0)
	a.Window = f.optional("sliding_window", 4096, 0, mostContext)
	f.windows(a, func(int) bool { return a.Window > 0 })
	return a
}
