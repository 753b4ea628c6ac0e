package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// small is GPT-2 small: all of the defaults.
var small = Base{Vocab: 50257, Context: 1024, Width: 768, Blocks: 12, Heads: 12, Inner: 3072,
	Eps: 1e-5, Activation: "gelu_new", Tied: true, BOS: 50256, EOS: []int64{50256}}

func with(change func(*Base)) Base {
	g := small
	change(&g)
	return g
}

// good are texts and what they say, "model_type": "gpt2" and the braces left
// out.
var good = []struct {
	text string
	want Base
}{
	{``, small},
	{`"n_layer":24,"n_head":16,"n_embd":1024`, with(func(g *Base) { g.Blocks, g.Heads, g.Width, g.Inner = 24, 16, 1024, 4096 })},
	{`"n_embd":1280,"n_layer":36,"n_head":20`, with(func(g *Base) { g.Blocks, g.Heads, g.Width, g.Inner = 36, 20, 1280, 5120 })},
	{`"n_embd":1600,"n_layer":48,"n_head":25`, with(func(g *Base) { g.Blocks, g.Heads, g.Width, g.Inner = 48, 25, 1600, 6400 })},
	{`"hidden_size":96,"num_hidden_layers":2,"num_attention_heads":3,"max_position_embeddings":64`,
		with(func(g *Base) { g.Width, g.Inner, g.Blocks, g.Heads, g.Context = 96, 384, 2, 3, 64 })},
	{`"hidden_size":96,"n_embd":96`, with(func(g *Base) { g.Width, g.Inner = 96, 384 })},
	{`"n_inner":100`, with(func(g *Base) { g.Inner = 100 })},
	{`"n_inner":null`, small},
	{`"vocab_size":3,"n_positions":11,"n_embd":48,"n_layer":3,"n_head":3,"tie_word_embeddings":false`,
		with(func(g *Base) {
			g.Vocab, g.Context, g.Width, g.Inner, g.Blocks, g.Heads, g.Tied = 3, 11, 48, 192, 3, 3, false
		})},
	{`"layer_norm_epsilon":1e-12`, with(func(g *Base) { g.Eps = 1e-12 })},
	{`"layer_norm_epsilon":0.0`, with(func(g *Base) { g.Eps = 0 })},
	{`"layer_norm_epsilon":0.000010000000000000000001`, small},
	{`"torch_dtype":"float16"`, with(func(g *Base) { g.DType = "float16" })},
	{`"dtype":"bfloat16","torch_dtype":"float16"`, with(func(g *Base) { g.DType = "bfloat16" })},
	{`"dtype":null,"torch_dtype":"float32"`, with(func(g *Base) { g.DType = "float32" })},
	{`"bos_token_id":null,"eos_token_id":null`, with(func(g *Base) { g.BOS, g.EOS = -1, nil })},
	{`"bos_token_id":0,"eos_token_id":[5, 6]`, with(func(g *Base) { g.BOS, g.EOS = 0, []int64{5, 6} })},
	{`"auto_map":null,"quantization_config":null,"scale_attn_weights":true,"scale_attn_by_inverse_layer_idx":false,` +
		`"reorder_and_upcast_attn":false,"add_cross_attention":false,"activation_function":"gelu_new"`, small},
	{`"scale_attn_weights":false,"scale_attn_by_inverse_layer_idx":true,"reorder_and_upcast_attn":true`, small},
	{`"n_ctx":7,"N_LAYER":3,"resid_pdrop":0,"summary_type":"cls_index","task_specific_params":{"text-generation":{"do_sample":true}}`, small},
	{`"\u006e_layer":3`, with(func(g *Base) { g.Blocks = 3 })},
}

func text(members string) string {
	if members != "" {
		members = "," + members
	}
	return `{"model_type":"gpt2"` + members + `}`
}

func TestParse(t *testing.T) {
	for _, c := range good {
		got, err := Parse([]byte(text(c.text)))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.Type != "gpt2" || !reflect.DeepEqual(got.Arch.Base, c.want) {
			t.Errorf("%s\n got %+v\nwant %+v", c.text, got.Arch.Base, c.want)
		}
		if string(got.Raw) != text(c.text) || got.Digest != sha256.Sum256([]byte(text(c.text))) {
			t.Errorf("%s: Raw is %s, Digest %x", c.text, got.Raw, got.Digest)
		}
	}
}

