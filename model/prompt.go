package model

import (
	"fmt"
	"unicode/utf8"
)

// PromptOptions say how a text becomes token ids. The zero PromptOptions give the ids of Python's
// tokenizer(text).
type PromptOptions struct {
	// Literal reads a special token in the text, such as <|endoftext|>, as plain characters.
	Literal bool
	// Bare leaves out the tokens that the tokenizer puts around a text, as transformers'
	// add_special_tokens=False does. Text of a chat template has these tokens already.
	Bare bool
	// BOS puts the beginning-of-text token before the text, unless it is there already.
	BOS bool
}

// Prompt returns the token ids [T] of a text. There is at least one token, and there are no more
// than the model's context allows. The commands and the studies read texts in this way. Text that
// is not UTF-8 is an error. DoubleBOS checks a text that has its own beginning-of-text token.
func (m *Model) Prompt(text string, o PromptOptions) ([]int64, error) {
	if at := badByte(text); at >= 0 {
		return nil, fmt.Errorf("the prompt is not valid UTF-8 (byte %d is %#x): convert it, or give token ids", at, text[at])
	}
	tok, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	ids := tok.EncodeSpecial(text)
	if o.Literal {
		ids = tok.Encode(text)
	}
	if len(ids) == 0 {
		return nil, ErrEmpty
	}
	if !o.Bare {
		ids = tok.Frame(ids)
	}
	if o.BOS {
		if ids, err = m.WithBOS(ids); err != nil {
			return nil, err
		}
	}
	return ids, m.Check(ids)
}

// WithBOS returns ids with the beginning-of-text token before them, unless it is there already. A
// tokenizer without such a token is a ChoiceError.
func (m *Model) WithBOS(ids []int64) ([]int64, error) {
	tok, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	bos, ok := tok.BOS()
	if !ok {
		return nil, choice("this tokenizer has no such token: none begins a text")
	}
	if len(ids) > 0 && ids[0] == bos {
		return ids, nil
	}
	return append([]int64{bos}, ids...), nil
}

// DoubleBOS returns a warning for people if ids begin with two beginning-of-text tokens, or else
// "".
func (m *Model) DoubleBOS(ids []int64) string {
	tok, err := m.Tokenizer()
	if err != nil {
		return ""
	}
	bos, ok := tok.BOS()
	if !ok || len(ids) < 2 || ids[0] != bos || ids[1] != bos {
		return ""
	}
	piece, _ := tok.Piece(bos)
	return fmt.Sprintf("two beginning-of-text tokens, %q (%d), stand at the front: where the text has its own, leave out what the tokenizer puts around it", piece, bos)
}

// badByte returns the first position in s that is not UTF-8, or -1.
func badByte(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return -1
}
