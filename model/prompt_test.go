package model_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/model/token"
)

// TestPrompt compares the ids of texts with those that transformers gives them, with
// what the tokenizer puts around a text and without.
func TestPrompt(t *testing.T) {
	texts := []string{"the cat", " the", "Rome.", "<s>the", "<|endoftext|>the cat", "a</s>b", "天, 中。"}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	gpt2 := t.TempDir()
	tok, err := token.GPT2()
	if err == nil {
		err = tok.Save(gpt2)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(gpt2, "tokenizer_config.json"), []byte(`{"tokenizer_class": "GPT2Tokenizer"}`), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	llama := reference.Llama(t)
	for _, c := range []struct{ where, files string }{{"", gpt2}, {llama, llama}} {
		var want [][2][]int64
		if err := json.Unmarshal(reference.Script(t, nil, bytes.NewReader(input), filepath.Join("testdata", "prompt_ids.py"), c.files), &want); err != nil {
			t.Fatal(err)
		}
		m := openAny(t, c.where)
		for i, text := range texts {
			for n, bare := range []bool{true, false} {
				got, err := m.Prompt(text, model.PromptOptions{Bare: bare})
				if err != nil || !slices.Equal(got, want[i][n]) {
					t.Errorf("%q of %s, bare %v: %v (%v), transformers has %v", text, m.Name, bare, got, err, want[i][n])
				}
			}
		}
	}
}

func openAny(t *testing.T, where string) *model.Model {
	t.Helper()
	m, err := builtin.Open(where, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestPromptOptions: what stands at the front, and what no prompt can be.
func TestPromptOptions(t *testing.T) {
	const end, begin = 50256, 1
	gpt2, llama := openAny(t, ""), openAny(t, reference.Llama(t))
	the, err := llama.Prompt("the", model.PromptOptions{Bare: true})
	if err != nil || len(the) != 1 {
		t.Fatal(the, err)
	}
	for _, c := range []struct {
		m      *model.Model
		text   string
		o      model.PromptOptions
		want   []int64
		double bool
	}{
		{gpt2, "The", model.PromptOptions{}, []int64{464}, false},
		{gpt2, "The", model.PromptOptions{BOS: true}, []int64{end, 464}, false},
		{gpt2, "<|endoftext|>The", model.PromptOptions{BOS: true}, []int64{end, 464}, false},
		{gpt2, "<|endoftext|><|endoftext|>The", model.PromptOptions{}, []int64{end, end, 464}, true},
		{llama, "the", model.PromptOptions{}, []int64{begin, the[0]}, false},
		{llama, "the", model.PromptOptions{BOS: true}, []int64{begin, the[0]}, false},
		{llama, "the", model.PromptOptions{Bare: true, BOS: true}, []int64{begin, the[0]}, false},
		{llama, "<s>the", model.PromptOptions{}, []int64{begin, begin, the[0]}, true},
		{llama, "<s>the", model.PromptOptions{Bare: true}, []int64{begin, the[0]}, false},
		{llama, "<s>", model.PromptOptions{Bare: true}, []int64{begin}, false},
	} {
		got, err := c.m.Prompt(c.text, c.o)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q %+v: %v (%v), want %v", c.text, c.o, got, err, c.want)
		}
		if w := c.m.DoubleBOS(got); (w != "") != c.double || c.double && !strings.Contains(w, "two beginning-of-text tokens") {
			t.Errorf("%q %+v: the warning is %q", c.text, c.o, w)
		}
	}
	if got, err := llama.Prompt("<s>the", model.PromptOptions{Bare: true, Literal: true}); err != nil || slices.Contains(got, begin) {
		t.Errorf("literal: %v (%v)", got, err)
	}
	for _, m := range []*model.Model{gpt2, llama} {
		if _, err := m.Prompt("", model.PromptOptions{BOS: true}); !errors.Is(err, model.ErrEmpty) {
			t.Errorf("the empty prompt: %v", err)
		}
		if _, err := m.Prompt("a\xc3(", model.PromptOptions{}); err == nil || !strings.Contains(err.Error(), "byte 1 is 0xc3") {
			t.Errorf("no UTF-8: %v", err)
		}
		long := new(model.LengthError)
		if _, err := m.Prompt(strings.Repeat("the ", 2000), model.PromptOptions{}); !errors.As(err, &long) {
			t.Errorf("a long prompt: %v", err)
		}
	}
}
