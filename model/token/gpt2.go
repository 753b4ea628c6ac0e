package token

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"

	"github.com/pkoukk/tiktoken-go-loader/assets"
)

const (
	ranksFile  = "r50k_base.tiktoken"
	ranksCount = 50256
	endOfText  = "<|endoftext|>" // GPT-2's only special token, id 50256
)

// GPT2 returns the tokenizer of GPT-2: 50,257 pieces. Its vocabulary is part
// of the program; it is read on the first call, and every call returns the
// same tokenizer.
func GPT2() (*Tokenizer, error) { return gpt2() }

var gpt2 = sync.OnceValues(func() (*Tokenizer, error) {
	ranks, err := assets.Assets.ReadFile(ranksFile)
	if err != nil {
		return nil, fmt.Errorf("token: embedded vocabulary: %w", err)
	}
	v, err := readRanks(ranks, ranksCount)
	if err != nil {
		return nil, fmt.Errorf("token: embedded vocabulary %s: %w", ranksFile, err)
	}
	v.add([]byte(endOfText))
	return newTokenizer(v), nil
})

// readRanks reads a vocabulary in tiktoken's form: in each line a piece in
// base64 and its id, in the order of the ids, of which there are count.
//
// The form does not tell the merges, but they follow from it: a piece of
// several bytes is made by one merge, whose rank is in the order of the ids,
// and its two parts are what all the merges before leave of it.
func readRanks(file []byte, count int) (*vocabulary, error) {
	v := newVocabulary(count+1, count)
	var m merger
	var piece []byte
	for id := 0; len(file) > 0; id++ {
		var line []byte
		line, file = cut(file, '\n')
		text, number := cut(line, ' ')
		var err error
		if piece, err = base64.StdEncoding.AppendDecode(piece[:0], text); err != nil {
			return nil, fmt.Errorf("line %d: %w", id+1, err)
		}
		if n, err := strconv.Atoi(string(number)); err != nil || n != id || len(piece) == 0 {
			return nil, fmt.Errorf("line %d: %q is not a piece and the id %d", id+1, line, id)
		}
		if len(piece) == 1 && v.bytes[piece[0]] >= 0 {
			return nil, fmt.Errorf("line %d: the piece %q is there already", id+1, piece)
		}
		v.add(piece)
		if len(piece) == 1 {
			continue
		}
		if len(v.merges) == 0 {
			if err := v.checkBytes(); err != nil {
				return nil, err
			}
		}
		parts := m.split(v, string(piece))
		if len(parts) != 2 {
			return nil, fmt.Errorf("line %d: the piece %q is not a merge of two earlier ones", id+1, piece)
		}
		v.addMerge(merge{parts[0], parts[1], int32(id)})
	}
	if v.size() != count {
		return nil, fmt.Errorf("%d pieces instead of %d", v.size(), count)
	}
	return v, nil
}

// cut returns what comes before the first separator in b and what comes after.
func cut(b []byte, separator byte) (before, after []byte) {
	if i := bytes.IndexByte(b, separator); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}
