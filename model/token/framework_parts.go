package token

import (
	"fmt"
	"strings"

	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/normalizer"
)

var (
	_ tokenizer.PreTokenizer = preTokenizer{}
	_ tokenizer.Model        = model{}
	_ tokenizer.Decoder      = decoder{}
)

// A preTokenizer cuts text into words for the framework.
type preTokenizer struct{}

// PreTokenize cuts each part of the text that has no tokens yet into words.
func (preTokenizer) PreTokenize(text *tokenizer.PreTokenizedString) (*tokenizer.PreTokenizedString, error) {
	return text.Split(func(_ int, part *normalizer.NormalizedString) []tokenizer.SplitIdx {
		var words []tokenizer.SplitIdx
		var s scanner
		at := part.Shift()
		for rest := part.GetNormalized(); len(rest) > 0; {
			n := s.word(rest)
			// The framework's own Slice would copy the whole text for each word.
			w := normalizer.NewNormalizedString(rest[:n], rest[:n], nil, nil, at)
			words = append(words, tokenizer.SplitIdx{Normalized: w})
			at += n
			rest = rest[n:]
		}
		return words
	}), nil
}

// A model is the tokenizer's vocabulary as a model of the framework.
type model struct{ t *Tokenizer }

// Tokenize returns the tokens of one word with their offsets in it, in bytes.
func (m model) Tokenize(word string) ([]tokenizer.Token, error) {
	var merger merger
	v := m.t.vocabulary
	ids := merger.split(v, word)
	tokens := make([]tokenizer.Token, len(ids))
	start := 0
	for i, id := range ids {
		end := start + len(v.piece(id))
		tokens[i] = tokenizer.NewToken(int(id), v.display(id), []int{start, end})
		start = end
	}
	return tokens, nil
}

// TokenToId returns the id of a piece that is written as of Display, if there is one.
func (m model) TokenToId(token string) (id int, ok bool) {
	n, ok := m.t.index()[token]
	return int(n), ok
}

// IdToToken returns the piece of an id, written as of Display, if there is one.
func (m model) IdToToken(id int) (token string, ok bool) {
	token, err := m.t.Display(int64(id))
	return token, err == nil
}

// GetVocab returns the ids of all pieces, written as of Display, in a new map:
// the framework adds to it.
func (m model) GetVocab() map[string]int {
	ids := make(map[string]int, m.t.Size())
	for piece, id := range m.t.index() {
		ids[piece] = int(id)
	}
	return ids
}

// GetVocabSize returns the number of pieces.
func (m model) GetVocabSize() int { return m.t.Size() }

// Save writes vocab.json and merges.txt to a folder, or PREFIX-vocab.json and
// PREFIX-merges.txt.
func (m model) Save(dir string, prefix ...string) error {
	switch len(prefix) {
	case 0:
		return m.t.save(dir, "")
	case 1:
		return m.t.save(dir, prefix[0]+"-")
	}
	return fmt.Errorf("token: save: %d prefixes %q; at most one is possible", len(prefix), prefix)
}

// A decoder turns the pieces of the framework, written as of Display, to text.
type decoder struct{ t *Tokenizer }

// Decode returns the text of the pieces.
func (d decoder) Decode(tokens []string) string { return strings.Join(d.DecodeChain(tokens), "") }

// DecodeChain returns the text of each piece. One that is not in the vocabulary,
// such as a token that the caller has added to the framework, is its own text.
func (d decoder) DecodeChain(tokens []string) []string {
	texts := make([]string, len(tokens))
	for i, token := range tokens {
		texts[i] = token
		if id, ok := d.t.index()[token]; ok {
			texts[i] = string(d.t.vocabulary.piece(id))
		}
	}
	return texts
}
