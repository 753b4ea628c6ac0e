package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	model := tiny(t)
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"the cat", "--jsonl", "--model", model}, `{"ids":[257,260,64,83],"tokens":[{"id":257,"text":"the"},{"id":260,"text":" c"},{"id":64,"text":"a"},{"id":83,"text":"t"}]}` + "\n"},
		{"The way", []string{"-", "--jsonl"}, `{"ids":[464,835],"tokens":[{"id":464,"text":"The"},{"id":835,"text":" way"}]}` + "\n"},
		{"The way\n", []string{"--jsonl"}, `{"ids":[464,835,198],"tokens":[{"id":464,"text":"The"},{"id":835,"text":" way"},{"id":198,"text":"\n"}]}` + "\n"},
		{"", []string{"", "--jsonl"}, `{"ids":[]}` + "\n"},
		{"", []string{"-", "--jsonl"}, `{"ids":[]}` + "\n"},
		{"", []string{"a<|endoftext|>", "--jsonl", "--special"}, `{"ids":[64,50256],"tokens":[{"id":64,"text":"a"},{"id":50256,"text":"<|endoftext|>"}]}` + "\n"},
		{"", []string{"\xff<&", "--jsonl"}, `{"ids":[187,27,5],"tokens":[{"id":187,"text":"` + `\ufffd` + `","bytes":"/w=="},{"id":27,"text":"<"},{"id":5,"text":"&"}]}` + "\n"},
		{"", []string{"464 835", "--decode"}, "The way"},
		{"464,\n835\n", []string{"--decode"}, "The way"},
		{"[464, 835]", []string{"-", "--decode"}, "The way"},
		{"", []string{"", "--decode"}, ""},
		{"", []string{"464", "--decode", "--jsonl"}, `{"ids":[464],"tokens":[{"id":464,"text":"The"}]}` + "\n"},
		{"", []string{"187", "--decode"}, "\xff"},
		{"", []string{"", "--width", "40"}, "position  id  piece  bytes\n"},
		{"", []string{"é x"}, "position    id  piece  bytes\n       0  2634  é      c3 a9\n       1  2124  ·x     20 78\n"},
	} {
		got := golensWith(t, c.stdin, append([]string{"tokens"}, c.args...)...)
		if got.code != 0 || got.stderr != "" || got.out != c.want {
			t.Errorf("%q with %q:\n%+v\nwant\n%q", c.args, c.stdin, got, c.want)
		}
	}
}

// TestTokensRoundTrip: every byte comes back.
func TestTokensRoundTrip(t *testing.T) {
	var all strings.Builder
	for i := range 256 {
		all.WriteByte(byte(i))
	}
	all.WriteString("text, <|endoftext|>, \r\n\t  日本語 \xe6\x97")
	for _, model := range []string{"", tiny(t)} {
		coded := golensWith(t, all.String(), "tokens", "--jsonl", "--model", model)
		var tokens struct{ IDs []int64 }
		if err := json.Unmarshal([]byte(coded.out), &tokens); err != nil {
			t.Fatal(err)
		}
		if back := golensWith(t, fmt.Sprint(tokens.IDs), "tokens", "--decode", "--model", model); back.out != all.String() {
			t.Errorf("model %q: %q came back", model, back.out)
		}
	}
}

// TestGuessedTokenizer: where a folder has no tokenizer and GPT-2's vocabulary by its
// size, GPT-2's is used with a warning; where it has another library's, ids would be wrong.
func TestGuessedTokenizer(t *testing.T) {
	folder := func(files ...string) string {
		c := newCheckpoint(t)
		c.config["vocab_size"] = 50257
		c.tensors["wte.weight"] = tensor{[]int64{50257, tinyWidth}, make([]float32, 50257*tinyWidth)}
		c.files = nil
		dir := c.write(t)
		for _, name := range files {
			put(t, dir, name, []byte("x"))
		}
		return dir
	}
	dir := folder()
	warning := "golens: warning: " + dir + " has no tokenizer, and its vocabulary is of the size of GPT-2's: GPT-2's tokenizer is used\n"
	for _, args := range [][]string{{"tokens", "Hello world", "--model", dir}, {"lens", "Hello world", "--model", dir}} {
		if o := golens(t, args...); o.code != 0 || o.stderr != warning {
			t.Errorf("%v: %+v", args, o)
		}
	}
	good(t, "lens", "--ids", "1,2", "--model", dir)
	prompts := put(t, t.TempDir(), "p.jsonl", []byte("{\"prompt\": \"Hello\"}\n{\"prompt\": \"world\"}\n"))
	if o := golens(t, "lens", "--prompts", prompts, "--model", dir); o.code != 0 || o.stderr != warning {
		t.Errorf("two prompts: %+v", o)
	}
	for _, name := range []string{"spiece.model", "tokenizer.model", "vocab.txt"} {
		dir := folder(name)
		refused(t, golens(t, "tokens", "Hello world", "--model", dir), 1, "its tokenizer in "+name, "no tokenizer.json")
		refused(t, golens(t, "lens", "Hello world", "--model", dir), 1, "its tokenizer in "+name, "save_pretrained")
		if o := golens(t, "lens", "--ids", "1,2", "--model", dir); o.code != 0 || !strings.Contains(o.stderr, "warning: tokens are shown by id") {
			t.Errorf("%+v", o)
		}
	}
}
