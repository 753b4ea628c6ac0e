package token

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// llamaFile returns a tokenizer.json like Llama 2's with a few pieces, and with some
// of its members replaced.
func llamaFile(changes object) string {
	vocab := object{"<unk>": 0, "<s>": 1, "</s>": 2}
	for b := range 256 {
		vocab[fmt.Sprintf("<0x%02X>", b)] = 3 + b
	}
	for _, piece := range []string{"▁", "a", "b", "c", "▁a", "bc", "▁abc", "▁▁"} {
		vocab[piece] = len(vocab)
	}
	token := func(id int, content string) object {
		return object{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
	}
	file := object{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens": []any{token(0, "<unk>"), token(1, "<s>"), token(2, "</s>")},
		"normalizer": object{"type": "Sequence", "normalizers": []any{
			object{"type": "Prepend", "prepend": "▁"}, object{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}}},
		"pre_tokenizer": nil,
		"post_processor": object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "<s>", "type_id": 0}}, object{"Sequence": object{"id": "A", "type_id": 0}}},
			"pair": []any{}, "special_tokens": object{"<s>": object{"id": "<s>", "ids": []int{1}, "tokens": []string{"<s>"}}}},
		"decoder": json.RawMessage(fmt.Sprintf(fallbackJSON, stripJSON)),
		"model": object{"type": "BPE", "dropout": nil, "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": vocab,
			"merges": []string{"▁ a", "b c", "▁a bc", "▁ ▁"}},
	}
	model := file["model"].(object)
	for key, value := range changes {
		if name, ok := strings.CutPrefix(key, "model."); ok {
			model[name] = value
		} else {
			file[key] = value
		}
	}
	b, err := json.Marshal(file)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// llama returns that file's tokenizer.
