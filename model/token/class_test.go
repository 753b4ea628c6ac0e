package token

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"unicode"
)

// classes returns the class of every code point, as one letter for each.
func classes() []byte {
	all := make([]byte, unicode.MaxRune+1)
	for r := range all {
		all[r] = "-LNS"[classOf(rune(r))]
	}
	return all
}

// The classes must not change with the Unicode tables of a newer Go, or ids
// would. These are Unicode 16.0's: TestClassesAreTiktokens compares them code
// point by code point where Python is there.
func TestClassesArePinned(t *testing.T) {
	all := classes()
	count := map[byte]int{}
	for _, c := range all {
		count[c]++
	}
	if count['L'] != 141028 || count['N'] != 1911 || count['S'] != 25 {
		t.Errorf("%d letters, %d numbers, %d spaces; want 141028, 1911, 25", count['L'], count['N'], count['S'])
	}
	sum := sha256.Sum256(all)
	const want = "f5e274c899d78a043b10fe35f199bddc26f69e692616de581b591ab309b9644d"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("sha256 of the classes is %s, want %s; Go's tables are of Unicode %s", got, want, unicode.Version)
	}
}

func TestClassOf(t *testing.T) {
	for want, chars := range map[class]string{
		letter: "aZéßªʰאاकก漢가𝒜ﬁ",
		number: "09²½Ⅷ٣௧①〇𝟗",
		space:  " \t\n\v\f\r\u0085\u00A0\u1680\u2000\u2028\u2029\u202F\u205F\u3000",
		// Combining marks, joiners, emoji, unassigned, private and not characters at all.
		other: "'!_$+\x00\x1B\x1C\x1F\x7F\u0301\u093E\u200B\u200D\u2060\u180E\uFEFF\uFFFD😀🏽\u0378\uE000\U0010FFFF",
	} {
		for _, r := range chars {
			if got := classOf(r); got != want {
				t.Errorf("classOf(%q U+%04X) = %d, want %d", r, r, got, want)
			}
		}
	}
}
