package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNaNRank: a block that is scaled by 1e38 makes every logit behind it NaN. A target has
// the last rank then, and the user is told, in every command, mode and format.
func TestNaNRank(t *testing.T) {
	const prompt, last = "The old man went to the", "50257"
	const told = "golens: warning: "
	for name, c := range map[string]struct {
		args []string
		says []string // of standard output
		warn string
	}{
		"sweep":      {[]string{"sweep", prompt, "--scale", "1,1e38", "--blocks", "3..4", "--target", "house", "--metric", "rank"}, []string{"L3    1  " + last, "L4    1  " + last}, `2 of 5 runs have NaN logits, the first in "scale 1e+38" at L3: `},
		"sweep next": {[]string{"sweep", prompt, "--scale", "1e38", "--blocks", "3", "--target", "next", "--metric", "rank"}, []string{last}, `1 of 2 runs have NaN logits, the first in "scale 1e+38" at L3, position 0: `},
		"sweep fast": {[]string{"sweep", prompt, "--mode", "fast", "--scale", "1e38", "--target", "house", "--metric", "rank", "--metric", "kl"}, []string{last, "NaN"}, " runs have NaN logits, the first in "},
		"sweep json": {[]string{"sweep", prompt, "--scale", "1e38", "--blocks", "3", "--target", "house", "--metric", "rank", "--json", "-"}, []string{`"rank": [`, "[50257.0]", `"odd": [` + "\n    [2]", "1 of 2 runs have NaN logits"}, "1 of 2 runs have NaN logits"},
		"sweep csv":  {[]string{"sweep", prompt, "--scale", "1,1e38", "--blocks", "3", "--target", "house", "--metric", "rank", "--csv", "-"}, []string{"house,1.0,1.0,,0\n", "house,50257.0,1.0,,2\n"}, "1 of 3 runs have NaN logits"},
		"lens":       {[]string{"lens", prompt, "--scale", "h.3=1e38", "--target", "house", "--layers", "3..5"}, []string{"L3    " + last, "L4    " + last}, "12 of 18 cells have NaN logits, the first in layer L3, position 0: a target with a NaN logit has the last rank, 50257, and probabilities are NaN, and so is KL in 6 more; an intervention"},
		"lens fast":  {[]string{"lens", prompt, "--mode", "fast", "--scale", "h.3=1e38", "--target", "house", "--layers", "3..5"}, []string{"L3    " + last, "L4    " + last}, "12 of 18 cells have NaN logits"},
		"lens csv":   {[]string{"lens", prompt, "--scale", "h.3=1e38", "--target", "next", "--layers", "4", "--csv", "-"}, []string{",target," + last + ",0,"}, "6 of 6 cells have NaN logits"},
		"lens json":  {[]string{"lens", prompt, "--scale", "h.3=1e38", "--target", "next", "--layers", "4", "--json", "-"}, []string{`[50257, 50257, 50257, 50257, 50257, 0]`, `"6 of 6 cells have NaN logits`, `[false, false, false, false, false, false]`}, "6 of 6 cells have NaN logits"},
		"diff":       {[]string{"lens", prompt, "--scale", "h.3=1e38", "--diff", "--layers", "4"}, []string{"in 6 of 6 cells the likeliest token is another"}, "6 of 6 cells have NaN logits"},
		"generate":   {[]string{"generate", prompt, "--scale", "h.3=1e38", "--max-new", "3", "--target", "next"}, []string{last}, "72 of 104 cells have NaN logits"},
		"hidden":     {[]string{"hidden", prompt, "--scale", "h.3=1e38", "--json", "-"}, []string{`states hold a NaN or overflow`}, "states hold a NaN or overflow, the first in layer L3, position 0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := golens(t, c.args...)
			if got.code != 0 || !strings.HasPrefix(got.stderr, told) || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.warn) {
				t.Errorf("exit status %d, standard error %q", got.code, got.stderr)
			}
			for _, s := range c.says {
				if !strings.Contains(got.out, s) {
					t.Errorf("%q is not in %s", s, got.out)
				}
			}
		})
	}
	page := filepath.Join(t.TempDir(), "x.html")
	if got := golens(t, "lens", prompt, "--scale", "h.3=1e38", "--target", "next", "--layers", "4", "--html", page); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "6 of 6 cells have NaN logits") {
		t.Errorf("%v: the page does not warn", err)
	}
}
