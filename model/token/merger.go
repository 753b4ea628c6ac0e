package token

import (
	"slices"
	"strings"
)

// A merger turns words into ids: a word starts as its bytes or characters, and of all
// neighbours that merge those with the lowest rank do, the leftmost first,
// until none is left. The zero value is ready for use, by one goroutine at a
// time; its buffers serve one word after another.
type merger struct {
	ids   []int32  // the symbols of the word
	ranks []int32  // ranks[i] is the rank of the merge of symbol i with the next, or noRank
	next  []int32  // long words: the index of the next symbol, or the word's length
	prev  []int32  // long words: the index of the symbol before, or -1
	queue []uint64 // long words: a heap of merges to be done, packed by queued
	whole []int32  // the ids of a word that is split part by part
	steps int      // look-ups, comparisons and moves so far; the tests count them
}

// shortWord is the number of symbols up to which searching the lowest rank anew
// for each merge is faster than keeping a heap.
const shortWord = 48

// split returns the ids of a word. They are valid until the next call.
func (m *merger) split(v *vocabulary, word string) []int32 {
	if id, ok := v.whole[word]; ok {
		m.ids = append(m.ids[:0], id)
		return m.ids
	}
	if v.spacer == "" {
		return m.splitPart(v, word)
	}
	m.whole = m.whole[:0]
	for len(word) > 0 {
		n := partLength(word, v.spacer)
		m.whole = append(m.whole, m.splitPart(v, word[:n])...)
		word = word[n:]
	}
	return m.whole
}

// splitPart returns the ids of a word, or of a part of one that nothing merges with.
func (m *merger) splitPart(v *vocabulary, word string) []int32 {
	m.start(v, word)
	if len(m.ids) <= shortWord {
		return m.splitShort(v)
	}
	return m.splitLong(v)
}

// partLength returns where, in a word, the first spacer is that comes after something
// else; else the length of the word.
func partLength(word, spacer string) int {
	at := 0
	for strings.HasPrefix(word[at:], spacer) {
		at += len(spacer)
	}
	if i := strings.Index(word[at:], spacer); i >= 0 {
		return at + i
	}
	return len(word)
}

// start sets the symbols to the bytes or characters of a word and looks up their ranks.
func (m *merger) start(v *vocabulary, word string) {
	m.ids, m.ranks = slices.Grow(m.ids[:0], len(word)), slices.Grow(m.ranks[:0], len(word))
	if v.symbols != nil {
		m.ids = v.symbols.append(m.ids, word)
	} else {
		for i := range len(word) {
			m.ids = append(m.ids, v.bytes[word[i]])
		}
	}
	for i := range m.ids {
		m.ranks = append(m.ranks, m.rank(v, m.ids, i, i+1))
	}
}

// rank returns the rank of the merge of symbols i and j, or noRank if they do
// not merge or one is outside the word.
func (m *merger) rank(v *vocabulary, ids []int32, i, j int) int32 {
	m.steps++
	if i < 0 || j >= len(ids) {
		return noRank
	}
	return v.ranks.rank(ids[i], ids[j])
}

// splitShort merges by searching all of the word for each merge: quadratic,
// and the plain statement of the rule.
func (m *merger) splitShort(v *vocabulary) []int32 {
	ids, ranks := m.ids, m.ranks
	for {
		at, lowest := 0, int32(noRank)
		for i, rank := range ranks {
			if rank < lowest {
				at, lowest = i, rank
			}
		}
		m.steps += len(ranks)
		if lowest == noRank {
			return ids
		}
		last := len(ids) - 1
		for i := at + 1; i < last; i++ { // a word is too short for copy to be worth its call
			ids[i], ranks[i] = ids[i+1], ranks[i+1]
		}
		ids, ranks = ids[:last], ranks[:last]
		ids[at] = v.merges[lowest].made
		ranks[at] = m.rank(v, ids, at, at+1)
		if at > 0 {
			ranks[at-1] = m.rank(v, ids, at-1, at)
		}
	}
}
