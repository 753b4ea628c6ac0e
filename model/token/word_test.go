package token

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// words returns all the words of text.
func words(text string) []string {
	var s scanner
	var all []string
	for len(text) > 0 {
		n := s.word(text)
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

func TestWords(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"Hello world", []string{"Hello", " world"}},
		{"I'm you're it's don't we've I'll he'd", []string{"I", "'m", " you", "'re", " it", "'s", " don", "'t", " we", "'ve", " I", "'ll", " he", "'d"}},
		{"I'M IT'S", []string{"I", "'", "M", " IT", "'", "S"}},
		{"it’s", []string{"it", "’", "s"}},
		{"'style 'tis", []string{"'s", "tyle", " '", "tis"}},
		{"!'s ''s", []string{"!'", "s", " ''", "s"}},
		{"'", []string{"'"}},
		{"'r 'l 'v", []string{"'", "r", " '", "l", " '", "v"}},
		{"abc123.!?x", []string{"abc", "123", ".!?", "x"}},
		{"a 1 .b", []string{"a", " 1", " .", "b"}},
		{" ", []string{" "}},
		{"  ", []string{"  "}},
		{"a  b", []string{"a", " ", " b"}},
		{"a    b", []string{"a", "   ", " b"}},
		{"a\n\nb", []string{"a", "\n", "\n", "b"}},
		{"a\nb", []string{"a", "\n", "b"}},
		{"a \n b", []string{"a", " \n", " b"}},
		{"a \n", []string{"a", " \n"}},
		{"a\r\nb\r\n", []string{"a", "\r", "\n", "b", "\r\n"}},
		{"a\u3000\u3000b", []string{"a", "\u3000", "\u3000", "b"}},
		{"a\u00A0b", []string{"a", "\u00A0", "b"}},
		{"\tif x:", []string{"\t", "if", " x", ":"}},
		{"e\u0301t", []string{"e", "\u0301", "t"}},
		{"½ Ⅷ²", []string{"½", " Ⅷ²"}},
		{"👩\u200D🔬 x", []string{"👩\u200D🔬", " x"}},
		{"a\x00\x1Fb", []string{"a", "\x00\x1F", "b"}},
		{"a\xFF\xFEb\xE2\x82", []string{"a", "\xFF\xFE", "b", "\xE2\x82"}},
		{" \xFF!1\xC3", []string{" \xFF!", "1", "\xC3"}},
		{"  \xFF", []string{" ", " \xFF"}},
		{"<|endoftext|>", []string{"<|", "endoftext", "|>"}},
	} {
		if got := words(test.text); !slices.Equal(got, test.want) {
			t.Errorf("words of %q:\n got %q\nwant %q", test.text, got, test.want)
		}
	}
}

// patternWords is the pattern by Go's regexp, as an oracle: its alternatives
// but for the look-ahead, which regexp lacks.
func patternWords(text string) []string {
	var all []string
	for len(text) > 0 {
		n := len(patternWord.FindString(text))
		if n == 0 {
			run := patternSpace.FindString(text)
			n = len(run)
			if _, last := utf8.DecodeLastRuneInString(run); n < len(text) && n > last {
				n -= last // \s+(?!\S) gives one character back
			}
		}
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

const (
	patternS = `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`
	patternL = `\p{L}`
	patternN = `\p{N}`
)

var (
	patternWord = regexp.MustCompile(`^(?:'s|'t|'re|'ve|'m|'ll|'d| ?[` + patternL + `]+| ?[` + patternN + `]+| ?[^` +
		patternS + patternL + patternN + `]+)`)
	patternSpace = regexp.MustCompile(`^[` + patternS + `]+`)
)

func TestWordsAreThePatterns(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		text := hardText(rng, 1+rng.IntN(24))
		if !utf8.ValidString(text) || strings.ContainsFunc(text, isNewer) {
			continue
		}
		if got, want := words(text), patternWords(text); !slices.Equal(got, want) {
			t.Fatalf("words of %q:\n got %q\nwant %q", text, got, want)
		}
	}
}

// No text makes the scanner go back further than a character.
func TestWordsAreLinear(t *testing.T) {
	const n = 30000
	for _, unit := range []string{"a", " ", "\n", "'", "1", "😀", "\xFF", " a", "  a", "\n\n\na", "a1", "'s", "' ", " \u3000", "a\xE2\x82"} {
		text := strings.Repeat(unit, n)
		var s scanner
		for rest := text; len(rest) > 0; {
			rest = rest[s.word(rest):]
		}
		if characters := utf8.RuneCountInString(text); s.steps > 3*characters {
			t.Errorf("%d characters of %q were classified %d times", characters, unit, s.steps)
		}
	}
}
