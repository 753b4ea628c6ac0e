package similar

import (
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"sweep", "study", "lens", "tokens"}
	score := func(typed string) func(string) float64 {
		return func(name string) float64 { return Score(typed, name) }
	}
	for _, c := range []struct {
		typed string
		least float64
		n     int
		want  []string
	}{
		{"lens", 0, 1, []string{"lens"}},
		{"sweeep", Likely, 4, []string{"sweep"}},
		{"stduy", Likely, 1, []string{"study"}},
		{"xyz", Likely, 4, nil},
		{"lens", 0, 0, nil},
		{"tokens", 0, 9, []string{"tokens", "lens", "sweep", "study"}},
	} {
		if got := Nearest(names, score(c.typed), c.least, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.typed, got, c.want)
		}
	}
	same := func(string) float64 { return 1 }
	if got := Nearest(names, same, 1, 9); !slices.Equal(got, names) {
		t.Errorf("names of equal scores became %q", got)
	}
	if got := Nearest(nil, same, 0, 3); got != nil {
		t.Errorf("of no names %q are near", got)
	}
}

func TestScore(t *testing.T) {
	if Score("lens", "lens") != 1 || Score("lens", "xyz") != 0 || !(Score("lens", "lense") > Score("lens", "nels")) {
		t.Errorf("scores are %v, %v, %v and %v", Score("lens", "lens"), Score("lens", "xyz"), Score("lens", "lense"), Score("lens", "nels"))
	}
	if Edits("gpt2", "gpt3") != 1 || Edits("", "abc") != 3 || !Related("gpt2", "gpt2-xl") || Related("gpt2", "phi") {
		t.Error("edits are counted wrong")
	}
}
