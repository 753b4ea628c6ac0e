package model

import (
	"testing"

	"github.com/golens/golens/model/config"
)

// TestPlanParameters: the plan of a configuration asks for as many numbers as its
// configuration says that the model has, in tensors of different names.
func TestPlanParameters(t *testing.T) {
	for _, text := range []string{
		`{"model_type":"gpt2"}`, `{"model_type":"gpt2","tie_word_embeddings":false}`, `{"model_type":"phi"}`, `{"model_type":"phi","qk_layernorm":true,"num_key_value_heads":8}`,
		`{"model_type":"gpt_neox"}`, `{"model_type":"gpt_neox","attention_bias":false,"use_parallel_residual":false}`,
		`{"model_type":"llama"}`, `{"model_type":"llama","attention_bias":true,"mlp_bias":true,"num_key_value_heads":4,"head_dim":96}`, `{"model_type":"mistral"}`,
		`{"model_type":"qwen2","tie_word_embeddings":true}`, `{"model_type":"qwen3"}`, `{"model_type":"opt"}`,
		`{"model_type":"opt","word_embed_proj_dim":512,"do_layer_norm_before":false}`, `{"model_type":"opt","enable_bias":false}`,
		`{"model_type":"gptj"}`, `{"model_type":"gpt_neo"}`, `{"model_type":"gemma2"}`, `{"model_type":"gemma3_text"}`,
	} {
		c, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		head := c.Arch.Names.Head + ".weight"
		if c.Arch.Tied {
			head = c.Arch.Names.Tokens + ".weight"
		}
		tree, layout := plan(c.Arch, SDPA, head)
		var n int64
		seen := map[string]bool{}
		for _, p := range tree.allParams(nil) {
			if seen[p.key] && p.key != head {
				t.Errorf("%s: %s is asked for twice", text, p.key)
			}
			if seen[p.key] {
				continue
			}
			seen[p.key] = true
			size := int64(1)
			for _, s := range p.shape {
				size *= s
			}
			n += size
		}
		if n != c.Arch.Parameters() {
			t.Errorf("%s: the plan has %d numbers, the configuration %d", text, n, c.Arch.Parameters())
		}
		if len(layout.Blocks) != c.Arch.Blocks {
			t.Errorf("%s: %d blocks", text, len(layout.Blocks))
		}
	}
}
