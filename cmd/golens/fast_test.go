package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golens/golens/internal/approx"
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
					if math.IsNaN(float64(x)) && math.IsNaN(float64(got.Float32[i])) {
						continue // of the last position, which has no next token
					}
					// The logits of this model are below 10, and a row has 16 numbers.
					if !approx.Check(t, fmt.Sprintf("%v: %s: value %d", args, name, i), got.Float32[i], x, 2e-5) {
						break
					}
				}
			}
		}
	}
}

// TestFastModeOfMany: many prompts and texts have packed weights, one prompt has none.
func TestFastModeOfMany(t *testing.T) {
	dir := t.TempDir()
	text := put(t, dir, "text.txt", []byte(strings.Repeat("the cat sat on the mat. ", 9)))
	one := put(t, dir, "one.jsonl", []byte(`{"prompt": "the cat"}`+"\n"))
	many := put(t, dir, "many.jsonl", []byte(strings.Repeat(`{"prompt": "the cat"}`+"\n", packingPays)))
	for _, c := range []struct {
		args   []string
		packed bool
	}{
		{[]string{"lens", "--prompts", one}, false},
		{[]string{"lens", "--prompts", many}, true},
		{[]string{"lens", "--file", text, "--chunk", "10"}, true},
		{[]string{"generate", "--prompts", one, "--max-new", "4", "--no-end"}, false},
		{[]string{"generate", "--prompts", one, "--max-new", strconv.Itoa(packingPays), "--no-end"}, true},
	} {
		for _, mode := range []string{"exact", "fast"} {
			got := good(t, append(c.args, "--model", tiny(t), "--mode", mode, "--json", "-", "-q")...)
			if packed := strings.Contains(got, `"packed"`); packed != (c.packed && mode == "fast") {
				t.Errorf("%v in %s mode: packed weights: %v", c.args, mode, packed)
			}
		}
	}
}