// TestParameters counts the published models.
func TestParameters(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{``, 124_439_808},
		{`"n_layer":24,"n_head":16,"n_embd":1024`, 354_823_168},
		{`"n_layer":36,"n_head":20,"n_embd":1280`, 774_030_080},
		{`"n_layer":48,"n_head":25,"n_embd":1600`, 1_557_611_200},
		{`"n_layer":6`, 81_912_576}, // distilgpt2
		{`"tie_word_embeddings":false`, 124_439_808 + 50257*768},
	} {
		g, err := Parse([]byte(text(c.text)))
		if err != nil {
			t.Fatal(err)
		}
		if n := g.Arch.Parameters(); n != c.want {
			t.Errorf("%s: %d parameters, want %d", c.text, n, c.want)
		}
	}
}

// bad are whole texts and what is wrong with them. accepted marks those that
// make a config for transformers all the same: it computes what golens does not
// have, fails later, or takes one of two values silently.
var bad = []struct {
	text, want string
	accepted   bool
}{
	{``, "invalid JSON", false},
	{"{\n \"model_type\": \"gpt2\",\n \"n_layer\": 12", "invalid JSON at line 3, column 15: unexpected EOF", false},
	{"{\n \"n_layer\": 12,\n}", "invalid JSON at line 2, column 15: invalid character ','", false},
	{text(`"initializer_range":NaN`), "JSON has no NaN and no Infinity", true},
	{text(`"initializer_range":-Infinity`), "JSON has no NaN and no Infinity", true},
	{text(`"layer_norm_epsilon":NaN`), "invalid JSON at line 1, column 43: JSON has no NaN", true},
	{`[]`, "it is not a JSON object", false},
	{`null`, "it is not a JSON object", false},
	{`"gpt2"`, "it is not a JSON object", false},
	{`{} {}`, "invalid JSON at line 1, column 4", false},
	{"{\"model_type\":\"gpt2\xff\"}", "invalid UTF-8", true},
	{text(`"n_layer":1,"n_layer":2`), `the key "n_layer" occurs twice`, true},
	{text(`"x":{"y":1,"y":2}`), `the key "y" occurs twice`, true},
	{`{}`, `it has no "model_type"; if the model is GPT-2, add "model_type": "gpt2"`, true},
	{`{"model_type":"bloom"}`, `model_type "bloom" is not supported; golens has gemma2, gemma3_text, gpt2, gpt_neo`, true},
	{`{"model_type":"GPT2"}`, `model_type "GPT2" is not supported`, true},
	{`{"model_type":null}`, `model_type is null, not a string`, true},
	{`{"model_type":["gpt2"]}`, `model_type is a list, not a string`, true},
	{text(`"quantization_config":{"bits":4}`), "quantization_config is set: the weights are quantized; golens computes as stored", true},
	{text(`"quantization_config":{"quant_method":"gptq"}`), `the weights are quantized by "gptq"; golens computes as stored, so take the model that this one was made of`, true},
	{text(`"activation_function":"laplace"`), `activation_function "laplace" is not supported; golens has gelu, gelu_10, gelu_accurate`, true},
	{text(`"activation_function":"Gelu"`), `activation_function "Gelu" is not supported`, true},
	{text(`"activation_function":null`), `activation_function is null, not a string`, false},
	{text(`"scale_attn_weights":1`), "scale_attn_weights is 1, not true or false", false},
	{text(`"tie_word_embeddings":"yes"`), `tie_word_embeddings is the string "yes", not true or false`, false},
	{text(`"tie_word_embeddings":null`), `tie_word_embeddings is null, not true or false`, false},
	{text(`"n_embd":"768"`), `n_embd is the string "768", not a whole number`, false},
	{text(`"n_embd":768.0`), `n_embd is 768.0, not a whole number`, false},
	{text(`"n_embd":7.68e2`), `n_embd is 7.68e2, not a whole number`, false},
	{text(`"n_embd":null`), `n_embd is null, not a whole number`, false},
	{text(`"n_embd":true`), `n_embd is true, not a whole number`, false},
	{text(`"n_embd":[768]`), `n_embd is a list, not a whole number`, false},
	{text(`"hidden_size":{}`), `hidden_size is an object, not a whole number`, false},
	{text(`"n_embd":96,"hidden_size":48`), `n_embd is 96 and hidden_size is 48, but they are two names of one value`, true},
	{text(`"n_embd":0`), `n_embd is 0; it must be at least 1`, true},
	{text(`"n_layer":0`), `n_layer is 0; it must be at least 1`, true},
	{text(`"n_head":0`), `n_head is 0; it must be at least 1`, true},
	{text(`"n_positions":0`), `n_positions is 0; it must be at least 1`, true},
	{text(`"vocab_size":0`), `vocab_size is 0; it must be at least 1`, true},
	{text(`"n_inner":0`), `n_inner is 0; it must be at least 1`, true},
	{text(`"n_layer":-12`), `n_layer is -12; it must be at least 1`, true},
	{text(`"n_head":7`), `n_embd is 768, which n_head, 7, does not divide`, true},
	{text(`"n_head":1536`), `n_embd is 768, which n_head, 1536, does not divide`, true},
	{text(`"n_embd":9223372036854775807`), `n_embd is 9223372036854775807; the most that golens takes is 1048576`, true},
	{text(`"n_embd":9223372036854775808`), `n_embd is 9223372036854775808, which overflows 64 bits`, true},
	{text(`"n_layer":1000000000`), `n_layer is 1000000000; the most that golens takes is 4096`, true},
	{text(`"vocab_size":200000000,"n_embd":1048576,"n_head":1,"n_layer":1`), `make a model of `, true},
	{text(`"layer_norm_epsilon":"1e-5"`), `layer_norm_epsilon is the string "1e-5", not a number`, false},
	{text(`"layer_norm_epsilon":null`), `layer_norm_epsilon is null, not a number`, false},
	{text(`"layer_norm_epsilon":-1e-5`), `layer_norm_epsilon is -1e-05; it must not be negative`, true},
	{text(`"layer_norm_epsilon":1e999`), `layer_norm_epsilon is 1e999, which is outside the numbers of 64 bits`, true},
	{text(`"dtype":"float64"`), `dtype "float64" is not supported; golens has float32, float16, bfloat16`, true},
	{text(`"torch_dtype":"banana"`), `torch_dtype "banana" is not supported`, false},
	{text(`"dtype":{"":"float32"}`), `dtype is an object, not a string`, true},
	{text(`"bos_token_id":"<s>"`), `bos_token_id is the string "<s>", not a whole number`, false},
	{text(`"bos_token_id":[1]`), `bos_token_id is a list, not a whole number`, false},
	{text(`"eos_token_id":[1,"2"]`), `eos_token_id holds the string "2", not a token id`, false},
	{text(`"eos_token_id":true`), `eos_token_id is true, not a whole number`, false},
	{text(`"n_embd":"` + strings.Repeat("x", 10000) + `"`), `n_embd is the string "xxxx`, false},
	{strings.Repeat(`{"x":`, 20000) + strings.Repeat(`}`, 20000), "exceeded max depth", false},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range bad {
		got, err := Parse([]byte(c.text))
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.100s: error is %v, want %q", c.text, err, c.want)
			continue
		}
		if len(err.Error()) > 300 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.100s: the error is not one short line: %v", c.text, err)
		}
	}
	if _, err := Parse(make([]byte, maxSize+1)); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("16 MiB give %v", err)
	}
}

