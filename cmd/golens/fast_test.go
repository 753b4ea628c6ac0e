package main

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFastMode: lens, generate and --diff in fast mode give what they give in exact
// mode, up to rounding, and the manifest says how it was made.
func TestFastMode(t *testing.T) {
	for _, args := range [][]string{
		{"lens", "the cat sat on the mat", "--target", "next", "--hidden", "--logits"},
		{"lens", "the cat sat on the mat", "--lens", "normed", "--target", "the", "--track", "2", "--positions", "1,-1", "--layers", "1.."},
		{"lens", "the cat", "--at", "attn", "--zero", "h.0.mlp"},
		{"lens", "the cat", "--zero", "h.0.mlp", "--diff"},
		{"generate", "the cat", "--max-new", "4", "--target", "next", "--no-end"},
	} {
		args = append(args, "--model", tiny(t), "--json")
		at := filepath.Join(t.TempDir(), "out.json")
		good(t, append(slices.Clone(args), at, "-q")...)
		exact := readJSON(t, read(t, at))
		for _, kernel := range []string{"auto", "aten"} {
			good(t, append(slices.Clone(args), at, "-q", "--mode", "fast", "--kernel", kernel)...)
			text := read(t, at)
			if !strings.Contains(text, `"mode": "fast"`) || kernel == "aten" && !strings.Contains(text, `"kernel": "aten"`) {
				t.Errorf("%v: the manifest does not say how it was made", args)
			}
			fast := readJSON(t, text)
			if len(fast.arrays) != len(exact.arrays) || len(exact.arrays) < 5 {
				t.Errorf("%v: %d arrays, exactly %d", args, len(fast.arrays), len(exact.arrays))
			}
			for name, want := range exact.arrays {
				got := fast.arrays[name]
				if !slices.Equal(got.Shape, want.Shape) || !slices.Equal(got.Int64, want.Int64) || !slices.Equal(got.Bool, want.Bool) {
					t.Errorf("%v: %s differs", args, name)
				}
				for i, x := range want.Float32 {
					// The logits of this model are below 10, and a row has 16 numbers.
					if d := math.Abs(float64(got.Float32[i] - x)); d > 2e-5 {
						t.Errorf("%v: %s: value %d is %v, exactly %v", args, name, i, got.Float32[i], x)
						break
					}
				}
			}
		}
	}
}
