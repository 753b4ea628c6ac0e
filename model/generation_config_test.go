package model

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestParseGenerationConfig: what the file says, and what it cannot say, by field and value.
func TestParseGenerationConfig(t *testing.T) {
	for _, c := range []struct {
		text string
		want map[string]any
		says string // of the error
	}{
		{`{}`, map[string]any{}, ""},
		{`{"eos_token_id": null, "top_k": null, "unknown": [1]}`, map[string]any{}, ""},
		{`{"eos_token_id": 7}`, map[string]any{"eos_token_id": []int64{7}}, ""},
		{`{"eos_token_id": [7, 9], "bos_token_id": 1}`, map[string]any{"eos_token_id": []int64{7, 9}}, ""},
		{`{"eos_token_id": [], "suppress_tokens": []}`, map[string]any{}, ""},
		{`{"sequence_bias": [[[1, 2], -3], [[4], 0.5]], "repetition_penalty": 2}`,
			map[string]any{"sequence_bias": []SequenceBias{{[]int64{1, 2}, -3}, {[]int64{4}, 0.5}}, "repetition_penalty": 2.0}, ""},
		{`{"exponential_decay_length_penalty": [3, 1.5], "stop_strings": "x"}`, map[string]any{"exponential_decay_length_penalty": &LengthDecay{3, 1.5}, "stop_strings": []string{"x"}}, ""},
		{`{"stop_strings": ["null", "a"], "bad_words_ids": [[1], [2, 3]], "do_sample": true}`,
			map[string]any{"stop_strings": []string{"null", "a"}, "bad_words_ids": [][]int64{{1}, {2, 3}}, "do_sample": true}, ""},
		{``, nil, "no JSON object"}, {`[1]`, nil, "no JSON object"}, {`null`, nil, "no JSON object"}, {`{"eos_token_id": 7`, nil, "no JSON object"},
		{`{"eos_token_id": "x"}`, nil, `eos_token_id is "x": it is a token id`}, {`{"eos_token_id": 1.5}`, nil, "eos_token_id is 1.5"},
		{`{"eos_token_id": [1, null]}`, nil, "eos_token_id is [1,null]"}, {`{"eos_token_id": 99999999999999999999}`, nil, "eos_token_id is 9999"},
		{`{"repetition_penalty": 0}`, nil, "repetition_penalty is 0: it is a number above 0"}, {`{"repetition_penalty": "1.2"}`, nil, `repetition_penalty is "1.2"`},
		{`{"repetition_penalty": 1e999}`, nil, "repetition_penalty is 1e999"}, {`{"no_repeat_ngram_size": -1}`, nil, "no_repeat_ngram_size is -1: it is a whole number"},
		{`{"no_repeat_ngram_size": 2.5}`, nil, "no_repeat_ngram_size is 2.5"}, {`{"max_new_tokens": 0}`, nil, "max_new_tokens is 0: it is a whole number, 1 or more"},
		{`{"renormalize_logits": 1}`, nil, "renormalize_logits is 1: it is true or false"}, {`{"bad_words_ids": [[]]}`, nil, "bad_words_ids is [[]]"},
		{`{"bad_words_ids": [1]}`, nil, "bad_words_ids is [1]"}, {`{"sequence_bias": [[[1]]]}`, nil, "sequence_bias is [[[1]]]"},
		{`{"sequence_bias": {"1": 2}}`, nil, "sequence_bias is"}, {`{"sequence_bias": [[[], 1]]}`, nil, "sequence_bias is [[[],1]]"},
		{`{"sequence_bias": [null]}`, nil, "sequence_bias is [null]"}, {`{"exponential_decay_length_penalty": [1]}`, nil, "exponential_decay_length_penalty is [1]"},
		{`{"exponential_decay_length_penalty": 1.5}`, nil, "exponential_decay_length_penalty is 1.5"}, {`{"stop_strings": ["a", ""]}`, nil, "stop_strings is"},
		{`{"stop_strings": [1]}`, nil, "stop_strings is [1]"}, {`{"pad_token_id": "x"}`, nil, "pad_token_id is"},
		{`{"suppress_tokens": [` + strings.Repeat("1,", 200) + `"x"]}`, nil, "..."},
	} {
		g, err := ParseGenerationConfig([]byte(c.text))
		if c.says != "" {
			if g != nil || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%.80s: %v, want an error with %q", c.text, err, c.says)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(g.Changed(), c.want) {
			t.Errorf("%s: %v, want %v (%v)", c.text, g.Changed(), c.want, err)
		}
	}
}

