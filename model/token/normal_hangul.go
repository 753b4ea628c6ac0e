package token

// Hangul syllables are made of two or three letters by arithmetic.
const (
	syllables, syllableCount = 0xAC00, leadCount * vowelCount * tailCount
	leads, leadCount         = 0x1100, 19
	vowels, vowelCount       = 0x1161, 21
	tails, tailCount         = 0x11A7, 28 // the first stands for no tail
)

func isSyllable(r rune) bool { return r >= syllables && r < syllables+syllableCount }

// appendSyllable appends the letters of a syllable, or another character as it is.
func appendSyllable(to []mark, r rune, class uint8) []mark {
	if !isSyllable(r) {
		return append(to, mark{r, class})
	}
	i := r - syllables
	to = append(to, mark{r: leads + i/tailCount/vowelCount}, mark{r: vowels + i/tailCount%vowelCount})
	if tail := i % tailCount; tail != 0 {
		to = append(to, mark{r: tails + tail})
	}
	return to
}

// composeSyllable returns the syllable of two letters, or of a syllable and a tail.
func composeSyllable(a, b rune) (rune, bool) {
	if a >= leads && a < leads+leadCount && b >= vowels && b < vowels+vowelCount {
		return syllables + ((a-leads)*vowelCount+b-vowels)*tailCount, true
	}
	if isSyllable(a) && (a-syllables)%tailCount == 0 && b > tails && b < tails+tailCount {
		return a + b - tails, true
	}
	return 0, false
}
