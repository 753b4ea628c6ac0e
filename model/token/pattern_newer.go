package token

import "unicode"

// standIns are, for each category, the characters that Unicode 15.1 and 16.0 added
// to it, and one of the same category that takes their place in the search for a
// pattern: Oniguruma's tables in Hugging Face's tokenizers 0.23 are of 16.0, and
// those of Go 1.26, which regexp2 asks, of 15.0. See class.go.
var standIns = []struct {
	r     rune
	added *unicode.RangeTable
}{
	{'Ꭰ', &unicode.RangeTable{ // Lu
		R16: []unicode.Range16{{0x1C89, 0x1C89, 1}, {0xA7CB, 0xA7CC, 1}, {0xA7DA, 0xA7DC, 2}},
		R32: []unicode.Range32{{0x10D50, 0x10D65, 1}},
	}},
	{'ꭰ', &unicode.RangeTable{ // Ll
		R16: []unicode.Range16{{0x1C8A, 0x1C8A, 1}, {0xA7CD, 0xA7CD, 1}, {0xA7DB, 0xA7DB, 1}},
		R32: []unicode.Range32{{0x10D70, 0x10D85, 1}},
	}},
	{'ʰ', &unicode.RangeTable{ // Lm
		R32: []unicode.Range32{{0x10D4E, 0x10D4E, 1}, {0x10D6F, 0x10D6F, 1}, {0x16D40, 0x16D42, 1}, {0x16D6B, 0x16D6C, 1}},
	}},
	{'ሀ', &unicode.RangeTable{ // Lo
		R32: []unicode.Range32{
			{0x105C0, 0x105F3, 1}, {0x10D4A, 0x10D4D, 1}, {0x10D4F, 0x10D4F, 1}, {0x10EC2, 0x10EC4, 1},
			{0x11380, 0x11389, 1}, {0x1138B, 0x1138B, 1}, {0x1138E, 0x1138E, 1}, {0x11390, 0x113B5, 1},
			{0x113B7, 0x113B7, 1}, {0x113D1, 0x113D1, 1}, {0x113D3, 0x113D3, 1}, {0x11BC0, 0x11BE0, 1},
			{0x13460, 0x143FA, 1}, {0x16100, 0x1611D, 1}, {0x16D43, 0x16D6A, 1}, {0x18CFF, 0x18CFF, 1},
			{0x1E5D0, 0x1E5ED, 1}, {0x1E5F0, 0x1E5F0, 1}, {0x2EBF0, 0x2EE5D, 1},
		},
	}},
	{'\u0300', &unicode.RangeTable{ // Mn
		R16: []unicode.Range16{{0x897, 0x897, 1}},
		R32: []unicode.Range32{
			{0x10D69, 0x10D6D, 1}, {0x10EFC, 0x10EFC, 1}, {0x113BB, 0x113C0, 1}, {0x113CE, 0x113D2, 2},
			{0x113E1, 0x113E2, 1}, {0x11F5A, 0x11F5A, 1}, {0x1611E, 0x16129, 1}, {0x1612D, 0x1612F, 1},
			{0x1E5EE, 0x1E5EF, 1},
		},
	}},
	{'\u0903', &unicode.RangeTable{ // Mc
		R32: []unicode.Range32{
			{0x113B8, 0x113BA, 1}, {0x113C2, 0x113C2, 1}, {0x113C5, 0x113C5, 1}, {0x113C7, 0x113CA, 1},
			{0x113CC, 0x113CD, 1}, {0x113CF, 0x113CF, 1}, {0x1171E, 0x1171E, 1}, {0x1612A, 0x1612C, 1},
		},
	}},
	{'٠', newNumbers}, // all are Nd
	{'§', &unicode.RangeTable{ // Po
		R16: []unicode.Range16{{0x1B4E, 0x1B4F, 1}, {0x1B7F, 0x1B7F, 1}},
		R32: []unicode.Range32{
			{0x113D4, 0x113D5, 1}, {0x113D7, 0x113D8, 1}, {0x11BE1, 0x11BE1, 1}, {0x16D6D, 0x16D6F, 1},
			{0x1E5FF, 0x1E5FF, 1},
		},
	}},
	{'\u2010', &unicode.RangeTable{R32: []unicode.Range32{{0x10D6E, 0x10D6E, 1}}}}, // Pd
	{'∀', &unicode.RangeTable{R32: []unicode.Range32{{0x10D8E, 0x10D8F, 1}}}},      // Sm
	{'☀', &unicode.RangeTable{ // So
		R16: []unicode.Range16{{0x2427, 0x2429, 1}, {0x2FFC, 0x2FFF, 1}, {0x31E4, 0x31E5, 1}, {0x31EF, 0x31EF, 1}},
		R32: []unicode.Range32{
			{0x1CC00, 0x1CCEF, 1}, {0x1CD00, 0x1CEB3, 1}, {0x1F8B2, 0x1F8BB, 1}, {0x1F8C0, 0x1F8C1, 1},
			{0x1FA89, 0x1FA89, 1}, {0x1FA8F, 0x1FA8F, 1}, {0x1FABE, 0x1FABE, 1}, {0x1FAC6, 0x1FAC6, 1},
			{0x1FADC, 0x1FADC, 1}, {0x1FADF, 0x1FADF, 1}, {0x1FAE9, 0x1FAE9, 1}, {0x1FBCB, 0x1FBEF, 1},
		},
	}},
}

// standIn returns the character that is searched in place of r: r itself unless it
// is newer than Go's tables.
func standIn(r rune) rune {
	if r < 0x897 || unicode.IsOneOf(oldBlocks, r) {
		return r
	}
	for _, s := range standIns {
		if unicode.Is(s.added, r) {
			return s.r
		}
	}
	return r
}

// oldBlocks are much used blocks that nothing was added to, so that most text need
// not be looked up in every table.
var oldBlocks = []*unicode.RangeTable{{R16: []unicode.Range16{{0x0900, 0x1AFF, 1}, {0x2000, 0x2426, 1}, {0x2430, 0x2FFB, 1}, {0x3000, 0x31E3, 1}, {0x3200, 0xA7CA, 1}, {0xA7E0, 0xFFFF, 1}}}}
