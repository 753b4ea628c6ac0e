package model_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/safetensors"
)

// TestTiedFiles: of a tied head and embedding a file may hold either name, or both, as
// safetensors writes tensors that share memory. transformers reads all of them, to the same
// bits; where config.json ties nothing, both must be there.
func TestTiedFiles(t *testing.T) {
	oneThread(t)
	for _, c := range []struct{ preset, embedding, head string }{
		{"gpt2-96", "transformer.wte.weight", "lm_head.weight"},
		{"llama3-96", "model.embed_tokens.weight", "lm_head.weight"},
		{"qwen2-96", "model.embed_tokens.weight", "lm_head.weight"},
		{"opt-96", "model.decoder.embed_tokens.weight", "lm_head.weight"},
		{"gptneo-96", "transformer.wte.weight", "lm_head.weight"},
		{"gemma3-96", "model.embed_tokens.weight", "lm_head.weight"},
	} {
		source := reference.Model(t, c.preset)
		for _, names := range [][]string{{c.head}, {c.embedding}, {c.head, c.embedding}, {"other " + c.head, c.embedding}} {
			t.Run(c.preset+"/"+strings.Join(names, "+"), func(t *testing.T) {
				dir := retied(t, source, c.embedding, c.head, names)
				m := open(t, dir, model.Options{Attention: model.Eager})
				ask := reference.Request{Model: dir, IDs: reference.IDs(4, 14, m.Sizes.Vocab), Attention: "eager", DType: "float32"}
				hidden, logits := states(t, m, ask.IDs, nil)
				want := reference.Forward(t, ask)
				reference.Equal(t, "hidden_states", hidden, want["hidden"])
				reference.Equal(t, "logits", logits, want["model_logits"])
				if other := strings.HasPrefix(names[0], "other"); m.Tied() == other || other != (len(m.Warnings) == 1) {
					t.Errorf("tied is %v, and the warnings are %q", m.Tied(), m.Warnings)
				}
				path := filepath.Join(t.TempDir(), "m.pt")
				if err := m.Export(path); err != nil {
					t.Error(err)
				}
			})
		}
		untied := retied(t, source, c.embedding, c.head, []string{c.head})
		untie(t, untied)
		if _, err := model.Open(untied, model.Options{}); err == nil || !strings.Contains(err.Error(), "no tensor "+c.embedding) {
			t.Errorf("%s, not tied, without an embedding: %v", c.preset, err)
		}
		untied = retied(t, source, c.embedding, c.head, []string{c.embedding})
		untie(t, untied)
		if _, err := model.Open(untied, model.Options{}); err == nil || !strings.Contains(err.Error(), "no tensor "+c.head) {
			t.Errorf("%s, not tied, without a head: %v", c.preset, err)
		}
	}
}

// retied copies a folder whose embedding goes by the given names; "other" before one has
// another tensor there.
func retied(t *testing.T, source, embedding, head string, names []string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	set, err := checkpoint.OpenDir(source)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var out []safetensors.Tensor
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		data, err := io.ReadAll(set.Reader(e))
		if err != nil {
			t.Fatal(err)
		}
		add := func(name string, data []byte) {
			out = append(out, safetensors.Tensor{Name: name, DType: e.DType, Shape: e.Shape, Data: strings.NewReader(string(data))})
		}
		switch name {
		case head: // which is the embedding again
		case embedding:
			for _, as := range names {
				if as, other := strings.CutPrefix(as, "other "); other {
					add(as, append(append([]byte{}, data[4:]...), data[:4]...))
				} else {
					add(as, data)
				}
			}
		default:
			add(name, data)
		}
	}
	if err := safetensors.WriteFile(filepath.Join(dir, "model.safetensors"), map[string]string{"format": "pt"}, out...); err != nil {
		t.Fatal(err)
	}
	return dir
}

// untie has a folder's config.json say that the head is a table of its own.
func untie(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := strings.Replace(string(text), `"tie_word_embeddings": true`, `"tie_word_embeddings": false`, 1)
	if s == string(text) {
		s = strings.Replace(s, "{", `{"tie_word_embeddings": false,`, 1)
	}
	if err := os.WriteFile(path, []byte(s), 0o666); err != nil {
		t.Fatal(err)
	}
}
