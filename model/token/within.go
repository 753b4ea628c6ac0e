package token

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Within returns a word as it stands within a text, with a space before it unless it has one, and
// the ids of that text: see Inside. The empty word has no ids.
func (t *Tokenizer) Within(word string) (text string, ids []int64) {
	if word == "" {
		return "", nil
	}
	text = word
	if r, _ := utf8.DecodeRuneInString(word); !unicode.IsSpace(r) {
		text = " " + word
	}
	return text, t.Inside(text)
}

// contexts are what Inside puts in front of a text: characters that a tokenizer joins
// with few others.
var contexts = []string{"\n", "\"", "(", "a"}

// Inside returns the ids that a text has inside a longer text. They differ from those of Encode if
// the tokenizer puts a space before every text, as Llama 2's does. The ids of "Rome" are then
// those of the word without a space. Special tokens are literal, as in Encode.
func (t *Tokenizer) Inside(text string) []int64 {
	alone := t.Encode(text)
	if text == "" || t.spells(alone, text) {
		return alone
	}
	found := alone
	for i := len(contexts) - 1; i >= 0; i-- { // the first context counts most
		front, all := t.Encode(contexts[i]), t.Encode(contexts[i]+text)
		if len(all) <= len(front) || !slices.Equal(all[:len(front)], front) {
			continue // the context's end and the text's beginning became one token
		}
		if rest := all[len(front):]; !t.spells(found, text) || t.spells(rest, text) {
			found = rest
		}
	}
	return found
}

// spells reports whether the bytes of ids, end to end, are a text's.
func (t *Tokenizer) spells(ids []int64, text string) bool {
	var all []byte
	for _, id := range ids {
		all = append(all, t.vocabulary.piece(int32(id))...)
	}
	return bytes.Equal(all, []byte(text))
}
