package token

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A spec is all that a tokenizer is made of: what a tokenizer.json says, once what
// transformers makes of it is done to it.
type spec struct {
	names        []string // the pieces of the model, by id, as the file writes them
	merges       []merge  // by rank
	model        bpe
	added        []addedToken // their ids follow from the pieces and their order
	normalizer   jsontext.Value
	preTokenizer jsontext.Value
	decoder      jsontext.Value
	template     template
	bos, eos     string // what begins and what ends a text, "" where nothing does
}

// bpe is the switches of a model of byte pairs.
type bpe struct {
	Unknown      string `json:"unk_token"` // stands for a character without a piece
	FuseUnknown  bool   `json:"fuse_unk"`
	ByteFallback bool   `json:"byte_fallback"`
	IgnoreMerges bool   `json:"ignore_merges"`
}

// ids returns the ids of the model's pieces.
func (s *spec) ids() map[string]int32 {
	ids := make(map[string]int32, len(s.names))
	for id, name := range s.names {
		ids[name] = int32(id)
	}
	return ids
}

// allNames returns the pieces of the model and the added tokens that are none, by
// id; and gives these their ids, which are the next free ones in their order,
// whatever the file calls them. A token that is there twice stays once: as it is the
// second time, but special if it is so at all.
func (s *spec) allNames(ids map[string]int32) []string {
	names := s.names[:len(s.names):len(s.names)]
	next, seen := map[string]int32{}, map[string]int{}
	kept := s.added[:0:0]
	for _, t := range s.added {
		if t.Content == "" {
			continue
		}
		if i, ok := seen[t.Content]; ok {
			t.ID, t.Special = kept[i].ID, kept[i].Special || t.Special
			kept[i] = t
			continue
		}
		seen[t.Content] = len(kept)
		id, ok := ids[t.Content]
		if !ok {
			id = int32(len(names))
			names = append(names, t.Content)
			next[t.Content] = id
		}
		t.ID = id
		kept = append(kept, t)
	}
	s.added = kept
	for name, id := range next {
		ids[name] = id
	}
	return names
}

// isNull reports whether a member of the file is null or not there.
func isNull(v jsontext.Value) bool {
	return len(v) == 0 || v.Kind() == 'n'
}

// unmarshal reads a member of the file.
func unmarshal(v jsontext.Value, to any) error {
	if err := json.Unmarshal(v, to); err != nil {
		return fmt.Errorf("%w", err)
	}
	return nil
}

// canonical returns a member of the file in one layout, with null for a missing one.
func canonical(v jsontext.Value) jsontext.Value {
	if isNull(v) {
		return jsontext.Value("null")
	}
	v = bytes.Clone(v)
	if err := v.Canonicalize(); err != nil { // it has been read, so this does not happen
		return jsontext.Value("null")
	}
	return v
}
