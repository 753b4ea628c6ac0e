package token

import (
	"fmt"
	"strings"
	"sync"
)

// A Tokenizer turns text into ids and back. It is safe for concurrent use.
type Tokenizer struct {
	vocabulary *vocabulary
	special    []int32 // the special tokens, longest first
	digest     func() string
	index      func() map[string]int32 // the ids of the pieces as vocab.json writes them
}

// newTokenizer returns the tokenizer of a complete vocabulary.
func newTokenizer(v *vocabulary) *Tokenizer {
	return &Tokenizer{
		vocabulary: v,
		special:    specials(v),
		digest:     sync.OnceValue(func() string { return digest(v) }),
		index:      sync.OnceValue(func() map[string]int32 { return index(v) }),
	}
}

// Encode returns the ids of text, none for the empty text. The text is
// literal: "<|endoftext|>" in it is thirteen characters like any others, and
// nothing is normalised, stripped or put in front. Any bytes have ids, valid
// UTF-8 or not, and Decode gives the same bytes back. The time is linear in
// the length of the text, for a single word of n bytes n log n.
func (t *Tokenizer) Encode(text string) []int64 {
	return t.encode(make([]int64, 0, len(text)/4+1), text)
}

// encode appends the ids of text to ids.
func (t *Tokenizer) encode(ids []int64, text string) []int64 {
	var s scanner
	var m merger
	for len(text) > 0 {
		n := s.word(text)
		for _, id := range m.split(t.vocabulary, text[:n]) {
			ids = append(ids, int64(id))
		}
		text = text[n:]
	}
	return ids
}

// EncodeSpecial returns the ids of text as Encode does, except that a special
// token in it, such as "<|endoftext|>", becomes its own id; the text before and
// after is encoded as if it stood alone.
func (t *Tokenizer) EncodeSpecial(text string) []int64 {
	ids := make([]int64, 0, len(text)/4+1)
	for len(text) > 0 {
		at, id, found := t.nextSpecial(text)
		ids = t.encode(ids, text[:at])
		if !found {
			break
		}
		ids = append(ids, int64(id))
		text = text[at+len(t.vocabulary.piece(id)):]
	}
	return ids
}

// nextSpecial returns where the first special token of text begins and its id,
// of several that begin there the longest; without one, the length of text.
func (t *Tokenizer) nextSpecial(text string) (at int, id int32, found bool) {
	for at < len(text) && len(t.special) > 0 {
		skip := strings.IndexByte(text[at:], specialOpen)
		if skip < 0 {
			break
		}
		at += skip
		for _, id := range t.special {
			if strings.HasPrefix(text[at:], string(t.vocabulary.piece(id))) {
				return at, id, true
			}
		}
		at++
	}
	return len(text), 0, false
}

// Decode returns the bytes that the ids stand for: those that Encode was given.
// Some ids, alone or at an edge, are part of a UTF-8 character only, so that the
// result need not be valid UTF-8. An id outside the vocabulary is an error that
// names it and its place.
func (t *Tokenizer) Decode(ids []int64) ([]byte, error) {
	text := make([]byte, 0, 4*len(ids))
	for i, id := range ids {
		if err := t.check(id); err != nil {
			return nil, fmt.Errorf("%w (number %d of %d ids)", err, i+1, len(ids))
		}
		text = append(text, t.vocabulary.piece(int32(id))...)
	}
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

// Display returns one piece as the vocabulary writes it, in the byte alphabet:
// "Ġthe" for 262 in GPT-2. An id outside the vocabulary is an error that names
// it.
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

// Size returns the number of pieces V; their ids run from 0 to V-1. A model's
// own V can be larger, where its rows are padded.
func (t *Tokenizer) Size() int { return t.vocabulary.size() }

// EndOfText returns the id of "<|endoftext|>" and true, or false where the
// vocabulary has no such special token.
func (t *Tokenizer) EndOfText() (int64, bool) {
	for _, id := range t.special {
		if string(t.vocabulary.piece(id)) == endOfText {
			return int64(id), true
		}
	}
	return 0, false
}

// Digest returns what identifies the tokenizer: a sha256 in hexadecimal of its
// pieces and merges. Two tokenizers have equal digests when they give equal ids
// for every text, since these come from nothing else; so GPT2 and Open of
// GPT-2's own files do, whatever the files' layout. It is computed on first use.
//
// The hash is over: "golens vocabulary 1\n"; the number of pieces; where each
// one ends in the text that follows, in bytes; the bytes of all pieces, end to
// end; the number of pieces that are not written in the byte alphabet, and their
// ids; the number of merges; and for each merge, in the order of the ranks, the
// ids of its left and right part and of what they make. All numbers are of 4
// bytes, little-endian.
func (t *Tokenizer) Digest() string { return t.digest() }
