package model_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestTarget: which token a text names, in quotation marks and without them.
func TestTarget(t *testing.T) {
	gpt2, llama := openAny(t, ""), openAny(t, reference.Llama(t))
	tok, err := llama.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	named := func(display string) int64 {
		for id := range int64(tok.Size()) {
			if d, err := tok.Display(id); err == nil && d == display {
				return id
			}
		}
		t.Fatalf("no token is written %s", display)
		return 0
	}
	for _, c := range []struct {
		m     *model.Model
		asked string
		text  string
		id    int64
		n     int
		warns string // "" for no warning
	}{
		// GPT-2's ids are those of its vocab.json.
		{gpt2, "Rome", " Rome", 10598, 1, ""},
		{gpt2, " Rome", " Rome", 10598, 1, ""},
		{gpt2, `" Rome"`, " Rome", 10598, 1, ""},
		{gpt2, `"Rome"`, "Rome", 49, 2, `"Rome" is 2 tokens`},
		{gpt2, `"天"`, "天", 25465, 1, ""},
		{gpt2, `"中"`, "中", 40792, 1, ""},
		{gpt2, `"。"`, "。", 16764, 1, ""},
		{gpt2, `"."`, ".", 13, 1, ""},
		{gpt2, `","`, ",", 11, 1, ""},
		{gpt2, `")"`, ")", 8, 1, ""},
		{gpt2, `"s"`, "s", 82, 1, ""},
		{gpt2, `"Buch"`, "Buch", 33, 2, `the first, "B" (33), is followed`},
		{gpt2, `"?????-?????-"`, "?????-?????-", 31666, 1, ""},
		{gpt2, `"\n"`, "\n", 198, 1, ""},
		{gpt2, `"\""`, `"`, 1, 1, ""},
		{gpt2, `"\xe5"`, "\xe5", 161, 1, ""},
		{gpt2, `"next"`, "next", 19545, 1, ""},
		{gpt2, ".", " .", 764, 1, `the target "." is read with a space in front, " ." (764); in quotation marks, ".", it is one token without the space (13)`},
		{gpt2, ")", " )", 1267, 1, "with a space in front"},
		{gpt2, "天", " 天", 36469, 2, `it is one token without the space (25465)`},
		{gpt2, "7", " 7", 767, 1, ""},
		{gpt2, "\n", "\n", 198, 1, ""},
		{gpt2, "<|endoftext|>", "<|endoftext|>", 50256, 1, ""},
		{gpt2, `"<|endoftext|>"`, "<|endoftext|>", 50256, 1, ""},
		{gpt2, "New Yorkers", " New Yorkers", 968, 2, "its id names any other"},
		// Llama's tokenizer puts a space, written ▁, in front of every text.
		{llama, "Rome", " Rome", named("▁Rome"), 1, ""},
		{llama, " Rome", " Rome", named("▁Rome"), 1, ""},
		{llama, `" Rome"`, " Rome", named("▁Rome"), 1, ""},
		{llama, `"Rome"`, "Rome", named("Rome"), 1, ""},
		{llama, `"."`, ".", named("."), 1, ""},
		{llama, ".", " .", named("▁."), 1, "with a space in front"},
		{llama, "</s>", "</s>", 2, 1, ""},
		{llama, `"天"`, "天", named("<0xE5>"), 3, `"天" is 3 tokens`},
		{llama, `"\n"`, "\n", named("<0x0A>"), 1, ""},
	} {
		got, err := c.m.Target(c.asked)
		if err != nil {
			t.Errorf("%s of %s: %v", c.asked, c.m.Name, err)
			continue
		}
		if got.Asked != c.asked || got.Text != c.text || got.ID() != c.id || len(got.IDs) != c.n {
			t.Errorf("%s of %s: %+v, want %q, %d, %d tokens", c.asked, c.m.Name, got, c.text, c.id, c.n)
		}
		if !strings.Contains(got.Warning, c.warns) || c.warns == "" && got.Warning != "" {
			t.Errorf("%s of %s: the warning is %q, want %q", c.asked, c.m.Name, got.Warning, c.warns)
		}
	}
	// A tokenizer that rewrites a text names a token with another text.
	wide := openAny(t, rewriting(t))
	if got, err := wide.Target("Ｒome"); err != nil || got.ID() != named("▁Rome") || !strings.Contains(got.Warning, `" Ｒome" is read as the token " Rome"`) {
		t.Errorf("a rewritten target: %+v (%v)", got, err)
	}
	for asked, says := range map[string]string{"": "empty", `""`: "empty", `"`: "quotation mark", `"a`: "quotation mark", `"a" b`: "quotation mark", `"a\q"`: "quotation mark", "\"a\nb\"": `\n`} {
		_, err := gpt2.Target(asked)
		if choice := new(model.ChoiceError); !errors.As(err, &choice) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: %v", asked, err)
		}
	}
}

// rewriting returns the folder of a Llama whose tokenizer writes characters in their
// compatible form (NFKC).
func rewriting(t *testing.T) string {
	t.Helper()
	dir := reference.Llama(t)
	path := filepath.Join(dir, "tokenizer.json")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const before = `"normalizers":[`
	if bytes.Count(b, []byte(before)) != 1 {
		t.Fatalf("no %s in %s", before, path)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte(before), []byte(before+`{"type":"NFKC"},`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
