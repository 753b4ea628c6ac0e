package token

import (
	"fmt"
	"slices"
	"sync"
)

// A Tokenizer turns text into ids and back. It is safe for concurrent use.
type Tokenizer struct {
	vocabulary *vocabulary
	pipeline   *pipeline
	special    []int32 // the special tokens
	spec       *spec   // nil for a tokenizer of GPT-2's two files
	digest     func() string
}

// newTokenizer returns the tokenizer of a complete vocabulary with GPT-2's words.
func newTokenizer(v *vocabulary) *Tokenizer {
	special := specials(v)
	return &Tokenizer{
		vocabulary: v,
		pipeline:   plainPipeline(specialTokens(v, special)),
		special:    special,
		digest:     sync.OnceValue(func() string { return digest(v) }),
	}
}

// Encode returns the ids of text, none for the empty text. Special tokens are literal:
// "<|endoftext|>" is thirteen plain characters, and no tokens are added. Added tokens that are not
// special, such as Pythia's for runs of spaces, have their ids.
//
// With a tokenizer of GPT-2's kind, any bytes have ids, valid UTF-8 or not, and Decode returns the
// same bytes. Other files may normalise text or put spaces before it. The time is linear in the
// length of the text, and n log n for a single word of n characters.
func (t *Tokenizer) Encode(text string) []int64 { return t.encode(text, false) }

// EncodeSpecial returns the ids of text as Encode does, but a special token in it, such as
// "<|endoftext|>", becomes its own id. The text before and after it is encoded as if it stood
// alone.
func (t *Tokenizer) EncodeSpecial(text string) []int64 { return t.encode(text, true) }

// EncodeTemplate returns the ids of EncodeSpecial with the tokens that the tokenizer puts around a
// text, such as Llama's "<s>". These are the ids of Python's tokenizer(text).
func (t *Tokenizer) EncodeTemplate(text string) []int64 { return t.Frame(t.EncodeSpecial(text)) }

// Frame adds the tokens that the tokenizer puts around a text to its ids. GPT-2 has none.
func (t *Tokenizer) Frame(ids []int64) []int64 {
	out := make([]int64, 0, len(t.pipeline.before)+len(ids)+len(t.pipeline.after))
	for _, id := range t.pipeline.before {
		out = append(out, int64(id))
	}
	out = append(out, ids...)
	for _, id := range t.pipeline.after {
		out = append(out, int64(id))
	}
	return out
}

// Front returns the ids that the tokenizer puts before a text. GPT-2 has none.
func (t *Tokenizer) Front() []int64 {
	var out []int64
	for _, id := range t.pipeline.before {
		out = append(out, int64(id))
	}
	return out
}

func (t *Tokenizer) encode(text string, special bool) []int64 {
	return t.pipeline.run(t.vocabulary, make([]int64, 0, len(text)/4+1), text, special)
}

// Decode returns the bytes of the ids. For a tokenizer of GPT-2's kind they are those that Encode
// was given. Some ids are part of a UTF-8 character only, so the result need not be valid UTF-8.
// An id outside the vocabulary is an error that names it and its place.
func (t *Tokenizer) Decode(ids []int64) ([]byte, error) {
	if err := t.checkAll(ids); err != nil {
		return nil, err
	}
	text, _ := t.pipeline.decode(t.vocabulary, ids)
	return text, nil
}

// Piece returns the bytes of one piece, " the" for 262 in GPT-2. An id outside
// the vocabulary is an error that names it.
func (t *Tokenizer) Piece(id int64) ([]byte, error) {
	if err := t.check(id); err != nil {
		return nil, err
	}
	return append([]byte{}, t.vocabulary.piece(int32(id))...), nil
}

// Display returns one piece as the vocabulary writes it: "Ġthe" for 262 in GPT-2,
// which writes in the byte alphabet. An id outside the vocabulary is an error that
// names it.
func (t *Tokenizer) Display(id int64) (string, error) {
	if err := t.check(id); err != nil {
		return "", err
	}
	return t.vocabulary.display(int32(id)), nil
}

// check returns an error that names the id if it is outside the vocabulary.
func (t *Tokenizer) check(id int64) error {
	if n := t.Size(); id < 0 || id >= int64(n) {
		return fmt.Errorf("token: id %d is outside the vocabulary of %d pieces (ids 0 to %d)", id, n, n-1)
	}
	return nil
}

// checkAll is check for a list of ids, whose place the error names as well.
func (t *Tokenizer) checkAll(ids []int64) error {
	for i, id := range ids {
		if err := t.check(id); err != nil {
			return fmt.Errorf("%w (number %d of %d ids)", err, i+1, len(ids))
		}
	}
	return nil
}

// Size returns the number of pieces V, added tokens included; their ids run from 0
// to V-1. A model's own V can be larger, where its rows are padded.
func (t *Tokenizer) Size() int { return t.vocabulary.size() }

// IsSpecial reports whether the id is one of the special tokens, which Encode
// never returns for text.
func (t *Tokenizer) IsSpecial(id int64) bool {
	return id >= 0 && id < int64(t.Size()) && slices.Contains(t.special, int32(id))
}

// BOS returns the id of the token that begins a text, and whether there is one: "<s>" of Llama 2,
// "<|endoftext|>" of GPT-2. EncodeTemplate says whether it belongs before a text.
func (t *Tokenizer) BOS() (int64, bool) { return int64(t.pipeline.bos), t.pipeline.bos >= 0 }

// EndOfText returns the id of the token that ends a text, and whether there is one:
// "<|endoftext|>" of GPT-2, "</s>" of Llama 2.
func (t *Tokenizer) EndOfText() (int64, bool) { return int64(t.pipeline.eos), t.pipeline.eos >= 0 }

// Digest returns what identifies the tokenizer: a sha256 in hexadecimal. Two
// tokenizers with equal digests give equal ids for every text, and equal text for
// ids; the layout of their files does not matter.
//
// For a tokenizer with GPT-2's words and nothing beside, whether it comes from two
// files or from a tokenizer.json, the hash is over: "golens vocabulary 1\n"; the
// number of pieces; where each one ends in the text that follows, in bytes; the
// bytes of all pieces, end to end; the number of pieces that are not written in the
// byte alphabet, and their ids; the number of merges; and for each merge, in the
// order of the ranks, the ids of its left and right part and of what they make. All
// numbers are of 4 bytes, little-endian. For any other it is over
// "golens tokenizer 1\n" and the two files that Save writes. It is computed on
// first use.
func (t *Tokenizer) Digest() string { return t.digest() }
