package token

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
)

// inventory are the code points that the tests of Unicode's tables go through: all
// but most of the ideographs and syllables, and the planes without characters.
func inventory() []rune {
	var all []rune
	for r := rune(0); r < 0x32400; r++ {
		bulk := r >= 0x3400 && r <= 0x4DBF || r >= 0x4E00 && r <= 0x9FFF || isSyllable(r) || r >= 0x20000 && r < 0x2EB00
		if r >= 0xD800 && r <= 0xDFFF || bulk && r%97 != 0 {
			continue
		}
		all = append(all, r)
	}
	for r := rune(0xE0000); r < 0xE0200; r++ {
		all = append(all, r)
	}
	return append(all, 0xF0000, unicode.MaxRune)
}

// The normalisation of every character, alone and among marks, and of random
// sequences of marks, letters and syllables, is that of Hugging Face's tokenizers.
func TestNormalFormsArePythons(t *testing.T) {
	var text strings.Builder
	var marks []rune
	for _, r := range inventory() {
		// A line feed is a boundary for every form.
		fmt.Fprintf(&text, "%c\na\u0301%c\u0323\u0301\n%c\u0301\u0338\n", r, r, r)
		if unicode.Is(unicode.M, r) || unicode.Is(inert, r) || formNFD.text(string(r)) != string(r) || r >= leads && r < 0x1200 {
			marks = append(marks, r)
		}
	}
	rng := rand.New(rand.NewPCG(31, 32))
	for range 20000 {
		for range 1 + rng.IntN(12) {
			if r := marks[rng.IntN(len(marks))]; rng.IntN(3) > 0 {
				text.WriteRune(r)
			} else {
				text.WriteString([]string{"a", "o", "\u0308", "\u0323", "각", "\u11A8", "e\u0301", "\u3099", "か", "\u0BC6", "\u0BBE"}[rng.IntN(11)])
			}
		}
		text.WriteByte('\n')
	}
	text.WriteString(strings.Repeat("\u0308\u0323", 100) + "\na" + strings.Repeat("\u0301", 100))
	lines := strings.SplitAfter(text.String(), "\n")
	forms := map[string]normalForm{"NFC": formNFC, "NFD": formNFD, "NFKC": formNFKC, "NFKD": formNFKD}
	names := []string{"NFC", "NFD", "NFKC", "NFKD"}
	var questions []jsonQuestion
	for _, name := range names {
		questions = append(questions, jsonQuestion{Normalizer: name, Texts: []string{text.String()}})
	}
	for i, answer := range askHuggingFace(t, questions...) {
		wrong := 0
		want := strings.SplitAfter(*answer.Texts[0], "\n")
		if len(want) != len(lines) {
			t.Fatalf("%s: %d lines, want %d", names[i], len(want), len(lines))
		}
		for k, line := range lines {
			if got := forms[names[i]].text(line); got != want[k] {
				if wrong++; wrong <= 5 {
					t.Errorf("%s of %+q is %+q, want %+q", names[i], line, got, want[k])
				}
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d lines differ", names[i], wrong, len(lines))
		}
		if got := forms[names[i]].text(text.String()); got != *answer.Texts[0] {
			t.Errorf("%s of the whole text differs", names[i])
		}
	}
}

// The classes of characters in patterns are Oniguruma's.
func TestPatternClassesArePythons(t *testing.T) {
	var text strings.Builder
	for _, r := range inventory() {
		text.WriteRune(r)
	}
	classes := []string{`\s`, `\d`, `\S`, `\D`, `\P{L}`, `\p{L}\p{N}\s`}
	for name := range unicode.Categories {
		if len(name) <= 2 && name != "LC" && name != "Cs" {
			classes = append(classes, `\p{`+name+`}`)
		}
	}
	var questions []jsonQuestion
	for _, class := range classes {
		questions = append(questions, jsonQuestion{Normalizer: "Replace", Arguments: []any{[]string{"Regex", "[^" + class + "]+"}, ""}, Texts: []string{text.String()}})
	}
	for i, answer := range askHuggingFace(t, questions...) {
		p, err := compile("[^" + classes[i] + "]+")
		if err != nil {
			t.Fatal(err)
		}
		var kept strings.Builder
		p.each(text.String(), func(span string, match bool) {
			if !match {
				kept.WriteString(span)
			}
		})
		got, want := kept.String(), *answer.Texts[0]
		if got == want {
			continue
		}
		var extra, missing []rune
		for _, r := range got {
			if !strings.ContainsRune(want, r) {
				extra = append(extra, r)
			}
		}
		for _, r := range want {
			if !strings.ContainsRune(got, r) {
				missing = append(missing, r)
			}
		}
		t.Errorf("%s: %d characters too many: %+q; %d missing: %+q", classes[i], len(extra), string(extra[:min(9, len(extra))]), len(missing), string(missing[:min(9, len(missing))]))
	}
}
