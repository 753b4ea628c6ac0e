package token

import (
	"bytes"
	"strings"
	"testing"
)

func TestAlphabet(t *testing.T) {
	known := []struct {
		b byte
		r rune
	}{
		{0x00, 'Ā'}, {'\t', 'ĉ'}, {'\n', 'Ċ'}, {'\r', 'č'}, {' ', 'Ġ'}, {'!', '!'}, {'~', '~'},
		{0x7F, 'ġ'}, {0x80, 'Ģ'}, {0xA0, 'ł'}, {0xA1, '¡'}, {0xAC, '¬'}, {0xAD, 'Ń'}, {0xAE, '®'}, {0xFF, 'ÿ'},
	}
	for _, k := range known {
		if alphabet[k.b] != k.r {
			t.Errorf("byte 0x%02X is %q, want %q", k.b, alphabet[k.b], k.r)
		}
	}
	all := make([]byte, 256)
	for b := range all {
		all[b] = byte(b)
	}
	s := toAlphabet(all)
	if strings.ContainsAny(s, " \t\r\n\u00A0\u00AD") {
		t.Errorf("the alphabet has an invisible character: %q", s)
	}
	back, err := appendBytes(nil, s)
	if err != nil || !bytes.Equal(back, all) {
		t.Errorf("appendBytes(toAlphabet(all bytes)) = %v, %v", back, err)
	}
}

func TestAppendBytesRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"a b":       `character ' ' (U+0020)`,
		"a\u00A0":   `character '\u00a0' (U+00A0)`,
		"a\u0144":   `character 'ń' (U+0144)`,
		"漢":         `character '漢' (U+6F22)`,
		"a\xE2\x82": "byte 0xE2 is not UTF-8",
		"\uFFFD":    `character '�' (U+FFFD)`,
	} {
		got, err := appendBytes([]byte("x"), s)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("appendBytes(%q) = %q, %v; want an error with %s", s, got, err, want)
		}
	}
}