// TestParseOracle compares both tables with transformers' GPT2Config: the
// fields and the number of parameters of the good texts, and the refusal of the
// bad ones that are not marked.
func TestParseOracle(t *testing.T) {
	var texts []string
	for _, c := range good {
		texts = append(texts, text(c.text))
	}
	for _, c := range bad {
		if !c.accepted {
			texts = append(texts, c.text)
		}
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	out := reference.Script(t, nil, bytes.NewReader(in), "testdata/oracle.py")
	d := json.NewDecoder(bytes.NewReader(out))
	for i, text := range texts {
		var want *struct {
			Base
			Parameters int64
			Scaled     [4]bool
		}
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if i >= len(good) {
			if want != nil {
				t.Errorf("%.100s: transformers accepts it", text)
			}
			continue
		}
		if want == nil {
			t.Errorf("%s: transformers refuses it", text)
			continue
		}
		got, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !reflect.DeepEqual(got.Arch.Base, want.Base) || got.Arch.Parameters() != want.Parameters {
			t.Errorf("%s\n got %+v, %d parameters\nwant %+v", text, got.Arch.Base, got.Arch.Parameters(), *want)
		}
		a := got.Arch // the last is cross-attention, which golens has not
		if has := [4]bool{a.ScaleOf != 1, a.ScaleByBlock, a.UpcastScores, false}; has != want.Scaled {
			t.Errorf("%s: scale and order of attention are %v, and in transformers %v", text, has, want.Scaled)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), []byte(text(`"n_layer":3`)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Read(dir)
	if err != nil || c.Arch.Blocks != 3 {
		t.Errorf("Read = %+v, %v", c, err)
	}

	broken, folder, missing := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, FileName), []byte(text(`"n_layer":0`)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, FileName), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		dir, want string
		is        error
	}{
		{broken, filepath.Join(broken, FileName) + ": n_layer is 0", nil},
		{folder, filepath.Join(folder, FileName) + " is not a file", nil},
		{missing, filepath.Join(missing, FileName) + " is missing", fs.ErrNotExist},
		{filepath.Join(missing, "none"), "there is no folder " + missing, fs.ErrNotExist},
		{filepath.Join(dir, FileName), "not a directory", nil},
	} {
		got, err := Read(c.dir)
		if got != nil || err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("Read(%s): %v, want %q", c.dir, err, c.want)
		}
	}
}

