package token

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// Any bytes come back from their ids, and the words cover the text. testdata/fuzz has
// further seeds.
func FuzzRoundTrip(f *testing.F) {
	for _, part := range hardParts {
		f.Add([]byte(part))
	}
	for _, seed := range []string{"", "a  b\n\n\nc", "\xFF\xFE", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\xAF", "<|endoftext|><|endoftext|>", strings.Repeat("ab", 40), strings.Repeat("\xF0\x9F", 50)} {
		f.Add([]byte(seed))
	}
	gpt2 := gpt2ForTest(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		ids := gpt2.Encode(string(text))
		if back, err := gpt2.Decode(ids); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
		if slices.Contains(ids, 50256) {
			t.Fatalf("Encode(%q) has the special token", text)
		}
		special := gpt2.EncodeSpecial(string(text))
		if back, err := gpt2.Decode(special); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q came back from EncodeSpecial as %q, %v", text, back, err)
		}
		if got, want := len(slices.DeleteFunc(slices.Clone(special), func(id int64) bool { return id != 50256 })), strings.Count(string(text), endOfText); got != want {
			t.Fatalf("EncodeSpecial(%q) has %d special tokens, want %d", text, got, want)
		}
		var a, b merger
		var short []int64
		for _, word := range words(string(text)) {
			a.start(gpt2.vocabulary, word)
			b.start(gpt2.vocabulary, word)
			ids := a.splitShort(gpt2.vocabulary)
			if long := b.splitLong(gpt2.vocabulary); !slices.Equal(ids, long) {
				t.Fatalf("%q: the short way gives %v, the long one %v", word, ids, long)
			}
			for _, id := range ids {
				short = append(short, int64(id))
			}
		}
		if !slices.Equal(short, ids) {
			t.Fatalf("Encode(%q) = %v, word by word %v", text, ids, short)
		}
	})
}

// No files panic, and those that are accepted make a tokenizer that works and
// that Save writes as it is. The vocabulary is either the given file or, so that
// most are accepted, the 256 bytes and the given members of the JSON object.
func FuzzOpen(f *testing.F) {
	for _, seed := range [][2]string{
		{``, ""},
		{`"ab":256,"abc":257,"<|endoftext|>":258`, "#version: 0.2\na b\nab c\n"},
		{`"ab":256,"漢":257,"<é>":258,"":259`, "a b\r\n"},
		{`"ab":256`, "a b\na b\n"},
		{`"aa":256,"aaaa":257`, "a a\naa aa\n"},
		{`"a":0,"b":1`, "a b\n"},
		{`"a":-1`, " \n"},
		{`"a":1e999`, "a"},
		{`"\ud800":256`, "\xFF \xFF\n"},
		{`"x":[[[[`, "#version"},
	} {
		f.Add(false, []byte(seed[0]), []byte(seed[1]), "abcab <|endoftext|>")
		f.Add(true, []byte("{"+seed[0]+"}"), []byte(seed[1]), "aaa")
	}
	bytes256 := strings.TrimSuffix(vocabJSON(), "}")
	f.Fuzz(func(t *testing.T, whole bool, vocab, merges []byte, text string) {
		if !whole {
			separator := ","
			if len(vocab) == 0 {
				separator = ""
			}
			vocab = []byte(bytes256 + separator + string(vocab) + "}")
		}
		v, err := parse(vocab, merges)
		if err != nil {
			return
		}
		tokenizer := newTokenizer(v)
		for _, encode := range []func(string) []int64{tokenizer.Encode, tokenizer.EncodeSpecial} {
			if got, err := tokenizer.Decode(encode(text)); err != nil || string(got) != text {
				t.Fatalf("%q came back as %q, %v", text, got, err)
			}
		}
		var savedVocab, savedMerges bytes.Buffer
		if err := writeVocab(&savedVocab, v); err != nil {
			t.Fatal(err)
		}
		if err := writeMerges(&savedMerges, v); err != nil {
			t.Fatal(err)
		}
		again, err := parse(savedVocab.Bytes(), savedMerges.Bytes())
		if err != nil || newTokenizer(again).Digest() != tokenizer.Digest() {
			t.Fatalf("what was saved is not the same again: %v\n%s\n%s", err, &savedVocab, &savedMerges)
		}
	})
}
