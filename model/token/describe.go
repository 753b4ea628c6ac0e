package token

// An Entry describes one id of a list of ids.
type Entry struct {
	ID      int64
	Start   int    // where its bytes begin in the bytes of the whole list
	Bytes   []byte // the bytes it stands for there, which need not be valid UTF-8
	Display string // the piece as the vocabulary writes it, as of Tokenizer.Display
	Special bool   // whether it is a special token such as "<|endoftext|>"
}

// Describe returns an entry for each id. The bytes of all entries, end to end,
// are what Decode returns. An id outside the vocabulary is an error that names
// it and its place.
func (t *Tokenizer) Describe(ids []int64) ([]Entry, error) {
	if err := t.checkAll(ids); err != nil {
		return nil, err
	}
	text, ends := t.pipeline.decode(t.vocabulary, ids)
	entries := make([]Entry, len(ids))
	start := 0
	for i, id := range ids {
		entries[i] = Entry{
			ID:      id,
			Start:   start,
			Bytes:   text[start:ends[i]:ends[i]],
			Display: t.vocabulary.display(int32(id)),
			Special: t.IsSpecial(id),
		}
		start = ends[i]
	}
	return entries, nil
}