func llama(t testing.TB, changes object) *Tokenizer {
	t.Helper()
	tokenizer, err := openJSON([]byte(llamaFile(changes)), &settings{})
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func TestLlama(t *testing.T) {
	tokenizer := llama(t, nil)
	for text, want := range map[string][]int64{
		"":         {},
		"abc":      {265},
		"abc abc":  {265, 265},
		"  a":      {266, 263},
		"é":        {259, 3 + 0xC3, 3 + 0xA9},
		"\n":       {259, 3 + '\n'},
		"a\xFF":    {263, 3 + 0xFF},
		"\xE2\x82": {259, 3 + 0xE2, 3 + 0x82},
		"<s>":      {259, 3 + '<', 3 + 's', 3 + '>'},
	} {
		if got := tokenizer.Encode(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("Encode(%q) = %v, want %v", text, got, want)
		}
		if got := tokenizer.EncodeTemplate(text); text != "<s>" && !slices.Equal(got, append([]int64{1}, want...)) {
			t.Errorf("EncodeTemplate(%q) = %v", text, got)
		}
		if got, err := tokenizer.Decode(want); err != nil || string(got) != text {
			t.Errorf("Decode(%v) = %q, %v, want %q", want, got, err, text)
		}
	}
	if got, want := tokenizer.EncodeSpecial("a<s>a"), []int64{263, 1, 263}; !slices.Equal(got, want) {
		t.Errorf("EncodeSpecial = %v, want %v", got, want)
	}
	if piece, err := tokenizer.Piece(263); err != nil || string(piece) != " a" {
		t.Errorf("Piece = %q, %v", piece, err)
	}
	if display, err := tokenizer.Display(263); err != nil || display != "▁a" {
		t.Errorf("Display = %q, %v", display, err)
	}
	if text, err := tokenizer.Text([]int64{3 + 0xC3, 3 + 0xA9, 260, 3 + 0xC3, 3 + 0xA9, 3 + 0xC3}); err != nil || text != "éa\uFFFD\uFFFD\uFFFD" {
		t.Errorf("Text = %q, %v", text, err)
	}
	entries, err := tokenizer.Describe([]int64{1, 265, 3 + '\n'})
	if err != nil || len(entries) != 3 || string(entries[1].Bytes) != " abc" || entries[1].Start != 3 || !entries[0].Special || entries[2].Display != "<0x0A>" {
		t.Errorf("Describe = %+v, %v", entries, err)
	}
	if _, ok := tokenizer.BOS(); ok {
		t.Error("a token that begins a text, where only tokenizer_config.json tells one")
	}
}

func TestUnknownCharacters(t *testing.T) {
	for _, test := range []struct {
		changes object
		want    []int64 // of "ax\xFFbx"
	}{
		{object{"model.byte_fallback": false}, []int64{263, 0, 261, 0}},
		{object{"model.byte_fallback": false, "model.fuse_unk": false}, []int64{263, 0, 0, 261, 0}},
		{object{"model.byte_fallback": false, "model.unk_token": nil}, []int64{263, 261}},
		{nil, []int64{263, 3 + 'x', 3 + 0xFF, 261, 3 + 'x'}},
	} {
		if got := llama(t, test.changes).Encode("ax\xFFbx"); !slices.Equal(got, test.want) {
			t.Errorf("with %v: %v, want %v", test.changes, got, test.want)
		}
	}
}

func TestWithBOS(t *testing.T) {
	gpt2 := gpt2ForTest(t)
	if id, ok := gpt2.BOS(); id != 50256 || !ok {
		t.Errorf("BOS() = %d, %v", id, ok)
	}
	with, err := gpt2.WithBOS("<bos>")
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := with.BOS(); id != 50257 || !ok || with.Size() != 50258 || !with.IsSpecial(50257) || gpt2.Size() != 50257 {
		t.Errorf("BOS() = %d, %v, Size() = %d", id, ok, with.Size())
	}
	if got, want := with.EncodeTemplate("the<bos>"), []int64{50257, 1169, 50257}; !slices.Equal(got, want) {
		t.Errorf("EncodeTemplate = %v, want %v", got, want)
	}
	if got, want := with.Encode("Hello world"), gpt2.Encode("Hello world"); !slices.Equal(got, want) {
		t.Errorf("Encode = %v, want %v", got, want)
	}
	if with.Digest() == gpt2.Digest() {
		t.Error("the digest is the same")
	}
	own, err := gpt2.WithBOS("")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := own.EncodeTemplate("the"), []int64{50256, 1169}; !slices.Equal(got, want) {
		t.Errorf("EncodeTemplate = %v, want %v", got, want)
	}
	if _, err := llama(t, nil).WithBOS(""); err == nil {
		t.Error("no error where no token begins a text")
	}
}

// A tokenizer.json that says what GPT-2's two files say is the same tokenizer.
func TestTokenizerJSONOfGPT2(t *testing.T) {
	gpt2 := gpt2ForTest(t)
	dir := t.TempDir()
	if err := save(dir, tokenizerJSON, gpt2.asSpec().writeTokenizer); err != nil {
		t.Fatal(err)
	}
	sameTokenizer(t, dir, gpt2)
	writeJSON(t, filepath.Join(dir, configFile), object{"tokenizer_class": "GPT2Tokenizer", "bos_token": endOfText, "eos_token": endOfText})
	if got, err := Open(dir); err != nil || got.Digest() != gpt2.Digest() {
		t.Errorf("with a tokenizer_config.json it is another: %v", err)
	}
	// Of both kinds of files the tokenizer.json counts.
	if err := os.WriteFile(filepath.Join(dir, vocabFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(dir); err != nil || got.Digest() != gpt2.Digest() {
		t.Errorf("with a vocab.json beside it: %v", err)
	}
}

func TestReplaceInvalid(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"aé\uFFFD漢":                    "aé\uFFFD漢",
		"\xFF\xFE":                     "\uFFFD\uFFFD",
		"\xE2\x82":                     "\uFFFD",
		"\xE2\x82a\xE2":                "\uFFFDa\uFFFD",
		"\xF0\x9F\x98":                 "\uFFFD",
		"\xF0\x9F\x98\xF0\x9F\x98\x80": "\uFFFD😀",
		"\xE0\x80\x80":                 "\uFFFD\uFFFD\uFFFD",
		"\xED\xA0\x80":                 "\uFFFD\uFFFD\uFFFD",
		"\xF4\x90\x80":                 "\uFFFD\uFFFD\uFFFD",
		"\xC0\xAF\x80":                 "\uFFFD\uFFFD\uFFFD",
		"\xC3\xC3\xA9":                 "\uFFFDé",
	} {
		if got := replaceInvalid(text); got != want {
			t.Errorf("replaceInvalid(%q) = %q, want %q", text, got, want)
		}
	}
}

// A tokenizer with an expression, normalisation and added tokens serves several
// goroutines at once.
func TestConcurrentUseOfTokenizerJSON(t *testing.T) {
	tokenizer := llama(t, object{"normalizer": object{"type": "NFC"}, "pre_tokenizer": json.RawMessage(qwenCutterForFuzz), "decoder": object{"type": "ByteLevel"}})
	text := strings.Repeat("abc e\u0301 <s> 12  'LL\n", 50)
	var group sync.WaitGroup
	ids := make([][]int64, 8)
	for i := range ids {
		group.Go(func() {
			ids[i] = tokenizer.EncodeTemplate(text)
			if _, err := tokenizer.Text(ids[i]); err != nil {
				t.Error(err)
			}
			tokenizer.Digest()
		})
	}
	group.Wait()
	for i := range ids {
		if len(ids[i]) < 50 || !slices.Equal(ids[i], ids[0]) {
			t.Errorf("goroutine %d got %d ids, the first %d", i, len(ids[i]), len(ids[0]))
		}
	}
}

// Merging a text part by part, at the marks of spaces, gives the ids of merging it
// whole; and is not done where some piece has a mark inside.
func TestPartsAreTheWhole(t *testing.T) {
	parts := llama(t, nil)
	if parts.vocabulary.spacer == "" {
		t.Fatal("there are no parts")
	}
	whole := *parts.vocabulary
	whole.spacer = ""
	rng := rand.New(rand.NewPCG(51, 52))
	for range 5000 {
		var word strings.Builder
		for range rng.IntN(30) {
			word.WriteString([]string{"▁", "a", "b", "c", "abc", "é", "\xFF"}[rng.IntN(7)])
		}
		var a, b merger
		if got, want := a.split(parts.vocabulary, word.String()), b.split(&whole, word.String()); !slices.Equal(got, want) {
			t.Fatalf("%q: part by part %v, whole %v", word.String(), got, want)
		}
	}
	vocab := object{"a": 0, "▁": 1, "a▁": 2}
	across := llama(t, object{"model.vocab": vocab, "model.merges": []string{"a ▁"}, "model.unk_token": nil, "added_tokens": []any{}, "post_processor": nil, "model.byte_fallback": false})
	if got := across.Encode("a a"); across.vocabulary.spacer != "" || !slices.Equal(got, []int64{1, 2, 0}) {
		t.Errorf("a piece with a mark inside: %v", got)
	}
}

// Merging a whole text as one word does not take quadratic time.
func TestLongTextsAreNotQuadratic(t *testing.T) {
	v := *llama(t, nil).vocabulary
	v.spacer = "" // else it would be cut at every mark
	steps := func(n int) int {
		var m merger
		m.split(&v, strings.Repeat("▁abcb▁▁a", n))
		return m.steps
	}
	if short, long := steps(1000), steps(16000); long > 16*short*3/2 {
		t.Errorf("%d steps for 1000 repetitions, %d for 16000", short, long)
	}
}
