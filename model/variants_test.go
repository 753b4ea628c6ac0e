package model_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/checkpoint"
	configuration "github.com/golens/golens/model/config"
	"github.com/golens/golens/model/safetensors"
)

type settings = map[string]any

// variants are folders as they are met on the hub: a small model, what its config.json
// says besides, and what happens to its tensors. Each is computed to transformers' bits,
// with the warning that is named here, or refused with the sentence.
var variants = []struct {
	name, preset string
	config       settings
	tensors      func(map[string]safetensors.Tensor)
	warns        string // of the model's warnings, "" for none
	refused      string // of the error
}{
	{name: "cross attention, unused", preset: "gpt2-96", config: settings{"add_cross_attention": true}, tensors: crossed, warns: "does not use, such as transformer.h.0.crossattention."},
	{name: "code in the folder", preset: "gpt2-96", config: settings{"auto_map": settings{"AutoModelForCausalLM": "modeling.Model"}}, warns: "auto_map names code"},
	{name: "code in the folder of a Llama", preset: "llama3-96", config: settings{"auto_map": settings{"AutoModelForCausalLM": "modeling.Model"}}, warns: "auto_map names code"},
	{name: "a field of nobody", preset: "gpt2-96", config: settings{"attention_by_moon": true}, warns: "golens does not know attention_by_moon"},
	{name: "scores not scaled", preset: "gpt2-96", config: settings{"scale_attn_weights": false}},
	{name: "scores scaled by block", preset: "gpt2-96", config: settings{"scale_attn_by_inverse_layer_idx": true}},
	{name: "another epsilon", preset: "gpt2-96", config: settings{"layer_norm_epsilon": 1e-3}},
	{name: "dynamic positions", preset: "llama2-96", config: settings{"rope_parameters": nil, "rope_scaling": settings{"type": "dynamic", "factor": 2.5}, "rope_theta": 5e5}},
	{name: "dynamic positions, an odd factor", preset: "llama2-96", config: settings{"rope_parameters": settings{"rope_type": "dynamic", "factor": 1.1, "rope_theta": 1e4}}},
	{name: "dynamic positions on a part", preset: "neox-96", config: settings{"rope_parameters": settings{"rope_type": "dynamic", "factor": 3.3, "rope_theta": 1e4, "partial_rotary_factor": 0.5}}},
	{name: "old positions", preset: "llama2-96", config: settings{"rope_parameters": nil, "rope_theta": 2e4, "pretraining_tp": 2, "partial_rotary_factor": 0.5}},
	{name: "positions said twice", preset: "llama2-96", config: settings{"rope_parameters": settings{"rope_type": "default", "rope_theta": 1e4}, "rope_scaling": settings{"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}},
	{name: "yarn", preset: "llama2-96", config: settings{"rope_parameters": settings{"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}}, refused: `rope_type "yarn" is not supported`},
	{name: "fewer blocks than the file", preset: "gpt2-96", config: settings{"n_layer": 2}, warns: "does not use, such as"},
	{name: "quantized", preset: "gpt2-96", config: settings{"quantization_config": settings{"quant_method": "gptq", "bits": 4}}, refused: `quantized by "gptq"`},
	{name: "no type", preset: "gpt2-96", config: settings{"model_type": nil}, refused: "model_type is null"},
	{name: "another family", preset: "gpt2-96", config: settings{"model_type": "mamba"}, refused: `model_type "mamba" is not supported`},
	{name: "float64", preset: "gpt2-96", config: settings{"dtype": "float64"}, refused: `dtype "float64" is not supported`},
	{name: "more rows than the vocabulary", preset: "gpt2-96", config: settings{"vocab_size": 1000}, refused: "[1009 96], but config.json asks for [1000 96]"},
	{name: "no prefix", preset: "gpt2-96", tensors: renamed("transformer.", "")},
	{name: "prefix of a wrapper", preset: "gpt2-96", tensors: renamed("transformer.", "module.transformer."), refused: `it has module.transformer.wte.weight: save the model without the "module" around it`},
	{name: "prefix of a compiled model", preset: "llama3-96", tensors: renamed("model.", "_orig_mod.model."), refused: `it has _orig_mod.model.embed_tokens.weight: save the model without the "_orig_mod" around it`},
	{name: "names of TensorFlow", preset: "gpt2-96", tensors: renamed("transformer.ln_f.weight", "transformer.ln_f.gamma"), refused: "it has transformer.ln_f.gamma, by a name that transformers does not read"},
	{name: "a classifier's head", preset: "gpt2-96", tensors: func(all map[string]safetensors.Tensor) {
		all["score.weight"] = safetensors.Tensor{Name: "score.weight", DType: "F32", Shape: []int64{2, 96}, Data: bytes.NewReader(make([]byte, 4*2*96))}
	}, warns: "does not use, such as score.weight"},
	{name: "frequencies in the file", preset: "llama2-96", tensors: func(all map[string]safetensors.Tensor) {
		const name = "model.layers.0.self_attn.rotary_emb.inv_freq"
		all[name] = safetensors.Tensor{Name: name, DType: "F32", Shape: []int64{8}, Data: bytes.NewReader(make([]byte, 4*8))}
	}},
	{name: "masks in the file", preset: "gpt2-96", tensors: func(all map[string]safetensors.Tensor) {
		const name = "transformer.h.0.attn.bias"
		all[name] = safetensors.Tensor{Name: name, DType: "U8", Shape: []int64{1, 1, 320, 320}, Data: bytes.NewReader(make([]byte, 320*320))}
	}},
}

// TestVariants compares each variant with transformers, bit by bit, or holds the sentence.
func TestVariants(t *testing.T) {
	oneThread(t)
	all := variants
	for _, name := range []string{"gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh", "gelu_pytorch_tanh", "hardswish",
		"leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2", "relu6", "sigmoid", "silu", "swish", "tanh"} {
		v := all[0]
		v.name, v.config = name, settings{"activation_function": name}
		all = append(all, v)
	}
	for _, v := range all {
		for _, dtype := range both {
			t.Run(v.name+"/"+string(dtype), func(t *testing.T) {
				dir := variant(t, reference.Model(t, v.preset), v.config, v.tensors)
				m, err := model.Open(dir, model.Options{DType: dtype})
				if v.refused != "" {
					if err == nil || !strings.Contains(err.Error(), v.refused) {
						t.Errorf("it says %v, want %s", err, v.refused)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { m.Close() })
				if s := strings.Join(m.Warnings, "; "); !strings.Contains(s, v.warns) || (s == "") != (v.warns == "") {
					t.Errorf("the warnings are %q, want %q", s, v.warns)
				}
				for _, T := range []int{1, 14} {
					ask := reference.Request{Model: dir, IDs: reference.IDs(uint64(T), T, m.Sizes.Vocab), Attention: string(m.Attention), DType: string(dtype)}
					hidden, logits := states(t, m, ask.IDs, nil)
					want := reference.Forward(t, ask)
					reference.Equal(t, fmt.Sprintf("T=%d: hidden_states", T), hidden, want["hidden"])
					reference.Equal(t, fmt.Sprintf("T=%d: logits", T), logits, want["model_logits"])
				}
			})
		}
	}
}

// TestSaved: of what transformers itself saves, nothing is unknown.
func TestSaved(t *testing.T) {
	for _, f := range families {
		if c, err := configuration.Read(reference.Model(t, f.name+"-96")); err != nil || c.Notes != nil {
			t.Errorf("%s: %q, %v", f.name, c.Notes, err)
		}
	}
}

// crossed adds the cross-attention that GPT-2 has behind an encoder.
func crossed(all map[string]safetensors.Tensor) {
	const C = 96
	for i := range 3 {
		for name, shape := range map[string][]int64{
			"crossattention.c_attn.weight": {C, 2 * C}, "crossattention.c_attn.bias": {2 * C}, "crossattention.q_attn.weight": {C, C}, "crossattention.q_attn.bias": {C},
			"crossattention.c_proj.weight": {C, C}, "crossattention.c_proj.bias": {C}, "ln_cross_attn.weight": {C}, "ln_cross_attn.bias": {C},
		} {
			n := int64(4)
			for _, d := range shape {
				n *= d
			}
			name = fmt.Sprintf("transformer.h.%d.%s", i, name)
			all[name] = safetensors.Tensor{Name: name, DType: "F32", Shape: shape, Data: bytes.NewReader(make([]byte, n))}
		}
	}
}

// renamed gives all tensors with one prefix another.
func renamed(from, to string) func(map[string]safetensors.Tensor) {
	return func(all map[string]safetensors.Tensor) {
		for name, x := range maps.Clone(all) {
			if rest, ok := strings.CutPrefix(name, from); ok {
				delete(all, name)
				x.Name = to + rest
				all[x.Name] = x
			}
		}
	}
}

// variant copies a model's folder with other fields in its config.json, and with its
// tensors changed by change, if that is not nil.
func variant(t *testing.T, source string, fields settings, change func(map[string]safetensors.Tensor)) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	path, config := filepath.Join(dir, "config.json"), settings{}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	maps.Copy(config, fields)
	if text, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if change == nil {
		return dir
	}
	set, err := checkpoint.OpenDir(source)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	all := map[string]safetensors.Tensor{}
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		data, err := io.ReadAll(set.Reader(e))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = safetensors.Tensor{Name: name, DType: e.DType, Shape: e.Shape, Data: bytes.NewReader(data)}
	}
	change(all)
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if err := safetensors.WriteFile(filepath.Join(dir, "model.safetensors"), map[string]string{"format": "pt"}, slices.Collect(maps.Values(all))...); err != nil {
		t.Fatal(err)
	}
	return dir
}
