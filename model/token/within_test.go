package token_test

import (
	"slices"
	"testing"

	"github.com/golens/golens/model/token"
)

func TestWithin(t *testing.T) {
	tok, err := token.GPT2()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ word, text string }{
		{"football", " football"}, {" football", " football"}, {"\n", "\n"}, {"  two", "  two"}, {" ", " "}, {"é", " é"}, {"\t.", "\t."},
	} {
		if text, got := tok.Within(c.word); text != c.text || !slices.Equal(got, tok.Encode(c.text)) {
			t.Errorf("%q: %q %v, want %q", c.word, text, got, c.text)
		}
	}
	if _, got := tok.Within(""); len(got) != 0 {
		t.Errorf("the empty word: %v", got)
	}
}
