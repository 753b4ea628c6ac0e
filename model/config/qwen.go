package config

// qwen2 is Qwen 2 and 2.5: Llama with biases on queries, keys and values.
func qwen2(f *fields) *Arch {
	a := like(f, Base{Vocab: 151936, Context: 32768, Width: 4096, Blocks: 32, Heads: 32, Inner: 22016, BOS: -1}, 32, 0)
	a.QKVBias = true
	qwenWindows(f, a)
	return a
}

// qwen3 is Llama with norms on the queries and keys of each head.
func qwen3(f *fields) *Arch {
	a := like(f, Base{Vocab: 151936, Context: 32768, Width: 4096, Blocks: 32, Heads: 32, Inner: 22016, BOS: -1}, 32, 128)
	a.QKVBias = f.boolean("attention_bias", false)
	a.OutBias = a.QKVBias
	a.Names.QNorm, a.Names.KNorm = "self_attn.q_norm", "self_attn.k_norm"
	qwenWindows(f, a)
	return a
}

// qwenWindows reads the window, which counts where use_sliding_window says so.
func qwenWindows(f *fields, a *Arch) {
	window, first := f.optional("sliding_window", 4096, 0, mostContext), f.integer("max_window_layers", 28)
	if f.boolean("use_sliding_window", false) {
		a.Window = window
	}
	f.windows(a, func(i int) bool { return a.Window > 0 && int64(i) >= first })
}
