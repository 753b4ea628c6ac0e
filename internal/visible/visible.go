package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Signs that stand for characters that cannot be seen. Where a token holds one
// of the signs itself, the sign is escaped.
const (
	signSpace   = '·'
	signNewline = '↵'
	signTab     = '⇥'
	signEmpty   = '∅'
	dotted      = '◌' // carries a combining mark that has no letter before it
)

// maxMarks is the number of combining marks that are drawn on one letter; more
// of them would cover the lines around it.
const maxMarks = 3

// Text returns token bytes as people should see them in a terminal or a figure. A space is ·, a
// line break ↵, a tab ⇥, and nothing at all ∅. Other characters are escapes such as \x1b or \u200d:
// those that cannot be seen, that act on a terminal or on the text around them, or whose width
// terminals disagree on.
//
// Bytes that are not UTF-8 are \xNN, and a backslash is \\, so that two tokens never look the
// same.
func Text(b []byte) string {
	if len(b) == 0 {
		return string(signEmpty)
	}
	var s strings.Builder
	marks := -1 // marks on the letter before, -1 where there is none
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		rest := b[n:]
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&s, `\x%02x`, b[0])
			b, marks = rest, -1
			continue
		}
		b = rest
		if unicode.Is(unicode.M, r) && !Ignorable(r) {
			if marks >= maxMarks {
				s.WriteString(Rune(r))
				continue
			}
			if marks < 0 {
				s.WriteRune(dotted)
				marks = 0
			}
			s.WriteRune(r)
			marks++
			continue
		}
		marks = -1
		switch {
		case r == ' ':
			s.WriteRune(signSpace)
		case r == '\n':
			s.WriteRune(signNewline)
		case r == '\t':
			s.WriteRune(signTab)
		case r == '\r':
			s.WriteString(`\r`)
		case r == '\\':
			s.WriteString(`\\`)
		case r == signSpace, r == signNewline, r == signTab, r == signEmpty, r == dotted:
			s.WriteString(Rune(r))
		case !unicode.IsPrint(r), Ignorable(r), widthless(r):
			s.WriteString(Rune(r))
		default:
			s.WriteRune(r)
			marks = 0
		}
	}
	return s.String()
}

// widthless says whether terminals disagree on how wide r is beside its
// neighbours: halves of flags, skin tones, and the later parts of Hangul syllables.
func widthless(r rune) bool {
	switch {
	case r >= 0x1f1e6 && r <= 0x1f1ff: // regional indicators
		return true
	case r >= 0x1f3fb && r <= 0x1f3ff: // emoji modifiers
		return true
	case r >= 0x1160 && r <= 0x11ff, r >= 0xd7b0 && r <= 0xd7ff: // Hangul vowels and finals
		return true
	}
	return false
}