// TestNotApplied: what changes nothing is not named, and what does is.
func TestNotApplied(t *testing.T) {
	for text, want := range map[string]string{
		`{"num_beams": 1, "use_cache": true, "guidance_scale": 1.0, "penalty_alpha": 0.0, "cache_implementation": "dynamic", "dola_layers": null, "token_healing": false}`: "",
		`{"num_beams": 4}`:                        "num_beams 4",
		`{"guidance_scale": 1.5, "num_beams": 2}`: "num_beams 2; guidance_scale 1.5",
		`{"use_cache": false}`:                    "use_cache false",
		`{"cache_implementation": "static"}`:      `cache_implementation "static"`,
		`{"watermarking_config": {"bias": 2.0}}`:  `watermarking_config {"bias":2.0}`,
		`{"prompt_lookup_num_tokens": 3}`:         "prompt_lookup_num_tokens 3",
		`{"max_time": 2.5, "penalty_alpha": 0.6}`: "penalty_alpha 0.6; max_time 2.5",
	} {
		g, err := ParseGenerationConfig([]byte(text))
		if err != nil || strings.Join(g.NotApplied, "; ") != want {
			t.Errorf("%s: %q, want %q (%v)", text, g.NotApplied, want, err)
		}
		if got := len(g.Warnings(false)); (got == 1) != (want != "") {
			t.Errorf("%s: %d warnings", text, got)
		}
	}
}

// TestSettingText: what a flag says is what the file says.
func TestSettingText(t *testing.T) {
	for _, c := range []struct{ name, flag, file string }{
		{"suppress_tokens", "1, 2", "[1,2]"}, {"eos_token_id", "5", "5"}, {"exponential_decay_length_penalty", "3,1.5", "[3,1.5]"},
		{"top_p", ".5", "0.5"}, {"sequence_bias", "[[[1,2],3]]", "[[[1,2],3]]"}, {"repetition_penalty", "null", "1"},
	} {
		a, b := NewGenerationConfig(), NewGenerationConfig()
		s := SettingOf(c.name)
		a.RepetitionPenalty = 3
		if c.name != "repetition_penalty" {
			a.RepetitionPenalty = 1
		}
		if err := s.Set(a, c.flag); err != nil {
			t.Errorf("%s %s: %v", c.name, c.flag, err)
		}
		if err := s.Set(b, c.file); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %+v by %s, %+v by %s", c.name, a, c.flag, b, c.file)
		}
	}
	g := NewGenerationConfig()
	if err := SettingOf("top_k").Set(g, "many"); err == nil || g.Sampling.TopK != 50 {
		t.Errorf("top_k many: %v, %d", err, g.Sampling.TopK)
	}
}

// TestGenerationConfigCheck: tokens that the vocabulary has not, or that nothing is left of.
func TestGenerationConfigCheck(t *testing.T) {
	for text, says := range map[string]string{
		`{"forced_eos_token_id": 10}`:                             "forced_eos_token_id names the token 10",
		`{"forced_bos_token_id": -1}`:                             "forced_bos_token_id names the token -1",
		`{"bad_words_ids": [[1], [2, 10]]}`:                       "bad_words_ids names the token 10",
		`{"sequence_bias": [[[10, 2], 1]]}`:                       "sequence_bias names the token 10",
		`{"forced_eos_token_id": 3, "suppress_tokens": [2, 3]}`:   "forced_eos_token_id forces tokens that suppress_tokens forbids",
		`{"suppress_tokens": [10, -1], "eos_token_id": [10, -1]}`: "", // transformers has no use for these either
	} {
		g, err := ParseGenerationConfig([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Check(10); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// TestReadGeneration: no file is no error, and a file that is none is named.
func TestReadGeneration(t *testing.T) {
	dir := t.TempDir()
	if text, err := readGeneration(filepath.Join(dir, GenerationFile)); text != nil || err != nil {
		t.Errorf("no file: %q, %v", text, err)
	}
	if _, err := readGeneration(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: %v", err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, 16<<20+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readGeneration(large); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a large file: %v", err)
	}
}

func FuzzParseGenerationConfig(f *testing.F) {
	for _, s := range []string{`{"eos_token_id": [7, 9]}`, `{"sequence_bias": [[[1, 2], -3]]}`, `{}`, `[`, `{"stop_strings": {"a": 1}}`, `{"num_beams": [4]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := ParseGenerationConfig(text)
		if (g == nil) != (err != nil) {
			t.Fatalf("both %v and %v", g, err)
		}
		if g != nil {
			g.Describe()
			g.Check(5)
		}
	})
}

// TestGenerationDocs: docs/generation.md names every field, and the steps in their order.
func TestGenerationDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "generation.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, applied, _ := strings.Cut(string(text), "## What is applied")
	applied, other, _ := strings.Cut(applied, "## What is not applied")
	last := 0
	for _, s := range Settings {
		at := strings.Index(applied, "`"+s.Name+"`")
		if at < 0 && s.Name != "do_sample" || s.step != nil && at < last {
			t.Errorf("%s stands at %d, the step before at %d", s.Name, at, last)
		}
		if s.step != nil {
			last = at
		}
	}
	for _, o := range notApplied {
		if !strings.Contains(other, "`"+o.name+"`") {
			t.Errorf("%s is not named", o.name)
		}
	}
}
