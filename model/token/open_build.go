package token

import "fmt"

// build returns the vocabulary of the pieces as vocab.json writes them, by id,
// and of the merges, by rank.
func build(names []string, merges []merge) (*vocabulary, error) {
	v := newVocabulary(len(names), len(merges))
	for i, m := range merges {
		if rank, isNew := v.addMerge(m); !isNew {
			return nil, fmt.Errorf("%s: the merge %q is there twice, as number %d and %d",
				mergesFile, names[m.left]+" "+names[m.right], rank+1, i+1)
		}
	}
	made := make([]bool, len(names))
	for _, m := range merges {
		made[m.made] = true
	}
	var piece []byte
	unmade := 0
	for id, name := range names {
		var err error
		piece, err = appendBytes(piece[:0], name)
		if err != nil || !made[id] && isSpecial(name) && string(piece) != name {
			v.addPlain(name)
		} else {
			v.add(piece)
		}
		if single := err == nil && len(piece) == 1; !single && !made[id] {
			unmade++
		}
	}
	if err := v.checkBytes(); err != nil {
		return nil, fmt.Errorf("%s: %w", vocabFile, err)
	}
	for i, m := range merges {
		for _, id := range []int32{m.left, m.right, m.made} {
			if _, ok := v.plain[id]; ok {
				return nil, fmt.Errorf("%s: merge number %d has the piece %q, which is not text in the byte alphabet",
					mergesFile, i+1, names[id])
			}
		}
	}
	// Special and reserved tokens are some dozens; more pieces without a merge
	// than that mean that lines are missing, and then ids would be wrong.
	if most := max(64, len(names)/100); unmade > most {
		return nil, fmt.Errorf("%s makes only %d of the %d pieces in %s that are longer than a byte; is the file cut off?",
			mergesFile, len(names)-256-unmade, len(names)-256, vocabFile)
	}
	return v, nil
}
