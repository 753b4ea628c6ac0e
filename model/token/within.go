package token

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Within returns a word as it is within a text, with a space in front where it has
// none, and the ids of that. A tokenizer that itself puts a space in front of every
// text, as Llama 2's does, gets none from here. The empty word has no ids.
func (t *Tokenizer) Within(word string) (text string, ids []int64) {
	if word == "" {
		return "", nil
	}
	text = word
	if r, _ := utf8.DecodeRuneInString(word); !unicode.IsSpace(r) {
		text = " " + word
	}
	if bare := strings.TrimPrefix(text, " "); bare != "" && bare != text && bare[0] != ' ' {
		ids := t.Encode(bare)
		if first, err := t.Piece(ids[0]); err == nil && bytes.HasPrefix(first, []byte(" ")) {
			return text, ids
		}
	}
	return text, t.Encode(text)
}
