package token

import "fmt"

// A vocabulary is the pieces of a tokenizer, by id, and the merges that make
// them of smaller ones, by rank. It does not change once it is built.
type vocabulary struct {
	text   []byte           // the bytes of all pieces, end to end
	ends   []int            // where the piece of each id ends in text
	plain  map[int32]string // pieces that are not written in the byte alphabet, such as "<｜end｜>", as they are
	bytes  [256]int32       // the id of each single byte
	merges []merge          // by rank: the first ones go first
	ranks  *pairs           // the rank of each merge, by the ids of its parts

	// Of a tokenizer.json; nil for GPT-2's two files.
	names   []string         // how the file writes each piece
	isByte  []bool           // whether a piece is a byte of ByteFallback's
	symbols *symbols         // what a word begins as, unless that is its bytes
	whole   map[string]int32 // words that are not cut into symbols: the pieces, with ignore_merges
	spacer  string           // no merge joins this character to something before it but itself; "" for none
}

// A merge joins two neighbouring pieces to one.
type merge struct{ left, right, made int32 }

// newVocabulary returns a vocabulary with room for so many pieces and merges.
func newVocabulary(pieces, merges int) *vocabulary {
	v := &vocabulary{
		text:   make([]byte, 0, 7*pieces),
		ends:   make([]int, 0, pieces),
		merges: make([]merge, 0, merges),
		ranks:  newPairs(merges),
	}
	for b := range v.bytes {
		v.bytes[b] = -1
	}
	return v
}

// size returns the number of pieces; their ids run from 0 to one less.
func (v *vocabulary) size() int { return len(v.ends) }

// piece returns the bytes of a piece. They must not be written to.
func (v *vocabulary) piece(id int32) []byte {
	start := 0
	if id > 0 {
		start = v.ends[id-1]
	}
	return v.text[start:v.ends[id]:v.ends[id]]
}

// display returns a piece as vocab.json or tokenizer.json writes it.
func (v *vocabulary) display(id int32) string {
	if v.names != nil {
		return v.names[id]
	}
	if s, ok := v.plain[id]; ok {
		return s
	}
	return toAlphabet(v.piece(id))
}

// add appends a piece, which gets the next id.
func (v *vocabulary) add(piece []byte) {
	id := int32(v.size())
	v.text = append(v.text, piece...)
	v.ends = append(v.ends, len(v.text))
	if len(piece) == 1 {
		v.bytes[piece[0]] = id
	}
}

// addPlain appends a piece that is not written in the byte alphabet. It stands
// for its own UTF-8.
func (v *vocabulary) addPlain(piece string) {
	if v.plain == nil {
		v.plain = map[int32]string{}
	}
	v.plain[int32(v.size())] = piece
	v.text = append(v.text, piece...)
	v.ends = append(v.ends, len(v.text))
}

// addMerge appends a merge, which gets the next rank, unless the pair has one
// already; it returns the pair's rank and whether it is new.
func (v *vocabulary) addMerge(m merge) (rank int32, isNew bool) {
	if rank := v.ranks.rank(m.left, m.right); rank != noRank {
		return rank, false
	}
	rank = int32(len(v.merges))
	v.merges = append(v.merges, m)
	v.ranks.set(m.left, m.right, rank)
	return rank, true
}

// checkBytes returns an error that names the first byte that is not a piece.
// With all 256 there, every text has ids.
func (v *vocabulary) checkBytes() error {
	for b, id := range v.bytes {
		if id < 0 {
			return fmt.Errorf("the piece %q of byte 0x%02X is missing; a byte-level vocabulary has all 256", string(alphabet[b]), b)
		}
	}
	return nil
}
