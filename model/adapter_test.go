package model_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// adapters are what peft is asked for: its configuration, and the adapter's type.
var adapters = []struct {
	name, preset string
	lora         map[string]any
	stored       string
}{
	{"one product of all three", "gpt2-96", map[string]any{"r": 8, "lora_alpha": 16, "target_modules": []string{"c_attn"}, "fan_in_fan_out": true}, "float32"},
	{"every product", "gpt2-96", map[string]any{"r": 3, "lora_alpha": 10, "target_modules": []string{"c_attn", "c_proj", "c_fc"}, "fan_in_fan_out": true, "use_rslora": true}, "float32"},
	{"all of Llama", "llama3-96", map[string]any{"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}, "float32"},
	{"in 16 bits", "llama3-96", map[string]any{"r": 4, "lora_alpha": 7, "target_modules": []string{"q_proj", "v_proj"}}, "bfloat16"},
	{"a head of its own", "llama2-96", map[string]any{"r": 5, "lora_alpha": 1, "target_modules": []string{"lm_head", "down_proj"}}, "float32"},
	{"ranks by module", "qwen2-96", map[string]any{"r": 4, "lora_alpha": 8, "target_modules": []string{"q_proj", "k_proj", "up_proj"},
		"rank_pattern": map[string]any{"q_proj": 6, "layers.1.self_attn.q_proj": 7}, "alpha_pattern": map[string]any{"model.layers.2.mlp.up_proj": 3, "up_proj": 5}}, "float32"},
	{"some layers", "neox-96", map[string]any{"r": 2, "lora_alpha": 9, "target_modules": []string{"query_key_value", "dense"}, "layers_to_transform": []int{1}, "layers_pattern": "layers"}, "float16"},
}

// TestAdapters merges adapters as peft's merge_and_unload does, bit by bit, in each type
// that a model computes in.
func TestAdapters(t *testing.T) {
	oneThread(t)
	dtypes := []model.DType{"float32", "bfloat16", "float16"}
	var all []peftWork
	for _, a := range adapters {
		all = append(all, peftWork{reference.Model(t, a.preset), a.lora, a.stored, dtypes})
	}
	made := peft(t, all...)
	for i, a := range adapters {
		for _, dtype := range dtypes {
			t.Run(a.name+"/"+string(dtype), func(t *testing.T) {
				base, dir := all[i].Base, filepath.Join(made, fmt.Sprint(i))
				m := open(t, base, model.Options{DType: dtype, Adapter: filepath.Join(dir, "adapter")})
				if len(m.Warnings) > 0 {
					t.Errorf("warnings: %q", m.Warnings)
				}
				for _, T := range []int{1, 14} {
					ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
					hidden, logits := states(t, m, ids, nil)
					want := reference.Forward(t, reference.Request{Model: filepath.Join(dir, "merged-"+string(dtype)), IDs: ids, Attention: string(m.Attention), DType: string(dtype)})
					reference.Equal(t, fmt.Sprintf("T=%d: hidden_states", T), hidden, want["hidden"])
					reference.Equal(t, fmt.Sprintf("T=%d: logits", T), logits, want["model_logits"])
				}
				plain := open(t, base, model.Options{DType: dtype})
				own, err := plain.KnownDigest()
				if err != nil {
					t.Fatal(err)
				}
				if sum, err := m.KnownDigest(); err != nil || sum == own {
					t.Errorf("the digest with the adapter is %s, and without it %s, %v", sum, own, err)
				}
				path := filepath.Join(t.TempDir(), "m.pt")
				if err := m.Export(path); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// peftWork is an adapter that Python makes.
type peftWork struct {
	Base   string         `json:"base"`
	Lora   map[string]any `json:"lora"`
	Stored string         `json:"stored"`
	DTypes []model.DType  `json:"dtypes"`
}

// peft has Python make random adapters, and models with them merged: see adapter.py.
func peft(t *testing.T, all ...peftWork) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	reference.Script(t, nil, nil, "testdata/adapter.py", dir, string(text))
	return dir
}

// TestBadAdapters: adapters that are more than sums of two thin matrices, and those of
// another model, are refused by name.
func TestBadAdapters(t *testing.T) {
	base := reference.Model(t, "llama3-96")
	whole := filepath.Join(peft(t, peftWork{Base: base, Lora: map[string]any{"r": 4, "lora_alpha": 8, "target_modules": []string{"q_proj"}}, Stored: "float32", DTypes: []model.DType{}}), "0")
	for _, c := range []struct {
		change any // fields of adapter_config.json, or a text in its place
		says   string
	}{
		{map[string]any{"use_dora": true}, "its use_dora is set, which golens does not merge; merge it in Python"},
		{map[string]any{"modules_to_save": []string{"lm_head"}}, "its modules_to_save is set"},
		{map[string]any{"bias": "all"}, `its bias is "all"`},
		{map[string]any{"lora_bias": true}, "its lora_bias is set"},
		{map[string]any{"init_lora_weights": "pissa"}, `its init_lora_weights is "pissa"`},
		{map[string]any{"peft_type": "IA3"}, `its peft_type is "IA3"; golens has LORA`},
		{map[string]any{"a_field_of_tomorrow": map[string]any{"x": 1}}, "its a_field_of_tomorrow is set"},
		{map[string]any{"r": 5}, "says a rank of 5"},
		{map[string]any{"r": 0}, "no r and lora_alpha that can be used"},
		{map[string]any{"lora_alpha": "8"}, "adapter_config.json: lora_alpha is of the type string"},
		{map[string]any{"rank_pattern": map[string]any{"(": 2}}, "the pattern ("},
		{map[string]any{"rank_pattern": map[string]any{"q_proj": "2"}}, "the pattern q_proj"},
		{"{", "adapter_config.json: unexpected end"},
		{"[]", "adapter_config.json holds a JSON array, not an object"},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(whole, "adapter"))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "adapter_config.json")
		text, isText := c.change.(string)
		if !isText {
			all := map[string]any{}
			old, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(old, &all); err != nil {
				t.Fatal(err)
			}
			for k, v := range c.change.(map[string]any) {
				all[k] = v
			}
			b, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(base, model.Options{Adapter: dir})
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want %s", c.change, err, c.says)
		}
	}
	adapter := filepath.Join(whole, "adapter")
	for where, says := range map[string]string{
		reference.Model(t, "gpt2-96"):    "changes model.layers.0.self_attn.q_proj, and the model has no weight of its own there; it was trained on ",
		reference.Model(t, "llama3-480"): "is it the model that the adapter was trained on",
		adapter:                          "holds a LoRA adapter and no model",
	} {
		if _, err := model.Open(where, model.Options{Adapter: adapter}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", where, err, says)
		}
	}
	if _, err := model.Open(base, model.Options{Adapter: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "the folder has no adapter_config.json") {
		t.Errorf("an empty folder: %v", err)
	}
}
