package token

import (
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A normalForm is one of Unicode's normalisation forms as Hugging Face's
// tokenizers 0.23 makes them. The algorithm is written out, on golang.org/x/text's
// tables of characters, because its result differs in two ways from that package's:
// no joiner (U+034F) is put into a run of more than 30 combining marks, and the
// characters of inert, which are newer than the tables of that library, stay as and
// where they are.
type normalForm struct {
	decomposition norm.Form // NFD or NFKD
	quick         norm.Form // the form itself, to see whether there is anything to do
	compose       bool
}

var (
	formNFC  = normalForm{norm.NFD, norm.NFC, true}
	formNFD  = normalForm{norm.NFD, norm.NFD, false}
	formNFKC = normalForm{norm.NFKD, norm.NFKC, true}
	formNFKD = normalForm{norm.NFKD, norm.NFKD, false}
)

// inert holds the characters that have a combining class or a decomposition in
// Unicode 15.0 and none in Hugging Face's tokenizers, whose tables of normalisation
// are of Unicode 9.0.
var inert = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x7FD, 0x7FD, 1}, {0x898, 0x89F, 1}, {0x8CA, 0x8D3, 1}, {0x9FE, 0x9FE, 1}, {0xC3C, 0xC3C, 1},
		{0xD3B, 0xD3C, 1}, {0xEBA, 0xEBA, 1}, {0x1715, 0x1715, 1}, {0x1ABF, 0x1ACE, 1}, {0x1DF6, 0x1DFA, 1},
		{0x32FF, 0x32FF, 1}, {0xA7F2, 0xA7F4, 1}, {0xA82C, 0xA82C, 1}, {0xAB69, 0xAB69, 1},
	},
	R32: []unicode.Range32{
		{0x10781, 0x10785, 1}, {0x10787, 0x107B0, 1}, {0x107B2, 0x107BA, 1}, {0x10D24, 0x10D27, 1},
		{0x10EAB, 0x10EAC, 1}, {0x10EFD, 0x10EFF, 1}, {0x10F46, 0x10F50, 1}, {0x10F82, 0x10F85, 1},
		{0x11070, 0x11070, 1}, {0x1133B, 0x1133B, 1}, {0x1145E, 0x1145E, 1}, {0x11839, 0x1183A, 1},
		{0x11938, 0x11938, 1}, {0x1193D, 0x1193E, 1}, {0x11943, 0x11943, 1}, {0x119E0, 0x119E0, 1},
		{0x11A34, 0x11A34, 1}, {0x11A47, 0x11A47, 1}, {0x11A99, 0x11A99, 1}, {0x11D42, 0x11D42, 1},
		{0x11D44, 0x11D45, 1}, {0x11D97, 0x11D97, 1}, {0x11F41, 0x11F42, 1}, {0x16FF0, 0x16FF1, 1},
		{0x1E030, 0x1E06D, 1}, {0x1E08F, 0x1E08F, 1}, {0x1E130, 0x1E136, 1}, {0x1E2AE, 0x1E2AE, 1},
		{0x1E2EC, 0x1E2EF, 1}, {0x1E4EC, 0x1E4EF, 1}, {0x1F16C, 0x1F16C, 1}, {0x1FBF0, 0x1FBF9, 1},
	},
}

// invalidByte marks in a list of characters a byte that is not part of valid
// UTF-8: it is inert, and comes back as it was.
const invalidByte = 1 << 24

// A mark is a character with its canonical combining class.
type mark struct {
	r     rune
	class uint8
}

// text returns s in the form. Bytes that are not UTF-8 stay as they are.
func (f normalForm) text(s string) string {
	if f.isDone(s) {
		return s
	}
	marks := f.decompose(s)
	for i := 0; i < len(marks); i++ { // order each run of marks by their classes
		from := i
		for i < len(marks) && marks[i].class != 0 {
			i++
		}
		slices.SortStableFunc(marks[from:i], func(a, b mark) int { return int(a.class) - int(b.class) })
	}
	if f.compose {
		marks = compose(marks)
	}
	out := make([]byte, 0, len(s)+len(s)/8)
	for _, m := range marks {
		if m.r >= invalidByte {
			out = append(out, byte(m.r))
		} else {
			out = utf8.AppendRune(out, m.r)
		}
	}
	return string(out)
}

// isDone reports whether s is in the form, as far as can be told quickly.
func (f normalForm) isDone(s string) bool {
	i := 0
	for i < len(s) && s[i] < utf8.RuneSelf {
		i++
	}
	if i == len(s) {
		return true
	}
	for _, r := range s[i:] {
		// Of bytes that are not UTF-8 the library does not judge what follows.
		if r == utf8.RuneError || unicode.Is(inert, r) {
			return false
		}
	}
	return f.quick.IsNormalString(s)
}

// decompose returns the characters of s, each decomposed as far as it goes.
func (f normalForm) decompose(s string) []mark {
	marks := make([]mark, 0, len(s))
	for len(s) > 0 {
		r, width := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && width == 1:
			marks = append(marks, mark{r: invalidByte + rune(s[0])})
		case r < utf8.RuneSelf || unicode.Is(inert, r):
			marks = append(marks, mark{r: r})
		default:
			p := f.decomposition.PropertiesString(s)
			if d := p.Decomposition(); d != nil {
				for _, r := range string(d) {
					marks = append(marks, mark{r, norm.NFD.PropertiesString(string(r)).CCC()})
				}
			} else {
				marks = appendSyllable(marks, r, p.CCC())
			}
		}
		s = s[width:]
	}
	return marks
}

// compose joins each mark to the last character of class 0 before it. The two must have a
// composition, and nothing between them may stand in the way.
func compose(marks []mark) []mark {
	out := marks[:0]
	starter := -1 // the index of that character in out
	for _, m := range marks {
		if starter >= 0 {
			last := out[len(out)-1]
			adjacent := len(out)-1 == starter
			if adjacent || last.class < m.class {
				if r, ok := composition(out[starter].r, m.r); ok {
					out[starter].r = r
					continue
				}
			}
		}
		if m.class == 0 {
			starter = len(out)
		}
		out = append(out, m)
	}
	return out
}

// compositions returns the character that two make, for all that Unicode composes.
var compositions = sync.OnceValue(func() map[[2]rune]rune {
	table := map[[2]rune]rune{}
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		if isSyllable(r) || unicode.Is(inert, r) {
			continue
		}
		s := string(r)
		d := []rune(string(norm.NFD.PropertiesString(s).Decomposition()))
		if len(d) < 2 || norm.NFC.String(s) != s {
			continue
		}
		if first := []rune(norm.NFC.String(string(d[:len(d)-1]))); len(first) == 1 {
			table[[2]rune{first[0], d[len(d)-1]}] = r
		}
	}
	return table
})

// composition returns the character that two make.
func composition(first, second rune) (rune, bool) {
	if r, ok := composeSyllable(first, second); ok {
		return r, true
	}
	r, ok := compositions()[[2]rune{first, second}]
	return r, ok
}
