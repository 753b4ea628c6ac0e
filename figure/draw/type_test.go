package draw

import (
	"fmt"
	"strings"
	"testing"
)

func escape(r rune) string { return fmt.Sprintf(`\u%04x`, r) }

// newTypes returns normal and bold type of the built-in fonts alone.
func newTypes(t testing.TB) [2]*Type {
	t.Helper()
	normal, bold, err := NewTypes(TypeOptions{Missing: escape})
	if err != nil {
		t.Fatal(err)
	}
	return [2]*Type{normal, bold}
}

// The built-in fonts have the scripts that they were chosen for.
func TestBuiltinFonts(t *testing.T) {
	for i, set := range newTypes(t) {
		for _, s := range []string{
			"The quick brown fox ÀÉÎõüßøåæœçñğşžłđħ ĄĘŚŹ ǍǑ ẞ ạếữ", "Ελληνικά άέήίόύώ ϊϋΐΰ ΑΩ", "Русский Ёё Їїєґ Ўў Ђђ Ққ Үү",
			"·↵⇥∅◌…−", "←↑→↓↔⇒⇔", "≤≥≠≈∞∑∫√±×÷", "“”‘’«»–—•†‡€£¥©®™°", "│─┼█░▒▓", "שלום", "مرحبا", "ქართული", "Հայերեն",
		} {
			if got := set.covered(s); got != s {
				t.Errorf("%d: %q is shown as %q", i, s, got)
			}
		}
		if got := set.covered("人\U0001f680a\n\x1b"); got != `\u4eba\u1f680a\u000a\u001b` {
			t.Errorf("%d: what it lacks is shown as %q", i, got)
		}
	}
}

func TestTypesetting(t *testing.T) {
	set := newTypes(t)[0]
	if a, b := set.Width("é", 10), set.Width("e\u0301", 10); a != b {
		t.Errorf("é is %v wide in one piece and %v in two", a, b)
	}
	alone, joined := set.Width("م", 10)+set.Width("ر", 10)+set.Width("ح", 10), set.Width("مرح", 10)
	if !(joined < alone) {
		t.Errorf("Arabic letters do not join: %v and %v", joined, alone)
	}
	// The first letter of a word from right to left stands at its right end.
	word, first := set.line("שלום").glyphs, set.line("ש").glyphs
	if word[len(word)-1].id != first[0].id {
		t.Error("Hebrew runs from left to right")
	}
	// A mark above has a negative y, which is counted downwards.
	if marked := set.line("x\u0301").glyphs; len(marked) != 2 || !(marked[1].path().Bounds().Y < marked[0].path().Bounds().Y) {
		t.Errorf("the mark does not stand above: %+v", marked)
	}
	if w := set.Width("", 10); w != 0 {
		t.Errorf("nothing is %v wide", w)
	}
}

func TestFit(t *testing.T) {
	set := newTypes(t)[0]
	if s, size := set.Fit("short", 100, 9, 6); s != "short" || size != 9 {
		t.Errorf("a text with room is %q at %v", s, size)
	}
	for _, s := range []string{"internationalization", "人工人工人工人工", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"} {
		for room := 10.0; room < 120; room += 7 {
			cut, size := set.Fit(s, room, 9, 6)
			if w := set.Width(cut, size); !(w <= room+1e-9) || !(size >= 6) || !(size <= 9) {
				t.Errorf("%q in %v is %q at %v, %v wide", s, room, cut, size, w)
			}
			if strings.HasPrefix(strings.TrimSuffix(cut, "…"), "\u0301") || strings.HasSuffix(cut, "e…") && strings.Contains(s, "\u0301") {
				t.Errorf("%q was cut between a letter and its mark: %q", s, cut)
			}
		}
	}
}

func TestWrap(t *testing.T) {
	set := newTypes(t)[1]
	for _, c := range []struct {
		s    string
		room float64
		want []string
	}{
		{"one line", 1000, []string{"one line"}},
		{"", 100, []string{""}},
		{"two\nlines", 1000, []string{"two", "lines"}},
		{"aaaa bbbb cccc", set.Width("aaaa bbbb", 10) + 0.1, []string{"aaaa bbbb", "cccc"}},
		{"aaaaaa", set.Width("aaaa", 10) + 0.1, []string{"aaaa", "aa"}},
		{"x aaaaaa y", set.Width("aaaa", 10) + 0.1, []string{"x", "aaaa", "aa y"}},
		{"ab", 0.1, []string{"a", "b"}},
	} {
		if got := set.Wrap(c.s, c.room, 10); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q in %v is %q, want %q", c.s, c.room, got, c.want)
		}
	}
}

// What the built-in fonts lack comes from the system's, and is escaped where they
// lack it too; nothing is ever an empty box.
func TestSystemFonts(t *testing.T) {
	set, _, err := NewTypes(TypeOptions{System: true, Missing: escape})
	if err != nil {
		t.Fatal(err)
	}
	helped := 0
	for _, r := range "人カ한🚀👩नกሀ\U0010fffd" {
		s := string(r)
		line := set.line(s)
		if set.covered(s) == s {
			helped++
			if len(line.glyphs) != 1 || len(line.glyphs[0].path()) == 0 || !(line.advance > 0) {
				t.Errorf("%s is %d glyphs, %v wide", s, len(line.glyphs), line.advance)
			}
		}
		for _, g := range line.glyphs {
			if g.id == 0 {
				t.Errorf("%s has an empty box", s)
			}
		}
	}
	t.Logf("the system's fonts have %d of 9 characters", helped)
	if len(systemFonts()) == 0 && helped > 0 {
		t.Error("characters from no font")
	}
	if got := set.covered("\U0010fffd"); got != `\u10fffd` {
		t.Errorf("a character of private use is shown as %q", got)
	}
}

// Any text can be set, and fits the room that it is given.
func FuzzType(f *testing.F) {
	for _, s := range []string{"word", "e\u0301", "שלום", "\xff", "人", "👩\u200d🚀", "\U0001f1e9\U0001f1ea", "a\u0300\u0301\u0302", "", "\n"} {
		f.Add(s, uint16(300))
	}
	f.Fuzz(func(t *testing.T, s string, tenths uint16) {
		set := newTypes(t)[0]
		room := float64(tenths) / 10
		cut, size := set.Fit(s, room, 9, 6)
		if w := set.Width(cut, size); !(w <= room+1e-9) {
			t.Errorf("%q in %v is %q, %v wide", s, room, cut, w)
		}
		for _, g := range set.line(s).glyphs {
			if g.id == 0 {
				t.Errorf("%q has an empty box", s)
			}
			g.path()
		}
		for _, line := range set.Wrap(s, room+20, 9) {
			if w := set.Width(line, 9); !(w <= room+20+1e-9) {
				t.Errorf("%q in %v has the line %q, %v wide", s, room+20, line, w)
			}
		}
	})
}
