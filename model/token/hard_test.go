package token

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// hardParts are pieces of text that tokenizers trip over.
var hardParts = []string{
	"'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'LL", "'", "''", "’s", "’re", "’", "‘", "\"", "“", "`",
	" ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", "\n \n", " \t ", "\v", "\f", "\x00", "\x1B[31m", "\x1C", "\x7F",
	"\u0085", "\u00A0", "\u00AD", "\u1680", "\u180E", "\u2000", "\u200A", "\u200B", "\u200D", "\u2028", "\u2029", "\u202E",
	"\u202F", "\u205F", "\u2060", "\u3000", "\uFEFF", "\uFFFD", "\uFFFE", "\uFFFF", "\U0010FFFF",
	"0", "7", "42", "1984", "3.14", "1,000,000", "1e-9", "0x1F", "²", "½", "Ⅷ", "①", "٣٤", "௧", "〇", "𝟗", "১২", "Ⅿ", "𐄇",
	"a", "The", " the", " of", "Hello", "world", "WORLD", "iPhone", "naïve", "Straße", "İstanbul", "ﬁ", "ǆ", "ª", "ʰ", "ſ",
	"Привет", "мир", "Ελλάδα", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "中文", "漢字", "かな", "カナ", "한국어", "გამარჯობა", "ሰላም",
	"தமிழ்", "ខ្មែរ", "ᚠᚢᚦ", "𐌰𐌱", "𝒜𝓑", "𠀀", "ꙮ", "e\u0301", "n\u0303", "a\u0327\u0300", "\u0301", "\u20DD",
	"😀", "👩\u200D🔬", "👨\u200D👩\u200D👧", "🇩🇪", "❤\uFE0F", "🏽", "👍🏿", "#\uFE0F\u20E3", "©", "™", "€", "£", "→", "∞", "∑", "█", "─",
	".", ",", "!", "?", "...", "…", "—", "-", "_", "__init__", "(", ")", "{", "}", "[]", "<", ">", "</s>", "<|endoftext|>", "<|endoftext|", "|>",
	"@", "#tag", "$", "%", "&", "*", "+", "=", "==", "/", "//", "\\", "\\n", "^", "~", ";", ":", "http://x.y/z?q=1", "a@b.co",
	"def f(x):\n    return x\n", "\t\tif (a) {\n", "SolidGoldMagikarp", "TheNitrome", "antidisestablishmentarianism", "aaaaaaaaaaaa",
}

// hardText returns text of some parts of sixteen kinds. About one text in eight has bytes that are
// not UTF-8. Such a text has only code points of Unicode 15, because the references do not agree
// about others.
func hardText(rng *rand.Rand, parts int) string {
	var s strings.Builder
	broken := rng.IntN(8) == 0
	write := func(r rune) {
		if !broken || !isNewer(r) {
			s.WriteRune(r)
		}
	}
	for range parts {
		switch kind := rng.IntN(16); {
		case kind < 9:
			s.WriteString(hardParts[rng.IntN(len(hardParts))])
		case kind == 9:
			s.WriteString(strings.Repeat(hardParts[rng.IntN(len(hardParts))], 1+rng.IntN(20)))
		case kind == 10:
			write(rune(rng.IntN(0x300)))
		case kind == 11:
			write(randomRune(rng, 0x10000))
		case kind == 12:
			write(randomRune(rng, unicode.MaxRune+1))
		case kind == 13:
			for range 1 + rng.IntN(12) {
				s.WriteByte(byte('a' + rng.IntN(26)))
			}
		case kind == 14:
			script := scripts[rng.IntN(len(scripts))]
			for range 1 + rng.IntN(6) {
				s.WriteRune(randomOf(rng, script))
			}
		case broken:
			for range 1 + rng.IntN(4) {
				s.WriteByte(byte(rng.IntN(256)))
			}
		default:
			s.WriteByte(' ')
		}
	}
	return s.String()
}

// scripts are all of Unicode's, in the order of their names.
var scripts = func() []*unicode.RangeTable {
	var tables []*unicode.RangeTable
	for _, name := range slices.Sorted(maps.Keys(unicode.Scripts)) {
		tables = append(tables, unicode.Scripts[name])
	}
	return tables
}()

// randomRune returns a code point below limit that is not a surrogate.
func randomRune(rng *rand.Rand, limit int) rune {
	for {
		if r := rune(rng.IntN(limit)); r < 0xD800 || r > 0xDFFF {
			return r
		}
	}
}

// randomOf returns a code point of the table.
func randomOf(rng *rand.Rand, table *unicode.RangeTable) rune {
	if i := rng.IntN(len(table.R16) + len(table.R32)); i < len(table.R16) {
		span := table.R16[i]
		return rune(span.Lo) + rune(rng.IntN(int(span.Hi-span.Lo)/int(span.Stride)+1))*rune(span.Stride)
	} else {
		span := table.R32[i-len(table.R16)]
		return rune(span.Lo) + rune(rng.IntN(int(span.Hi-span.Lo)/int(span.Stride)+1))*rune(span.Stride)
	}
}

// isNewer reports whether the code point is not assigned in Go's Unicode. Such
// a one may be a letter to a library with a newer Unicode.
func isNewer(r rune) bool {
	for _, category := range []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co} {
		if unicode.Is(category, r) {
			return false
		}
	}
	return true
}
