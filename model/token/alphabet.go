package token

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The byte alphabet of GPT-2's files writes every byte as one visible
// character, so that any piece of a vocabulary, also one that is half a UTF-8
// character, is text without spaces: a printable Latin-1 byte stands for
// itself, and the 68 others take the characters from U+0100 on, in order.
// A space is thus "Ġ" (U+0120), a line feed "Ċ" (U+010A).
const (
	alphabetFirst = 256                // the character of the first byte that is not printable
	alphabetSize  = alphabetFirst + 68 // one more than the largest character of the alphabet
)

var (
	alphabet     [256]rune           // the character of each byte
	fromAlphabet [alphabetSize]int16 // the byte of each character, or -1
)

func init() {
	for i := range fromAlphabet {
		fromAlphabet[i] = -1
	}
	next := rune(alphabetFirst)
	for b := range alphabet {
		switch r := rune(b); {
		case '!' <= r && r <= '~', '¡' <= r && r <= '¬', '®' <= r:
			alphabet[b] = r
		default:
			alphabet[b] = next
			next++
		}
		fromAlphabet[alphabet[b]] = int16(b)
	}
}

// toAlphabet returns the bytes written in the byte alphabet.
func toAlphabet(bytes []byte) string {
	var s strings.Builder
	s.Grow(len(bytes) + len(bytes)/2)
	for _, b := range bytes {
		s.WriteRune(alphabet[b])
	}
	return s.String()
}

// appendBytes appends to dst the bytes that s, written in the byte alphabet,
// stands for. The error names the first character outside the alphabet.
func appendBytes(dst []byte, s string) ([]byte, error) {
	for i, r := range s {
		if r >= alphabetSize || fromAlphabet[r] < 0 {
			if _, width := utf8.DecodeRuneInString(s[i:]); width == 1 && r == utf8.RuneError {
				return dst, fmt.Errorf("byte 0x%02X is not UTF-8", s[i])
			}
			return dst, fmt.Errorf("character %q (U+%04X) is outside the byte alphabet", r, r)
		}
		dst = append(dst, byte(fromAlphabet[r]))
	}
	return dst, nil
}
