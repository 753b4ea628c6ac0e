package visible

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/golens/golens/internal/synthetic"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" the", "·the"},
		{"a b", "a·b"},
		{"\n", "↵"},
		{"\t\r\n", `⇥\r↵`},
		{"", "∅"},
		{"\x1b[31m", `\x1b[31m`},
		{"\x00\x7f", `\x00\x7f`},
		{"\u009b31m", `\u009b31m`}, // one character that begins an escape sequence too
		{"\xff\xfe", `\xff\xfe`},
		{"\xf0\x9f", `\xf0\x9f`},
		{"\u202eabc", `\u202eabc`},
		{"\u2066\u2069", `\u2066\u2069`},
		{"a\u200bb", `a\u200bb`},
		{"\ufeff", `\ufeff`},
		{"\u00a0", `\u00a0`},
		{"\u2028", `\u2028`},
		{"e\u0301", "e\u0301"},
		{"\u0301", "◌\u0301"},
		{" \u0301", "·◌\u0301"},
		{"\n\u0301", "↵◌\u0301"},
		{"a\u0300\u0301\u0302\u0303\u0304", "a\u0300\u0301\u0302\\u0303\\u0304"},
		{"·↵⇥∅◌", `\u00b7\u21b5\u21e5\u2205\u25cc`},
		{`\n`, `\\n`},
		{"人工", "人工"},
		{"😀", "😀"},
		{"❤\ufe0f", `❤\ufe0f`},
		{"\U0001f1e9\U0001f1ea", `\U0001f1e9\U0001f1ea`},
		{"👍\U0001f3fd", `👍\U0001f3fd`},
		{"\u115f", `\u115f`},
		{"\ue000", `\ue000`},
		{"</script>", "</script>"},
		{"\ufffd", "\ufffd"},
	} {
		if got := Text([]byte(c.in)); got != c.want {
			t.Errorf("Visible(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestEscape(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" the", " the"},
		{"a\nb\r\t", `a\nb\r\t`},
		{"\x1b\xff", `\x1b\xff`},
		{`\n`, `\\n`},
		{"\u0085\u202e", `\u0085\u202e`},
		{"\ufe0f\U000e0100", `\ufe0f\U000e0100`},
		{"人é", "人é"},
		{"", ""},
	} {
		if got := Escape([]byte(c.in)); got != c.want {
			t.Errorf("Escape(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range synthetic.HardWords {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Escape(b)
		onlyVisible(t, s)
		back, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
		if err != nil || back != string(b) {
			t.Errorf("%q escaped is %q, which reads back as %q (%v)", b, s, back, err)
		}
	})
}

// What Visible gives is printable, never begins with a mark, and tells the bytes:
// with the signs put back it is an escaped text of them.
func FuzzVisible(f *testing.F) {
	for _, s := range synthetic.HardWords {
		f.Add([]byte(s))
	}
	f.Add([]byte("\\\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Text(b)
		onlyVisible(t, s)
		if r, _ := utf8.DecodeRuneInString(s); unicode.Is(unicode.M, r) {
			t.Errorf("%q begins with a mark", s)
		}
		if strings.ContainsRune(s, ' ') {
			t.Errorf("%q has a space", s)
		}
		signs := strings.NewReplacer("·", " ", "↵", `\n`, "⇥", `\t`, "◌", "", `"`, `\"`)
		back, err := strconv.Unquote(`"` + signs.Replace(s) + `"`)
		if len(b) == 0 {
			back, err = "", nil
		}
		if err != nil || !bytes.Equal([]byte(back), b) {
			t.Errorf("%q is shown as %q, which would be %q (%v)", b, s, back, err)
		}
	})
}

func onlyVisible(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) || Ignorable(r) {
			t.Errorf("%q holds %U", s, r)
		}
	}
}
