package token

import (
	"fmt"
	"slices"
	"sync"
)

// compile returns the tokenizer of a spec.
func (s *spec) compile() (*Tokenizer, error) {
	ids := s.ids()
	byModel := len(ids)
	names := s.allNames(ids)
	if len(names) > maxPieces {
		return nil, fmt.Errorf("%d pieces; golens takes %d", len(names), maxPieces)
	}
	p, byteLevel, err := s.pipeline()
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		names []string
		to    *[]int32
	}{{s.template.before, &p.before}, {s.template.after, &p.after}} {
		for _, name := range part.names {
			id, ok := ids[name]
			if !ok {
				return nil, fmt.Errorf("%q, which is put before or after a text, is not in the vocabulary", name)
			}
			*part.to = append(*part.to, id)
		}
	}
	p.bos, p.eos = idOf(ids, s.bos), idOf(ids, s.eos)
	for _, name := range names[byModel:] { // the model does not know these
		delete(ids, name)
	}
	names = append([]string(nil), names...)
	for _, a := range s.added {
		if a.Normalized {
			names[a.ID] = p.normalize(a.Content) // so it is written by tokenizers as well
		}
	}
	v, err := s.vocabulary(names, ids, byteLevel, p.decoder)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{vocabulary: v, pipeline: p, spec: s}
	for _, a := range s.added {
		if a.Special {
			t.special = append(t.special, a.ID)
		}
	}
	t.digest = sync.OnceValue(func() string { return s.digest() })
	return t, nil
}

// idOf returns the id of a piece, or -1.
func idOf(ids map[string]int32, name string) int32 {
	if id, ok := ids[name]; ok && name != "" {
		return id
	}
	return -1
}

// pipeline returns the steps around the model, without the template's ids.
func (s *spec) pipeline() (p *pipeline, byteLevel bool, err error) {
	p = &pipeline{}
	if p.normalize, err = readNormalizer(s.normalizer); err != nil {
		return nil, false, fmt.Errorf("normalizer: %w", err)
	}
	if p.cut, byteLevel, err = readCutter(s.preTokenizer); err != nil {
		return nil, false, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if p.decoder, err = readDecoder(s.decoder); err != nil {
		return nil, false, fmt.Errorf("decoder: %w", err)
	}
	var raw, normalized []addedToken
	var rawContents, normalizedContents []string
	ordered := slices.Clone(s.added) // the special ones first, which matters where two are the same once normalised
	slices.SortStableFunc(ordered, func(a, b addedToken) int {
		switch {
		case a.Special == b.Special:
			return 0
		case a.Special:
			return -1
		}
		return 1
	})
	for _, t := range ordered {
		if t.Normalized {
			normalized = append(normalized, t)
			normalizedContents = append(normalizedContents, p.normalize(t.Content))
		} else {
			raw = append(raw, t)
			rawContents = append(rawContents, t.Content)
		}
	}
	p.raw, p.normalized = newFinder(raw, rawContents), newFinder(normalized, normalizedContents)
	return p, byteLevel, nil
}

// vocabulary returns the model of a spec. ids are those that the model knows.
func (s *spec) vocabulary(names []string, ids map[string]int32, byteLevel bool, d *decoder) (*vocabulary, error) {
	v := newVocabulary(len(names), len(s.merges))
	v.names, v.isByte = names, make([]bool, len(names))
	for id, name := range names {
		text, isByte := d.piece(name)
		v.text = append(v.text, text...)
		v.ends = append(v.ends, len(v.text))
		v.isByte[id] = isByte
	}
	v.merges = s.merges
	for rank, m := range s.merges { // of two merges of the same pair the later counts
		v.ranks.set(m.left, m.right, int32(rank))
	}
	complete := byteLevel
	for b, r := range alphabet {
		if id, ok := ids[string(r)]; ok {
			v.bytes[b] = id
		} else {
			complete = false
		}
	}
	if !complete {
		var err error
		if v.symbols, err = newSymbols(s.model, ids, byteLevel); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
		if _, ok := ids[metaspace]; ok && !byteLevel && s.spaced() {
			v.spacer = metaspace
		}
	}
	if s.model.IgnoreMerges {
		v.whole = make(map[string]int32, len(ids))
		for name, id := range ids {
			if !byteLevel {
				v.whole[name] = id
			} else if b, err := appendBytes(nil, name); err == nil {
				v.whole[string(b)] = id
			}
		}
	}
	return v, nil
}

// metaspace is the mark that SentencePiece and what is like it write for a space.
const metaspace = "▁"

// spaced reports whether the mark of a space begins every piece that has it, as it
// does in nearly all vocabularies. A text that is one word to the file, as Llama 2's
// are, can then be merged part by part: nothing joins across the start of a mark.
func (s *spec) spaced() bool {
	for _, m := range s.merges {
		if name := s.names[m.made]; partLength(name, metaspace) < len(name) {
			return false
		}
	}
	return true
}
