package token

import "sort"

// A special token of a vocab.json is written <like this>.
const specialOpen, specialClose = '<', '>'

// isSpecial reports whether a piece is written as special tokens are.
func isSpecial(piece string) bool {
	n := len(piece)
	return n > 2 && piece[0] == specialOpen && piece[n-1] == specialClose
}

// specials returns the ids of the special tokens, the longest first: the
// pieces written as such that no merge makes, so that no text gives them, such
// as "<|endoftext|>" or "</s>".
func specials(v *vocabulary) []int32 {
	made := make([]bool, v.size())
	for _, m := range v.merges {
		made[m.made] = true
	}
	var ids []int32
	for id := range int32(v.size()) {
		if !made[id] && isSpecial(string(v.piece(id))) {
			ids = append(ids, id)
		}
	}
	sort.SliceStable(ids, func(i, j int) bool { return len(v.piece(ids[i])) > len(v.piece(ids[j])) })
	return ids
}

// specialTokens returns special tokens as a tokenizer.json writes them.
func specialTokens(v *vocabulary, ids []int32) []addedToken {
	tokens := make([]addedToken, len(ids))
	for i, id := range ids {
		tokens[i] = addedToken{ID: id, Content: string(v.piece(id)), Special: true}
	}
	return tokens
}
