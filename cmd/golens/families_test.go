package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// TestFamilies: the program says of a model what family it is of, how it is built, and
// what is unusual, and computes in the type that it is asked for.
func TestFamilies(t *testing.T) {
	for _, c := range []struct {
		preset string
		says   []string
	}{
		{"phi-96", []string{"phi, 3 blocks", "rotary positions on 8 numbers", "side by side", "the head has a bias"}},
		{"llama3-96", []string{"llama, 3 blocks", "stretched by 32 as in Llama 3", "2 heads of keys and values", "gated MLP with silu", "RMS norm"}},
		{"mistral-96", []string{"a window of 8 tokens in 3 of 3 blocks"}},
		{"gemma2-96", []string{"logits are kept within 30 by tanh", "scores are kept within 50", "eager attention only", "computes     in float32 on cpu, eager attention"}},
		{"opt-projected-96", []string{"learned positions", "norms behind the additions", "the head projects a state of 96 numbers first", "there is no final norm"}},
	} {
		o := golens(t, "model", "info", reference.Model(t, c.preset)) // which has no tokenizer, and it says so
		text := o.out
		if o.code != 0 {
			t.Errorf("%s: exit status %d: %s", c.preset, o.code, o.stderr)
		}
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.preset, want, text)
			}
		}
	}

	dir := reference.Model(t, "qwen3-96", "--dtype", "bfloat16")
	for asked, computes := range map[string]string{"auto": "bfloat16", "float32": "float32", "bfloat16": "bfloat16", "float16": "float16"} {
		var info modelInfo
		if err := json.Unmarshal([]byte(golens(t, "model", "info", dir, "--json", "--dtype", asked).out), &info); err != nil {
			t.Fatal(err)
		}
		if info.DType != computes || info.Stored["BF16"] == 0 || len(info.Switches) == 0 || info.Attention != "sdpa" {
			t.Errorf("--dtype %s: %+v", asked, info)
		}
		out := filepath.Join(t.TempDir(), "lens.json")
		golens(t, "lens", "--ids", "1,2,3", "--model", dir, "--dtype", asked, "--json", out)
		if text := read(t, out); !strings.Contains(text, `"dtype": "`+computes+`"`) {
			t.Errorf("--dtype %s: the manifest says otherwise", asked)
		}
	}
	if o := golens(t, "lens", "x", "--model", dir, "--dtype", "half"); o.code != 2 || !strings.Contains(o.stderr, "--dtype half: it is auto, float32, bfloat16 or float16") {
		t.Errorf("--dtype half: %d %s", o.code, o.stderr)
	}
	eager := reference.Model(t, "gptj-96")
	for args, warns := range map[string]bool{"": false, "eager": false, "sdpa": true} {
		call := []string{"lens", "--ids", "1,2,3", "--model", eager}
		if args != "" {
			call = append(call, "--attention", args)
		}
		o := golens(t, call...)
		if said := strings.Contains(o.stderr, "transformers has no sdpa attention for the family gptj"); o.code != 0 || said != warns {
			t.Errorf("--attention %s: %d %s", args, o.code, o.stderr)
		}
	}
	if o := golens(t, "lens", "--ids", "1,2,3", "--model", reference.Model(t, "phi-96"), "--at", "resid_mid"); o.code != 2 || !strings.Contains(o.stderr, "no stream between attention and MLP") {
		t.Errorf("--at resid_mid: %d %s", o.code, o.stderr)
	}
}
