package lens

import "github.com/golens/golens/model/token"

// name fills in the bytes of every token that the result speaks of, and the
// manifest. A model without a tokenizer still has a lens: its tokens are known by id.
func (r *reader) name() error {
	tok, err := r.m.Tokenizer()
	if err != nil {
		r.out.Warnings = append(r.out.Warnings, "tokens are shown by id: "+err.Error())
	}
	if w := r.m.DoubleBOS(r.ids); w != "" && r.first == 0 {
		r.out.Warnings = append(r.out.Warnings, w)
	}
	for i, t := range r.out.Tokens {
		r.out.Tokens[i] = piece(tok, t.ID)
	}
	r.out.Pieces = map[int64]Token{}
	note := func(ids []int64) {
		for _, id := range ids {
			if _, ok := r.out.Pieces[id]; !ok && id >= 0 {
				r.out.Pieces[id] = piece(tok, id)
			}
		}
	}
	note(r.out.TopIDs)
	if r.out.Targets != nil {
		note(r.out.Targets.IDs)
	}
	r.out.Manifest, err = manifest(r.m, tok)
	r.out.Manifest.Lens, r.out.Manifest.LensKey = r.Projection.Name(), r.Projection.Key()
	r.out.Manifest.At, r.out.Manifest.Interventions = string(r.At), r.Hooks.Actions()
	if r.Fast {
		r.out.Manifest.Mode, r.out.Manifest.Kernel, r.out.Manifest.Order = "fast", string(r.Kernel), r.order
		r.out.Manifest.Packed = r.Packed
	}
	return err
}

// piece returns a token with its bytes. A model may have more rows than its
// tokenizer has tokens: those have none.
func piece(tok *token.Tokenizer, id int64) Token {
	if tok == nil {
		return Token{ID: id}
	}
	b, _ := tok.Piece(id)
	return Token{ID: id, Bytes: b}
}

func digest(tok *token.Tokenizer) string {
	if tok == nil {
		return ""
	}
	return tok.Digest()
}
