package token

import (
	"strings"
	"unicode/utf8"
)

// contractions are the endings that the pattern splits off, in its order.
var contractions = [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// A scanner cuts text into words. The zero value is ready for use.
type scanner struct {
	steps int // characters classified so far; the tests count them
}

// word returns the length in bytes of the first word of s, which must not be
// empty. Words are what GPT-2 merges within and never across; they are the
// successive matches of
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// which between them cover the whole text. The first alternative that matches wins, and each takes
// as much as it can. All but the last two are therefore: an optional space, then the longest run of
// one class. The last two take a run of white space whole at the end of the text. Before a word
// they leave its last character, so that a space can open the word, unless it is all there is.
//
// Over all the words of a text no character is classified more than three
// times: to end the word before, to begin its own, and as the last of a run of
// white space once more.
func (c *scanner) word(s string) int {
	if s[0] == '\'' {
		for _, ending := range contractions {
			if strings.HasPrefix(s, ending) {
				return len(ending)
			}
		}
	}
	first, end := c.class(s, 0)
	if s[0] == ' ' && len(s) > 1 {
		if second, width := c.class(s, 1); second != space {
			first, end = second, 1+width
		}
	}
	last := 0 // start of the run's last character
	for end < len(s) {
		next, width := c.class(s, end)
		if next != first {
			if first == space && last > 0 {
				return last
			}
			return end
		}
		last = end
		end += width
	}
	return end
}

// class returns the class of the character at byte i of s and its width in
// bytes. A byte that is not part of valid UTF-8 is a character of its own, 1
// byte wide, of the class other: it decodes to U+FFFD, which is a symbol.
func (c *scanner) class(s string, i int) (class, int) {
	c.steps++
	if b := s[i]; b < utf8.RuneSelf {
		return ascii[b], 1
	}
	r, width := utf8.DecodeRuneInString(s[i:])
	return classOf(r), width
}
