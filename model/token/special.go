package token

import "sort"

// A special token is written <like this>.
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

// index returns the id of each piece as vocab.json writes it.
func index(v *vocabulary) map[string]int32 {
	ids := make(map[string]int32, v.size())
	for id := range int32(v.size()) {
		ids[v.display(id)] = id
	}
	return ids
}
