package token

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/go-json-experiment/json/jsontext"
)

// A pattern is what a tokenizer.json searches for: a text, or a regular expression in the dialect
// of Oniguruma. Nearly all of them use look-ahead, which Go's regexp lacks.
// github.com/dlclark/regexp2 has it. For what pattern_syntax.go admits, it means the same as
// Oniguruma.
type pattern struct {
	literal    string // where expression is nil
	expression *regexp2.Regexp
	gpt2       bool // the expression is GPT-2's, for which there is a scanner
}

// gpt2Pattern is the expression that a scanner takes the place of.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// readPattern returns the pattern {"String": TEXT} or {"Regex": EXPRESSION}.
func readPattern(v jsontext.Value) (*pattern, error) {
	var p struct {
		String *string `json:"String"`
		Regex  *string `json:"Regex"`
	}
	if isNull(v) {
		return nil, errors.New("it has no pattern")
	}
	if err := unmarshal(v, &p); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	switch {
	case p.String != nil && *p.String != "":
		return &pattern{literal: *p.String}, nil
	case p.Regex != nil && *p.Regex != "":
		return compile(*p.Regex)
	}
	return nil, fmt.Errorf("pattern: %s is not a text that is not empty, by String or Regex", v)
}

// compile returns the pattern of an expression.
func compile(expression string) (*pattern, error) {
	plain, err := portable(expression)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expression, err)
	}
	// Oniguruma's ^ and $ are the ends of lines.
	r, err := regexp2.Compile(plain, regexp2.Multiline)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expression, err)
	}
	return &pattern{expression: r, gpt2: expression == gpt2Pattern}, nil
}

// each calls yield for every match of the pattern in s and for what is between
// them, from left to right. Empty matches and stretches are left out.
func (p *pattern) each(s string, yield func(span string, match bool)) {
	switch {
	case p.gpt2:
		for c := (scanner{}); len(s) > 0; {
			n := c.word(s)
			yield(s[:n], true)
			s = s[n:]
		}
	case p.expression == nil:
		for len(s) > 0 {
			i := strings.Index(s, p.literal)
			if i < 0 {
				yield(s, false)
				return
			}
			if i > 0 {
				yield(s[:i], false)
			}
			yield(s[i:i+len(p.literal)], true)
			s = s[i+len(p.literal):]
		}
	default:
		p.eachMatch(s, yield)
	}
}

// eachMatch is each for an expression, which runs over characters, not bytes. One
// byte that is not UTF-8 is a character of its own, U+FFFD to the expression.
func (p *pattern) eachMatch(s string, yield func(span string, match bool)) {
	characters := make([]rune, 0, len(s))
	for _, r := range s {
		characters = append(characters, standIn(r))
	}
	at := 0 // the character that s begins with
	take := func(until int, match bool) {
		width := 0
		for ; at < until; at++ {
			_, n := utf8.DecodeRuneInString(s[width:])
			width += n
		}
		if width > 0 {
			yield(s[:width], match)
			s = s[width:]
		}
	}
	// An error is the end of a time limit, and none is set.
	for m, _ := p.expression.FindRunesMatch(characters); m != nil; m, _ = p.expression.FindNextMatch(m) {
		if m.Length > 0 {
			take(m.Index, false)
			take(m.Index+m.Length, true)
		}
	}
	take(len(characters), false)
}
