package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns token bytes as one line of printable text, from which the bytes can be restored.
// A backslash, everything that is not printable, and every byte that is not UTF-8 become \\, \n,
// \r, \t, \xNN, \uNNNN or \UNNNNNNNN, as in a Go string. CSV files hold tokens in this form.
func Escape(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&s, `\x%02x`, b[0])
		case r == '\\':
			s.WriteString(`\\`)
		case r == '\n':
			s.WriteString(`\n`)
		case r == '\r':
			s.WriteString(`\r`)
		case r == '\t':
			s.WriteString(`\t`)
		case unicode.IsPrint(r) && !Ignorable(r):
			s.WriteRune(r)
		default:
			s.WriteString(Rune(r))
		}
		b = b[n:]
	}
	return s.String()
}

// Rune returns the code point of r as an escape.
func Rune(r rune) string {
	switch {
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// Ignorable reports whether r is drawn as nothing although Unicode calls it a letter or a mark:
// variation selectors, fillers, joiners.
func Ignorable(r rune) bool {
	return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
