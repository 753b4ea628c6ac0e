package token

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// asSpec returns a tokenizer as a spec that may be changed.
func (t *Tokenizer) asSpec() *spec {
	if t.spec != nil {
		s := *t.spec
		s.added = append([]addedToken(nil), t.spec.added...)
		return &s
	}
	v := t.vocabulary
	s := &spec{merges: v.merges, added: specialTokens(v, t.special)}
	for id := range int32(v.size()) {
		s.names = append(s.names, v.display(id))
	}
	s.bos, _ = t.name(t.BOS())
	s.eos, _ = t.name(t.EndOfText())
	words := jsontext.Value(fmt.Sprintf(byteLevelJSON, false, true))
	s.preTokenizer, s.decoder = words, words
	return s
}

// name returns the name of a piece, or "".
func (t *Tokenizer) name(id int64, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return t.vocabulary.display(int32(id)), true
}

// plain returns the tokenizer of a spec that says no more than GPT-2's two files can:
// GPT-2's words, special tokens that are written <like this>, and nothing around a text.
func (s *spec) plain() (*Tokenizer, bool) {
	var p preTokenizer
	d, err := readDecoder(s.decoder)
	switch {
	case err != nil || !d.byteLevel || !isNull(s.normalizer) || isNull(s.preTokenizer) || s.model.IgnoreMerges:
		return nil, false
	case unmarshal(s.preTokenizer, &p) != nil || p.Type != "ByteLevel":
		return nil, false
	case p.AddPrefixSpace != nil && *p.AddPrefixSpace || p.UseRegex != nil && !*p.UseRegex:
		return nil, false
	case len(s.template.before)+len(s.template.after) > 0:
		return nil, false
	}
	names := s.allNames(s.ids())
	v, err := build(names, s.merges)
	if err != nil || len(v.plain) > 0 {
		return nil, false
	}
	t := newTokenizer(v)
	special := map[int32]bool{}
	for _, id := range t.special {
		special[id] = true
	}
	for _, a := range s.added {
		if !a.Special || a.SingleWord || a.LStrip || a.RStrip || !special[a.ID] {
			return nil, false
		}
		delete(special, a.ID)
	}
	return t, len(special) == 0 && s.knows(t)
}

// WithBOS returns a tokenizer that puts a token before every text of EncodeTemplate. transformers'
// AutoTokenizer.from_pretrained(DIR, add_bos_token=True, bos_token=NAME) does the same. A name
// that is not in the vocabulary becomes a new special token with the next free id, Size. "" is
// BOS, the token that begins a text anyway; a tokenizer without one gives an error.
func (t *Tokenizer) WithBOS(name string) (*Tokenizer, error) {
	s := t.asSpec()
	if name == "" {
		if s.bos == "" {
			return nil, fmt.Errorf("token: the tokenizer has no token that begins a text: name one")
		}
		name = s.bos
	}
	s.bos = name
	s.added = append(s.added, addedToken{Content: name, Special: true})
	s.template = template{before: []string{name}}
	made, err := s.compile()
	if err != nil {
		return nil, fmt.Errorf("token: a token %q in front: %w", name, err)
	}
	return made, nil
}
