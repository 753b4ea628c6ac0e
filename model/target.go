package model

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/golens/golens/model/token"
)

// A Target is a text whose probability is followed, with its tokens.
type Target struct {
	Asked string  // as given
	Text  string  // the text that was looked up, such as " Rome" for Rome
	IDs   []int64 // its tokens, one or more
	// Warning is a sentence for people if the first token is not what was asked for: it is a
	// part of the text, or spells another text. Otherwise it is "".
	Warning string
}

// ID returns the token that is followed: the first of the text.
func (t Target) ID() int64 { return t.IDs[0] }

// Target finds the tokens of a text. A space is put before a word, as within a sentence, unless
// the word begins with one. A text in quotation marks, with the escapes of a Go string, is taken
// as it is: `"."` is the full stop that follows a word. The name of a special token, such as
// <|endoftext|>, is that token.
//
// Errors are ChoiceErrors, except for a model without a tokenizer.
func (m *Model) Target(asked string) (Target, error) {
	t := Target{Asked: asked, Text: asked}
	quoted := strings.HasPrefix(asked, `"`)
	if quoted {
		var err error
		if t.Text, err = strconv.Unquote(asked); err != nil {
			return t, choice(`the target %s begins with a quotation mark and is no text in quotation marks: write "." for a text as it is, \" for a quotation mark in it, \n for a line break`, asked)
		}
	}
	if t.Text == "" {
		return t, choice("the target is empty")
	}
	tok, err := m.Tokenizer()
	if err != nil {
		return t, err
	}
	special := tok.EncodeSpecial(t.Text)
	switch {
	case len(special) == 1 && tok.IsSpecial(special[0]):
		t.IDs = special
	case quoted:
		t.IDs = tok.Inside(t.Text)
	default:
		t.Text, t.IDs = tok.Within(asked)
	}
	if len(t.IDs) == 0 {
		return t, choice("the target %q has no token: the tokenizer leaves nothing of it", t.Text)
	}
	for _, id := range t.IDs {
		if id >= int64(m.Sizes.Vocab) {
			return t, choice("the target %q has the token %d, which is outside the model's vocabulary of %d", t.Text, id, m.Sizes.Vocab)
		}
	}
	t.Warning = t.warning(tok)
	return t, nil
}

// warning says that the first token is not the text, or not the text that was meant.
func (t Target) warning(tok *token.Tokenizer) string {
	piece, _ := tok.Piece(t.ID()) // the tokenizer gave the id
	bare, spaced := strings.CutPrefix(t.Text, " ")
	spaced = spaced && bare == t.Asked // the space is not the user's own
	other := ""
	if spaced {
		if ids := tok.Inside(bare); len(ids) == 1 {
			other = fmt.Sprintf("; in quotation marks, %q, it is one token without the space (%d)", bare, ids[0])
		}
	}
	switch {
	case len(t.IDs) > 1:
		if other == "" {
			other = "; its id names any other"
		}
		return fmt.Sprintf("the target %q is %d tokens, of which the first, %q (%d), is followed%s", t.Text, len(t.IDs), piece, t.ID(), other)
	case string(piece) != t.Text:
		return fmt.Sprintf("the target %q is read as the token %q (%d), whose text is another", t.Text, piece, t.ID())
	case spaced && !followsSpace(bare):
		return fmt.Sprintf("the target %q is read with a space in front, %q (%d)%s", bare, piece, t.ID(), other)
	}
	return ""
}

// unspaced are scripts without spaces between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan}

// followsSpace reports whether a space is expected before a text. It is before words and numbers.
// It is not before punctuation, and not in scripts without spaces.
func followsSpace(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.In(r, unspaced...)
}
