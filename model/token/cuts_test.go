package token

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// streamText returns text of the characters that pairedTokenizer merges, and of others.
func streamText(rng *rand.Rand, n int) string {
	parts := []string{"a", "a", "a", "s", " ", " ", "  ", "\n", "\n\n", "1", "11", ".", "'", "'s", "/", "é", "e\u0301", "\u0301", "漢", "\u00A0", "\u2003", "\u00A8", "▁", "\t", "\r\n",
		"<s>", "<r>", "<l>", "<w>", "bc", "Å", "ﬁ", "½", "\u0958", "각", "\xFF", "\xE2\x82", "❤"}
	var s strings.Builder
	for range n {
		s.WriteString(parts[rng.IntN(len(parts))])
	}
	return s.String()
}

// cutEverywhere compares, for every place at which a text may be cut, the ids of its two
// parts with those of the whole, and returns how many places there are.
func cutEverywhere(t testing.TB, k *Tokenizer, c *cuts, text string, special bool) int {
	t.Helper()
	whole := k.encode(text, special)
	n := 0
	for at := range text {
		if at == 0 || at+c.ahead() > len(text) {
			continue
		}
		x, _ := utf8.DecodeLastRuneInString(text[:at])
		y, _ := utf8.DecodeRuneInString(text[at:])
		if !c.safe(text, at, x, y) {
			continue
		}
		n++
		parts := k.pipeline.runPart(k.vocabulary, k.encode(text[:at], special), text[at:], special, c.goesOn)
		if !slices.Equal(parts, whole) {
			t.Fatalf("%q and %q have the ids %v, the whole %v", text[:at], text[at:], parts, whole)
		}
	}
	return n
}

// TestCuts: where it is said that a text may be cut, it may.
func TestCuts(t *testing.T) {
	for name, k := range streamed(t) {
		t.Run(name, func(t *testing.T) {
			c, reason := k.cuts()
			if reason != "" {
				t.Fatal(reason)
			}
			rng := rand.New(rand.NewPCG(31, 32))
			places, length := 0, 0
			for i := range 3000 {
				text := streamText(rng, 1+rng.IntN(40))
				if i%3 == 0 {
					text = hardText(rng, 1+rng.IntN(16))
				}
				places += cutEverywhere(t, k, c, text, i%2 == 0)
				length += len(text)
			}
			if places < length/200 {
				t.Errorf("%d places in %d bytes", places, length)
			}
			t.Logf("%d places in %d bytes", places, length)
		})
	}
}

// TestCutsOfTrained does the same with the tokenizers that Hugging Face's library trains.
func TestCutsOfTrained(t *testing.T) {
	dir := trained(t)
	for _, kind := range kinds {
		for _, open := range []string{"file", "folder"} {
			t.Run(kind+"/"+open, func(t *testing.T) {
				k, err := Open(filepath.Join(dir, kind))
				if open == "file" {
					var file []byte
					if file, err = os.ReadFile(filepath.Join(dir, kind, tokenizerJSON)); err == nil {
						k, err = openJSON(file, &settings{})
					}
				}
				if err != nil {
					t.Fatal(err)
				}
				c, reason := k.cuts()
				if reason != "" {
					t.Fatal(reason)
				}
				places, length := 0, 0
				for i, text := range textsFor(k.asSpec().added, 1000) {
					places += cutEverywhere(t, k, c, text, i%2 == 0)
					length += len(text)
				}
				if places < length/200 {
					t.Errorf("%d places in %d bytes", places, length)
				}
			})
		}
	}
}
