package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// published are configurations as the hub has them, in the words of the older
// transformers as of the newer, and how many parameters these models have.
var published = []struct {
	name, text string
	parameters int64
}{
	{"pythia-70m", `{"model_type":"gpt_neox","vocab_size":50304,"hidden_size":512,"num_hidden_layers":6,"num_attention_heads":8,"intermediate_size":2048,"hidden_act":"gelu",
		"rotary_pct":0.25,"rotary_emb_base":10000,"max_position_embeddings":2048,"layer_norm_eps":1e-05,"tie_word_embeddings":false,"use_parallel_residual":true,"torch_dtype":"float16","eos_token_id":0}`, 70_426_624},
	{"phi-1.5", `{"model_type":"phi","vocab_size":51200,"hidden_size":2048,"num_hidden_layers":24,"num_attention_heads":32,"num_key_value_heads":null,"intermediate_size":8192,
		"hidden_act":"gelu_new","partial_rotary_factor":0.5,"rope_theta":10000.0,"rope_scaling":null,"qk_layernorm":false,"bos_token_id":null,"eos_token_id":null,"torch_dtype":"float16"}`, 1_418_270_720},
	{"phi-2", `{"model_type":"phi","vocab_size":51200,"hidden_size":2560,"num_hidden_layers":32,"num_attention_heads":32,"intermediate_size":10240,
		"partial_rotary_factor":0.4,"rope_theta":10000.0,"bos_token_id":50256,"eos_token_id":50256,"torch_dtype":"float16"}`, 2_779_683_840},
	{"llama-2-7b", `{"model_type":"llama","hidden_size":4096,"intermediate_size":11008,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":32,
		"max_position_embeddings":4096,"rms_norm_eps":1e-05,"rope_scaling":null,"tie_word_embeddings":false,"pretraining_tp":1,"torch_dtype":"float16"}`, 6_738_415_616},
	{"llama-3.1-8b", `{"model_type":"llama","vocab_size":128256,"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,
		"max_position_embeddings":131072,"rms_norm_eps":1e-05,"rope_theta":500000.0,"attention_bias":false,"mlp_bias":false,"eos_token_id":[128001,128008,128009],"bos_token_id":128000,
		"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,"rope_type":"llama3"},"torch_dtype":"bfloat16"}`, 8_030_261_248},
	{"llama linear", `{"model_type":"llama","hidden_size":64,"intermediate_size":128,"num_hidden_layers":1,"num_attention_heads":4,"rope_scaling":{"type":"linear","factor":4.0}}`, 64*32000*2 + 64*3 + 4*64*64 + 3*64*128},
	{"mistral-7b", `{"model_type":"mistral","hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,"num_attention_heads":32,"num_key_value_heads":8,
		"max_position_embeddings":32768,"rms_norm_eps":1e-05,"rope_theta":10000.0,"sliding_window":4096,"torch_dtype":"bfloat16"}`, 7_241_732_096},
	{"mistral without a window", `{"model_type":"mistral","sliding_window":null,"rope_theta":1000000.0}`, 7_241_732_096},
	{"qwen2.5-0.5b", `{"model_type":"qwen2","vocab_size":151936,"hidden_size":896,"intermediate_size":4864,"num_hidden_layers":24,"num_attention_heads":14,"num_key_value_heads":2,
		"max_position_embeddings":32768,"max_window_layers":24,"rope_theta":1000000.0,"sliding_window":32768,"use_sliding_window":false,"tie_word_embeddings":true,"torch_dtype":"bfloat16","bos_token_id":151643,"eos_token_id":151643}`, 494_032_768},
	{"qwen2 with windows", `{"model_type":"qwen2","vocab_size":99,"hidden_size":64,"intermediate_size":128,"num_hidden_layers":4,"num_attention_heads":4,"num_key_value_heads":2,
		"max_window_layers":2,"sliding_window":16,"use_sliding_window":true}`, 99*64*2 + 64 + 4*(2*64+64*64+64+2*(64*32+32)+64*64+3*64*128)},
	{"qwen3-0.6b", `{"model_type":"qwen3","vocab_size":151936,"hidden_size":1024,"intermediate_size":3072,"num_hidden_layers":28,"num_attention_heads":16,"num_key_value_heads":8,"head_dim":128,
		"max_position_embeddings":40960,"rope_theta":1000000,"rope_scaling":null,"sliding_window":null,"max_window_layers":28,"tie_word_embeddings":true,"attention_bias":false,"torch_dtype":"bfloat16"}`, 596_049_920},
	{"opt-125m", `{"model_type":"opt","vocab_size":50272,"hidden_size":768,"ffn_dim":3072,"num_hidden_layers":12,"num_attention_heads":12,"max_position_embeddings":2048,"word_embed_proj_dim":768,
		"do_layer_norm_before":true,"_remove_final_layer_norm":false,"activation_function":"relu","bos_token_id":2,"eos_token_id":2,"torch_dtype":"float16"}`, 125_239_296},
	{"opt-350m", `{"model_type":"opt","vocab_size":50272,"hidden_size":1024,"ffn_dim":4096,"num_hidden_layers":24,"num_attention_heads":16,"max_position_embeddings":2048,"word_embed_proj_dim":512,
		"do_layer_norm_before":false,"activation_function":"relu","torch_dtype":"float16"}`, 331_196_416},
	{"gpt-j-6b", `{"model_type":"gptj","vocab_size":50400,"n_embd":4096,"n_head":16,"n_layer":28,"n_positions":2048,"n_inner":null,"rotary_dim":64,"rotary":true,"tie_word_embeddings":false}`, 6_050_882_784},
	{"gpt-neo-125m", `{"model_type":"gpt_neo","vocab_size":50257,"hidden_size":768,"num_layers":12,"num_heads":12,"intermediate_size":null,"max_position_embeddings":2048,
		"window_size":256,"attention_types":[[["global","local"],6]],"attention_layers":["global","local","global","local","global","local","global","local","global","local","global","local"],"torch_dtype":"float32"}`, 125_198_592},
	{"gemma-2-2b", `{"model_type":"gemma2","vocab_size":256000,"hidden_size":2304,"intermediate_size":9216,"num_hidden_layers":26,"num_attention_heads":8,"num_key_value_heads":4,"head_dim":256,
		"hidden_act":"gelu_pytorch_tanh","hidden_activation":"gelu_pytorch_tanh","query_pre_attn_scalar":256,"sliding_window":4096,"attn_logit_softcapping":50.0,"final_logit_softcapping":30.0,"rope_theta":10000.0,"torch_dtype":"float32"}`, 2_614_341_888},
	{"gemma-3-1b", `{"model_type":"gemma3_text","vocab_size":262144,"hidden_size":1152,"intermediate_size":6912,"num_hidden_layers":26,"num_attention_heads":4,"num_key_value_heads":1,"head_dim":256,
		"max_position_embeddings":32768,"query_pre_attn_scalar":256,"sliding_window":512,"sliding_window_pattern":6,"rope_theta":1000000,"rope_local_base_freq":10000,"rope_scaling":null,
		"attn_logit_softcapping":null,"final_logit_softcapping":null,"torch_dtype":"bfloat16","eos_token_id":[1,106]}`, 999_885_952},
	{"gemma-3 of today", `{"model_type":"gemma3_text","vocab_size":99,"hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":32,
		"layer_types":["full_attention","sliding_attention"],"rope_parameters":{"full_attention":{"rope_type":"linear","factor":8.0,"rope_theta":1000000.0},"sliding_attention":{"rope_type":"default","rope_theta":20000.0}}}`,
		99*64 + 64 + 2*(4*64+2*32+64*128+2*64*64+128*64+3*64*128)},
}

