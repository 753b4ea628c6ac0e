package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestLensDiff: the grid of changes, and its arrays.
func TestLensDiff(t *testing.T) {
	dir, out := tiny(t), t.TempDir()
	path := filepath.Join(out, "x.json")
	screen := good(t, "lens", text, "--model", dir, "--zero", "h.0.mlp@-2..", "--diff", "--json", path, "--npz", filepath.Join(out, "x.npz"), "--plot", filepath.Join(out, "x.svg"))
	for _, part := range []string{"with h.0.mlp zero at -2..", "KL(clean || changed)", "cells the likeliest token is another"} {
		if !strings.Contains(screen, part) {
			t.Errorf("the screen lacks %q:\n%s", part, screen)
		}
	}
	var d struct {
		Format string
		KL     [][]float64 `json:"kl_from_clean"`
		Top    [][][]int   `json:"top_ids"`
		Clean  [][][]int   `json:"clean_top_ids"`
	}
	if err := json.Unmarshal([]byte(read(t, path)), &d); err != nil {
		t.Fatal(err)
	}
	T := len(d.Top[0])
	if d.Format != "golens-diff-1" || len(d.KL) != tinyBlocks+1 || len(d.Clean) != len(d.Top) || T < 3 {
		t.Fatalf("%+v", d)
	}
	for i, row := range d.KL {
		for p, v := range row {
			if changed := i > 0 && p >= T-2; (v != 0) != changed {
				t.Errorf("row %d, position %d: %v", i, p, v)
			}
		}
	}
	refused(t, golens(t, "lens", text, "--model", dir, "--diff"), 2, "--diff", "there is none", "--scale")
	refused(t, golens(t, "lens", text, "--model", dir, "--diff", "--zero", "h.0", "--csv", filepath.Join(out, "x.csv")), 2, "--csv", "--diff")
}
