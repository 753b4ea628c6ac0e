package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tinyWith returns a folder of the tiny model with that generation_config.json.
func tinyWith(t *testing.T, text string) string {
	t.Helper()
	source, dir := tiny(t), t.TempDir()
	entries, err := os.ReadDir(source)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path, err := filepath.Abs(filepath.Join(source, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	put(t, dir, "generation_config.json", []byte(text))
	return dir
}

func asJSON(t *testing.T, v any) string { return string(marshal(t, v)) }

// settingsOf writes behind a prompt and returns the sequence, the settings and what is said.
func settingsOf(t *testing.T, dir string, args ...string) (d written, settings map[string]any, stderr string) {
	t.Helper()
	got := golens(t, append([]string{"generate", "the cat", "--model", dir, "--json", "-"}, args...)...)
	if got.code != 0 {
		t.Fatalf("%q: %s", args, got.stderr)
	}
	var more struct {
		Generation struct{ Settings map[string]any }
	}
	if err := json.Unmarshal([]byte(got.out), &more); err != nil {
		t.Fatal(err)
	}
	return readWritten(t, got.out), more.Generation.Settings, got.stderr
}

// TestFolderSettings: a flag does what the folder's field does, and comes before it.
func TestFolderSettings(t *testing.T) {
	none := tinyWith(t, `{}`)
	free, _, _ := settingsOf(t, none)
	at := free.Sequence[free.Generation.Prompt:]
	if len(at) != 20 || slices.Equal(at[:19], at[1:]) {
		t.Fatalf("the model writes %v", at)
	}
	id := func(i int) string { b, _ := json.Marshal(at[i]); return string(b) }
	for _, c := range []struct{ field, value, flag string }{
		{"repetition_penalty", "3.5", "3.5"}, {"suppress_tokens", "[" + id(0) + "]", id(0)}, {"no_repeat_ngram_size", "1", "1"},
		{"begin_suppress_tokens", "[" + id(0) + ", 1]", id(0) + ",1"}, {"eos_token_id", id(2), id(2)}, {"bad_words_ids", "[[" + id(1) + "]]", "[[" + id(1) + "]]"},
		{"sequence_bias", "[[[9], 100]]", "[[[9], 100]]"}, {"forced_eos_token_id", "9", "9"}, {"renormalize_logits", "true", ""},
	} {
		field, settings, stderr := settingsOf(t, tinyWith(t, `{"`+c.field+`": `+c.value+`}`))
		flag := "--" + strings.ReplaceAll(c.field, "_", "-")
		args := []string{flag, c.flag}
		if c.flag == "" {
			args = args[:1]
		}
		byFlag, same, _ := settingsOf(t, none, args...)
		if !slices.Equal(field.Sequence, byFlag.Sequence) || stderr != "" || settings[c.field] == nil {
			t.Errorf("%s in the file wrote %v, as a flag %v; settings %v; %s", c.field, field.Sequence, byFlag.Sequence, settings, stderr)
		}
		if a, b := asJSON(t, settings), asJSON(t, same); a != b {
			t.Errorf("settings %s, by the flag %s", a, b)
		}
		if changed := !slices.Equal(field.Sequence, free.Sequence); changed == (c.field == "renormalize_logits") {
			t.Errorf("%s %s: %v, without %v", c.field, c.value, field.Sequence, free.Sequence)
		}
		off := []string{flag, "null"}
		if c.flag == "" {
			off = []string{flag + "=false"}
		}
		if d, settings, _ := settingsOf(t, tinyWith(t, `{"`+c.field+`": `+c.value+`}`), off...); !slices.Equal(d.Sequence, free.Sequence) || settings[c.field] != nil {
			t.Errorf("%q: %v, want %v; settings %v", off, d.Sequence, free.Sequence, settings)
		}
	}
}

// TestFolderSampling: golens is greedy where the folder samples, and says so once;
// flags of chance take the folder's other numbers, and 50 for top-k as transformers does.
func TestFolderSampling(t *testing.T) {
	dir := tinyWith(t, `{"do_sample": true, "temperature": 0.5, "top_p": 0.9, "num_beams": 2}`)
	greedy, _, stderr := settingsOf(t, dir)
	if greedy.Generation.Sampling != nil || strings.Count(stderr, "(do_sample)") != 1 || strings.Count(stderr, "num_beams 2") != 1 {
		t.Errorf("%+v; %s", greedy.Generation, stderr)
	}
	several := golens(t, "generate", "--model", dir, "--prompts", put(t, t.TempDir(), "p.jsonl", []byte("{\"ids\": [5]}\n{\"ids\": [6]}\n")), "--max-new", "2", "--json", "-")
	if strings.Count(several.stderr, "(do_sample)") != 1 || strings.Count(several.stderr, "num_beams 2") != 1 || strings.Count(several.out, "num_beams 2") != 2 {
		t.Errorf("with two prompts: %s", several.stderr)
	}
	for _, quiet := range [][]string{{"--do-sample=false"}, {"--temperature", "0"}} {
		if d, _, stderr := settingsOf(t, dir, quiet...); d.Generation.Sampling != nil || strings.Contains(stderr, "do_sample") || !slices.Equal(d.Sequence, greedy.Sequence) {
			t.Errorf("%q: %s", quiet, stderr)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--do-sample"}, `{"temperature":0.5,"top_k":50,"top_p":0.9,"seed":0}`},
		{[]string{"--seed", "3"}, `{"temperature":0.5,"top_k":50,"top_p":0.9,"seed":3}`},
		{[]string{"--temperature", "2", "--top-k", "0", "--min-p", ".01"}, `{"temperature":2,"top_k":0,"top_p":0.9,"min_p":0.01,"seed":0}`},
		{[]string{"--top-p", "null", "--typical-p", "0.9", "--eta-cutoff", "0.001"}, `{"temperature":0.5,"top_k":50,"top_p":1,"typical_p":0.9,"eta_cutoff":0.001,"seed":0}`},
	} {
		got := golens(t, append([]string{"generate", "the cat", "--model", dir, "--max-new", "3", "--json", "-"}, c.args...)...)
		var d struct {
			Generation struct{ Sampling json.RawMessage }
		}
		if err := json.Unmarshal([]byte(got.out), &d); err != nil {
			t.Fatalf("%q: %v, %s", c.args, err, got.stderr)
		}
		var a, b any
		if json.Unmarshal(d.Generation.Sampling, &a) != nil || json.Unmarshal([]byte(c.want), &b) != nil || asJSON(t, a) != asJSON(t, b) || strings.Contains(got.stderr, "do_sample") {
			t.Errorf("%q: %s, want %s; %s", c.args, d.Generation.Sampling, c.want, got.stderr)
		}
	}
}

// TestFolderLengths: the folder's lengths, and what takes them away.
func TestFolderLengths(t *testing.T) {
	free, _, _ := settingsOf(t, tinyWith(t, `{}`))
	end := asJSON(t, free.Sequence[free.Generation.Prompt])
	dir := tinyWith(t, `{"max_new_tokens": 6, "eos_token_id": `+end+`, "min_new_tokens": 4}`)
	for _, c := range []struct {
		args []string
		why  string
		most int
	}{{nil, "", 6}, {[]string{"--min-new", "0"}, "end-of-text", 1}, {[]string{"--no-end"}, "max-new", 6}, {[]string{"--no-end", "--max-new", "9"}, "max-new", 9}} {
		d, _, _ := settingsOf(t, dir, c.args...)
		if n := d.Generation.New; n > c.most || c.why != "" && (d.Generation.Ended.Why != c.why || n != c.most) || c.args == nil && n < 4 {
			t.Errorf("%q: %d tokens, ended %+v", c.args, n, d.Generation.Ended)
		}
	}
}

// TestBadSettings holds what a user, or a folder, can get wrong.
func TestBadSettings(t *testing.T) {
	in := func(text string, args ...string) func(*testing.T, string) []string {
		return func(t *testing.T, _ string) []string {
			return append([]string{"generate", "x", "--model", tinyWith(t, text)}, args...)
		}
	}
	for _, b := range []bad{
		{name: "no JSON", args: in(`{`), code: 1, says: []string{"generation_config.json", "no JSON object"}},
		{name: "field", args: in(`{"repetition_penalty": -2}`), code: 1, says: []string{"generation_config.json", "repetition_penalty is -2: it is a number above 0"}},
		{name: "list", args: in(`{"suppress_tokens": ["a"]}`), code: 1, says: []string{"generation_config.json", `suppress_tokens is ["a"]: it is a token id or a list`}},
		{name: "sampling", args: in(`{"temperature": 0.0}`, "--do-sample"), code: 1, says: []string{"generation_config.json", "temperature 0", "a flag replaces it"}},
		{name: "forced outside", args: in(`{"forced_eos_token_id": 999999}`), code: 2, says: []string{"forced_eos_token_id names the token 999999", "vocabulary"}},
		{name: "max_length", args: in(`{"max_length": 1}`), code: 2, says: []string{"max_length of generation_config.json", "the prompt alone has 1"}},
		{name: "flag", args: on("generate", "x", "--repetition-penalty", "none"), code: 2, says: []string{"--repetition-penalty none: it is a number above 0"}},
		{name: "penalty 0", args: on("generate", "x", "--repetition-penalty", "0"), code: 2, says: []string{"--repetition-penalty 0"}},
		{name: "ids", args: on("generate", "x", "--suppress-tokens", "1,b"), code: 2, says: []string{"--suppress-tokens 1,b: it is a token id or a list"}},
		{name: "ids outside", args: on("generate", "x", "--suppress-tokens", "1,-5"), code: 2, says: []string{"--suppress-tokens: there is no token -5"}},
		{name: "bad words", args: on("generate", "x", "--bad-words-ids", "[1]"), code: 2, says: []string{"--bad-words-ids [1]: it is a list of lists"}},
		{name: "decay", args: on("generate", "x", "--exponential-decay-length-penalty", "3"), code: 2, says: []string{"--exponential-decay-length-penalty 3"}},
		{name: "end outside", args: on("generate", "x", "--eos-token-id", "999999"), code: 2, says: []string{"token 999999 cannot end"}},
		{name: "end and none", args: on("generate", "x", "--eos-token-id", "5", "--no-end"), code: 2, says: []string{"--no-end", "--eos-token-id"}},
		{name: "greedy and chance", args: on("generate", "x", "--do-sample=false", "--top-k", "5"), code: 2, says: []string{"--do-sample=false", "--top-k"}},
		{name: "greedy and sample", args: on("generate", "x", "--temperature", "0", "--do-sample"), code: 2, says: []string{"--temperature 0", "--do-sample"}},
		{name: "min-p", args: on("generate", "x", "--min-p", "2"), code: 2, says: []string{"min-p 2"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			dir := t.TempDir()
			refused(t, golens(t, b.args(t, dir)...), b.code, b.says...)
		})
	}
}

// TestModelInfoSettings: model info shows what the folder sets, and what is not applied.
func TestModelInfoSettings(t *testing.T) {
	dir := tinyWith(t, `{"repetition_penalty": 1.25, "eos_token_id": [3, 4], "temperature": 0.5, "num_beams": 4}`)
	text := good(t, "model", "info", dir)
	for _, want := range []string{"generation   eos_token_id [3,4]\n", "repetition_penalty 1.25\n", "temperature 0.5\n", "not applied  num_beams 4\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	var d struct {
		Generation map[string]any
		NotApplied []string `json:"not_applied"`
	}
	if err := json.Unmarshal([]byte(good(t, "model", "info", dir, "--json")), &d); err != nil {
		t.Fatal(err)
	}
	if got := asJSON(t, d); got != `{"Generation":{"eos_token_id":[3,4],"repetition_penalty":1.25,"temperature":0.5},"not_applied":["num_beams 4"]}` {
		t.Error(got)
	}
	if got := golens(t, "model", "info", tinyWith(t, `{`)); got.code != 0 || !strings.Contains(got.stderr, "no JSON object") || !strings.Contains(got.out, "hook points") {
		t.Errorf("with a bad file: %d, %s", got.code, got.stderr)
	}
}