// TestPublished counts the published models' parameters.
func TestPublished(t *testing.T) {
	for _, c := range published {
		got, err := Parse([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n := got.Arch.Parameters(); n != c.parameters {
			t.Errorf("%s has %d parameters, want %d", c.name, n, c.parameters)
		}
	}
}

// TestPublishedOracle compares what is read of them with transformers' own classes.
func TestPublishedOracle(t *testing.T) {
	var texts []string
	for _, c := range published {
		texts = append(texts, c.text)
	}
	texts = append(texts, `{"model_type":"gpt_neox"}`, `{"model_type":"phi"}`, `{"model_type":"llama"}`, `{"model_type":"mistral"}`, `{"model_type":"qwen2"}`,
		`{"model_type":"qwen3"}`, `{"model_type":"opt"}`, `{"model_type":"gptj"}`, `{"model_type":"gpt_neo"}`, `{"model_type":"gemma2"}`, `{"model_type":"gemma3_text"}`)
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(reference.Script(t, nil, bytes.NewReader(in), "testdata/families.py")))
	for _, text := range texts {
		var want struct {
			Base
			Parameters, Window int64
			HeadDim, KVHeads   int
			Windowed           []bool
			Rope, LocalRope    *Rope
		}
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		c, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		a := c.Arch
		rope := a.Rope
		if rope != nil && rope.Pairs { // transformers has them in no field
			rope = nil
		}
		if !reflect.DeepEqual(a.Base, want.Base) || a.Parameters() != want.Parameters || a.HeadDim != want.HeadDim || a.KVHeads != want.KVHeads {
			t.Errorf("%s\n got %+v, %d parameters, heads %d of %d\nwant %+v", text, a.Base, a.Parameters(), a.KVHeads, a.HeadDim, want)
		}
		if !reflect.DeepEqual(rope, want.Rope) || !reflect.DeepEqual(a.LocalRope, want.LocalRope) {
			t.Errorf("%s\n got %+v %+v\nwant %+v %+v", text, rope, a.LocalRope, want.Rope, want.LocalRope)
		}
		if !reflect.DeepEqual(a.Windowed, want.Windowed) || a.Windowed != nil && int64(a.Window) != want.Window {
			t.Errorf("%s\n got a window of %d in %v\nwant %d %v", text, a.Window, a.Windowed, want.Window, want.Windowed)
		}
	}
}

// TestNotes: fields that golens does not follow are named, and no others are.
func TestNotes(t *testing.T) {
	for _, c := range published {
		if got, err := Parse([]byte(c.text)); err != nil || got.Notes != nil {
			t.Errorf("%s: %q, %v", c.name, got.Notes, err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{`{"model_type":"gpt2","resid_pdrop":0.1,"add_cross_attention":true,"temperature":0.7,"n_ctx":1024}`, ``},
		{`{"model_type":"gpt2","attn_bias_by_moon":true,"zeta":[1],"nothing":null}`, `golens does not know attn_bias_by_moon, zeta`},
		{`{"model_type":"llama","rope_scaling":{"type":"linear","factor":2.0,"beta_fast":32}}`, `golens does not know rope_scaling.beta_fast`},
		{`{"model_type":"llama","rope_parameters":{"rope_type":"default","rope_theta":1e4,"factor":2.0,"partial_rotary_factor":0.5}}`, ``},
		{`{"model_type":"llama","rope_scaling":{"type":"linear","factor":2.0},"rope_parameters":{"rope_type":"default"}}`, ``},
		{`{"model_type":"llama","sliding_window":4096}`, `golens does not know sliding_window`},
		{`{"model_type":"gpt2","auto_map":{"AutoModel":"modeling.M"}}`, `auto_map names code in the model's folder`},
	} {
		got, err := Parse([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if s := strings.Join(got.Notes, "; "); !strings.HasPrefix(s, c.want) || (s == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.text, s, c.want)
		}
	}
}

// TestFamiliesRefuse: what golens would compute otherwise is refused in words.
func TestFamiliesRefuse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"model_type":"llama","rope_scaling":{"type":"dynamic"}}`, `rope_scaling lacks a factor that rope_type dynamic needs`},
		{`{"model_type":"llama","rope_parameters":{"rope_type":"yarn","factor":2.0}}`, `rope_parameters: rope_type "yarn" is not supported; golens has default, dynamic, linear, llama3`},
		{`{"model_type":"qwen2","rope_scaling":{"rope_type":"longrope","short_factor":[1]}}`, `rope_type "longrope" is not supported`},
		{`{"model_type":"llama","rope_scaling":{"rope_type":"llama3","factor":2.0}}`, `lacks a factor that rope_type llama3 needs`},
		{`{"model_type":"llama","rope_scaling":{"rope_type":"linear","factor":0}}`, `theta and factors must be above 0`},
		{`{"model_type":"llama","rope_scaling":"linear"}`, `rope_scaling is the string "linear", not an object`},
		{`{"model_type":"qwen3","rope_parameters":{"full_attention":{"rope_theta":1.0}}}`, `other positions for blocks of kind full_attention`},
		{`{"model_type":"llama","rope_theta":-1}`, `theta and factors must be above 0`},
		{`{"model_type":"llama","hidden_act":"swiglu"}`, `hidden_act "swiglu" is not supported; golens has gelu, gelu_10`},
		{`{"model_type":"llama","num_key_value_heads":5}`, `num_attention_heads is 32, which num_key_value_heads, 5, does not divide`},
		{`{"model_type":"llama","head_dim":7}`, `7 of a head's 7 numbers would be turned`},
		{`{"model_type":"phi","partial_rotary_factor":1.5}`, `the share of a head that positions turn is 1.5`},
		{`{"model_type":"mistral","sliding_window":1}`, `the sliding window is of 1 tokens; golens takes 2 and more`},
		{`{"model_type":"qwen2","layer_types":["full_attention"]}`, `layer_types has 1 entries, and the model 32 blocks`},
		{`{"model_type":"qwen2","num_hidden_layers":1,"layer_types":["chunked_attention"]}`, `layer_types holds "chunked_attention"`},
		{`{"model_type":"opt","layer_norm_elementwise_affine":false}`, `layer_norm_elementwise_affine is false`},
		{`{"model_type":"gpt_neo","attention_types":[[["global"],3]]}`, `attention_types make 3 blocks, and num_layers is 24`},
		{`{"model_type":"gpt_neo","attention_types":[[["global"],4000000000]]}`, `attention_types is not a list such as`},
		{`{"model_type":"gemma2","use_bidirectional_attention":true}`, `use_bidirectional_attention is set`},
		{`{"model_type":"gemma2","query_pre_attn_scalar":0}`, `query_pre_attn_scalar is 0; it must be above 0`},
		{`{"model_type":"gemma3"}`, `model_type "gemma3" is not supported`},
		{`{"model_type":"llama","head_dim":1048576,"num_attention_heads":1048576}`, `are more than golens takes`},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