// FuzzParse holds that every config that is accepted can be built: sizes that
// are positive and agree, and a count of parameters that has not overflowed.
func FuzzParse(f *testing.F) {
	for _, c := range good {
		f.Add([]byte(text(c.text)))
	}
	for _, c := range bad {
		if len(c.text) < 1000 {
			f.Add([]byte(c.text))
		}
	}
	for _, c := range published {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000 {
				t.Errorf("the error is not one short line: %q", err)
			}
			return
		}
		g := c.Arch
		for _, n := range []int{g.Vocab, g.Context, g.Width, g.Blocks, g.Heads, g.Inner} {
			if n < 1 || n > 1<<28 {
				t.Errorf("size %d in %+v", n, g)
			}
		}
		if g.Heads%g.KVHeads != 0 || g.HeadDim < 1 || !(g.Eps >= 0 && g.Eps <= math.MaxFloat64) || !activations[g.Activation] || !(g.ScaleOf > 0) {
			t.Errorf("accepted %+v", g)
		}
		// Floating point does not wrap round.
		w, in, d := float64(g.Width), float64(g.Inner), float64(g.HeadDim)
		least := float64(g.Blocks) * (w*d*float64(2*g.Heads+2*g.KVHeads) + 2*w*in)
		if n := g.Parameters(); !(float64(n) >= least*0.999) || n > mostParameters {
			t.Errorf("%d parameters of %+v", n, g)
		}
		again, err := Parse(c.Raw)
		if err != nil || again.Digest != c.Digest || !reflect.DeepEqual(again.Arch, g) {
			t.Errorf("the text that is kept gives %+v, %v", again, err)
		}
	})
}

// TestQuantized: a model card tells which model a quantized one was made of.
func TestQuantized(t *testing.T) {
	for card, want := range map[string]string{
		"---\nlicense: mit\nbase_model: org/plain-7B\n---\n# Card": "so take org/plain-7B, which this one was made of, in float32",
		"---\r\nbase_model:\r\n- org/plain-7B\r\n---\r\n":          "so take org/plain-7B,",
		"---\nbase_model: [a, b]\n---\n":                           "so take the model that this one was made of",
		"# A card\nbase_model: x\n":                                "so take the model that this one was made of",
		"---\n: : :\n---\n":                                        "so take the model that this one was made of",
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{FileName: `{"model_type":"gpt2","quantization_config":{"quant_method":"gptq"}}`, "README.md": card} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		var q *QuantizedError
		if _, err := Read(dir); !errors.As(err, &q) || !strings.Contains(err.Error(), want) || q.By != "gptq" {
			t.Errorf("%q: %v, want %s", card, err, want)
		}
	}
}
