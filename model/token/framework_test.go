package token

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/sugarme/tokenizer"
)

func int64s(ids []int) []int64 {
	wide := make([]int64, len(ids))
	for i, id := range ids {
		wide[i] = int64(id)
	}
	return wide
}

func TestEncodingIsEncode(t *testing.T) {
	gpt2 := gpt2ForTest(t)
	for _, text := range referenceTexts() {
		encoding, err := gpt2.Encoding(text)
		if err != nil {
			t.Fatalf("Encoding(%q): %v", text, err)
		}
		if got, want := int64s(encoding.Ids), gpt2.Encode(text); !slices.Equal(got, want) {
			t.Fatalf("Encoding(%q) has the ids %v, want %v", text, got, want)
		}
		end := 0
		for i, offsets := range encoding.Offsets {
			piece := gpt2.vocabulary.piece(int32(encoding.Ids[i]))
			if offsets[0] != end || text[offsets[0]:offsets[1]] != string(piece) {
				t.Fatalf("Encoding(%q): piece %d, %q, is at %v", text, i, piece, offsets)
			}
			if display := gpt2.vocabulary.display(int32(encoding.Ids[i])); encoding.Tokens[i] != display {
				t.Fatalf("Encoding(%q): piece %d is %q, want %q", text, i, encoding.Tokens[i], display)
			}
			end = offsets[1]
		}
		if end != len(text) {
			t.Fatalf("Encoding(%q) ends at byte %d", text, end)
		}
	}
	encoding, err := gpt2.Encoding("Straße, antidisestablishmentarianism")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := encoding.Words, []int{0, 0, 0, 1, 2, 2, 2, 2, 2}; !slices.Equal(got, want) {
		t.Errorf("words %v of %q, want %v", got, encoding.Tokens, want)
	}
}

func TestFrameworkIsEncodeSpecial(t *testing.T) {
	gpt2 := gpt2ForTest(t)
	framework := gpt2.Framework()
	rng := rand.New(rand.NewPCG(13, 14))
	texts := []string{"foo<|endoftext|>bar", "<|endoftext|>", "<|endoftext|><|endoftext|> x"}
	for range 1000 {
		texts = append(texts, hardText(rng, 1+rng.IntN(20)))
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || text == "" {
			continue
		}
		encoding, err := framework.EncodeSingle(text)
		if err != nil {
			t.Fatalf("EncodeSingle(%q): %v", text, err)
		}
		if got, want := int64s(encoding.Ids), gpt2.EncodeSpecial(text); !slices.Equal(got, want) {
			t.Fatalf("EncodeSingle(%q) has the ids %v, want %v", text, got, want)
		}
		if got := framework.Decode(encoding.Ids, false); got != text {
			t.Fatalf("Decode of the ids of %q gives %q", text, got)
		}
		for i, offsets := range encoding.Offsets {
			if piece := gpt2.vocabulary.piece(int32(encoding.Ids[i])); text[offsets[0]:offsets[1]] != string(piece) {
				t.Fatalf("EncodeSingle(%q): piece %d, %q, is at %v", text, i, piece, offsets)
			}
		}
	}
}

func TestFrameworkParts(t *testing.T) {
	gpt2 := gpt2ForTest(t)
	var m tokenizer.Model = model{gpt2}
	if id, ok := m.TokenToId("Ġthe"); id != 262 || !ok {
		t.Errorf(`TokenToId("Ġthe") = %d, %v`, id, ok)
	}
	if id, ok := m.TokenToId(" the"); ok {
		t.Errorf(`TokenToId(" the") = %d, %v`, id, ok)
	}
	if token, ok := m.IdToToken(262); token != "Ġthe" || !ok {
		t.Errorf("IdToToken(262) = %q, %v", token, ok)
	}
	for _, id := range []int{-1, 50257} {
		if token, ok := m.IdToToken(id); ok {
			t.Errorf("IdToToken(%d) = %q, %v", id, token, ok)
		}
	}
	vocab := m.GetVocab()
	if len(vocab) != 50257 || m.GetVocabSize() != 50257 || vocab["<|endoftext|>"] != 50256 {
		t.Errorf("GetVocab has %d pieces, GetVocabSize is %d", len(vocab), m.GetVocabSize())
	}
	vocab["Ġthe"] = 1
	if id, _ := m.TokenToId("Ġthe"); id != 262 {
		t.Error("what GetVocab returns is the tokenizer's own")
	}
	if got := (decoder{gpt2}).Decode([]string{"H", "i", "Ġthe", "re", "Ċ", "<new>"}); got != "Hi there\n<new>" {
		t.Errorf("Decode gives %q", got)
	}
	dir := t.TempDir()
	if err := m.Save(dir, "gpt2"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gpt2-vocab.json", "gpt2-merges.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(dir); err != nil || again.Digest() != gpt2.Digest() {
		t.Errorf("what the model saved is not the same again: %v", err)
	}
	if err := m.Save(dir, "a", "b"); err == nil {
		t.Error("no error for two prefixes")
	}
}
