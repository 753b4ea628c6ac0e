package config

// gemma is what Gemma 2 and 3 have in common: Llama with norms by 1 + weight, also on
// what attention and MLP add, a scaled embedding, and windows.
func gemma(f *fields, vocab, context int) *Arch {
	f.refuse("use_bidirectional_attention", "golens has models that look back only")
	f.known("hidden_activation")
	delete(f.values, "hidden_act") // the hub's files have it, and transformers reads the other
	if v, ok := f.values["hidden_activation"]; ok {
		f.values["hidden_act"] = v
	}
	a := like(f, Base{Vocab: vocab, Context: context, Width: 2304, Blocks: 26, Heads: 8, Inner: 9216, Activation: "gelu_pytorch_tanh",
		Tied: true, BOS: 2, EOS: []int64{1}}, 4, 256)
	a.Norm, a.EmbedScale = RMSNormOne, true
	a.QKVBias = f.boolean("attention_bias", false)
	a.OutBias = a.QKVBias
	if a.ScaleOf = f.number("query_pre_attn_scalar", 256); f.err == nil && !(a.ScaleOf > 0) {
		f.fail("query_pre_attn_scalar is %g; it must be above 0", a.ScaleOf)
	}
	a.Names.AttnNorm, a.Names.Norm2, a.Names.MLPNorm = "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"
	a.Window = f.optional("sliding_window", 4096, 0, mostContext)
	return a
}

// gemma2 keeps scores and logits within bounds.
func gemma2(f *fields) *Arch {
	a := gemma(f, 256000, 8192)
	a.EagerOnly = true
	a.ScoreCap, a.LogitCap = f.cap("attn_logit_softcapping", 50), f.cap("final_logit_softcapping", 30)
	f.windows(a, func(i int) bool { return i%2 == 0 })
	return a
}

// gemma3 has norms on queries and keys, and another theta in blocks with a window.
func gemma3(f *fields) *Arch {
	nested := f.object("rope_parameters")
	scaling := f.object("rope_scaling")
	delete(f.values, "rope_parameters")
	delete(f.values, "rope_scaling")
	a := gemma(f, 262208, 131072)
	a.ScoreCap, a.LogitCap = f.cap("attn_logit_softcapping", 0), f.cap("final_logit_softcapping", 0)
	a.Names.QNorm, a.Names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
	f.known("_sliding_window_pattern") // transformers writes it, and reads the other
	every := f.integer("sliding_window_pattern", 6)
	if every < 1 {
		f.fail("sliding_window_pattern is %d; it must be at least 1", every)
		return a
	}
	f.windows(a, func(i int) bool { return int64(i+1)%every != 0 })
	full := nested.object("full_attention")
	for key, value := range scaling.values {
		full.values[key] = value
	}
	a.Rope = f.ropeOf("rope_parameters", full, f.number("rope_theta", 1e6), 1, a.HeadDim, a.Context)
	a.LocalRope = f.ropeOf("rope_parameters", nested.object("sliding_attention"), f.number("rope_local_base_freq", 1e4), 1, a.HeadDim, a.Context)
	if nested.err != nil {
		f.fail("rope_parameters: %w", nested.err)
	}
	return a
}

// cap returns the bound that a key holds, 0 for null.
func (f *fields) cap(key string, missing float64) float64 {
	if value, ok := f.get(key); ok && value.Kind() == 'n' {
		return 0
	}
	return f.number(key, missing)
}
