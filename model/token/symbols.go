package token

import (
	"fmt"
	"unicode/utf8"
)

// symbols tells the pieces that a word consists of before anything is merged. It is
// needed where not every byte is one: where pieces are of characters, and where
// some are missing.
type symbols struct {
	byteLevel bool           // a word's characters are its bytes, in the byte alphabet
	chars     map[rune]int32 // the ids of the characters
	fallback  [256]int32     // the ids of "<0x00>" and so on, -1 where there is none
	unknown   int32          // the id of what stands for a character without an id, or -1 for nothing
	fuse      bool           // several of these in a row are one
}

// append appends the ids of the characters of a word. A byte that is not part of
// valid UTF-8 is a character without an id.
func (s *symbols) append(ids []int32, word string) []int32 {
	waiting := false // whether an unknown character has not been written yet
	for i := 0; i < len(word); {
		r, width := rune(word[i]), 1
		if s.byteLevel {
			r = alphabet[word[i]]
		} else if r >= utf8.RuneSelf {
			r, width = utf8.DecodeRuneInString(word[i:])
		}
		character := word[i : i+width]
		i += width
		if r != utf8.RuneError || width > 1 {
			if id, ok := s.chars[r]; ok {
				if waiting {
					ids = append(ids, s.unknown)
					waiting = false
				}
				ids = append(ids, id)
				continue
			}
		}
		if s.byteLevel {
			character = string(r)
		}
		if with, ok := s.appendFallback(ids, character); ok {
			ids = with
			continue
		}
		if s.unknown < 0 {
			continue
		}
		if waiting && !s.fuse {
			ids = append(ids, s.unknown)
		}
		waiting = true
	}
	if waiting {
		ids = append(ids, s.unknown)
	}
	return ids
}

// appendFallback appends the ids of the bytes of a character, if all have one.
func (s *symbols) appendFallback(ids []int32, character string) ([]int32, bool) {
	for i := range len(character) {
		if s.fallback[character[i]] < 0 {
			return ids, false
		}
	}
	for i := range len(character) {
		ids = append(ids, s.fallback[character[i]])
	}
	return ids, true
}

// newSymbols returns the symbols of a model whose pieces have the given ids.
func newSymbols(m bpe, ids map[string]int32, byteLevel bool) (*symbols, error) {
	s := &symbols{byteLevel: byteLevel, chars: map[rune]int32{}, unknown: -1, fuse: m.FuseUnknown}
	for name, id := range ids {
		if r, n := utf8.DecodeRuneInString(name); n == len(name) && n > 0 {
			s.chars[r] = id
		}
	}
	for b := range s.fallback {
		s.fallback[b] = -1
		if id, ok := ids[fmt.Sprintf("<0x%02X>", b)]; ok && m.ByteFallback {
			s.fallback[b] = id
		}
	}
	if m.Unknown != "" {
		id, ok := ids[m.Unknown]
		if !ok {
			return nil, fmt.Errorf("the unk_token %q is not in the vocabulary", m.Unknown)
		}
		s.unknown = id
	}
	return s, nil
}
