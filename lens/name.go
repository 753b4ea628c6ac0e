package lens

// name fills in the bytes of every token that the result speaks of, and the manifest.
func (r *reader) name() error {
	tok, err := r.m.Tokenizer()
	if err != nil {
		return err
	}
	r.out.Pieces = map[int64]Token{}
	note := func(id int64) {
		if _, ok := r.out.Pieces[id]; ok || id < 0 {
			return
		}
		// A model may have more rows than its tokenizer has tokens: those have no bytes.
		b, _ := tok.Piece(id)
		r.out.Pieces[id] = Token{ID: id, Bytes: b}
	}
	for i, t := range r.out.Tokens {
		b, err := tok.Piece(t.ID)
		if err != nil {
			return err
		}
		r.out.Tokens[i].Bytes = b
	}
	for _, id := range r.out.TopIDs {
		note(id)
	}
	if r.out.Targets != nil {
		for _, id := range r.out.Targets.IDs {
			note(id)
		}
	}
	r.out.Manifest, err = r.manifest(tok)
	return err
}
