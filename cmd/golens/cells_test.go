package main

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
)

// TestLensNames: logit is the papers' name of the normed lens, and no other lens.
func TestLensNames(t *testing.T) {
	named := func(name string) string { return good(t, "lens", "Are cats good?", "--lens", name, "--json", "-") }
	if a, b := named("normed"), named("logit"); a != b || a == named("notebook") {
		t.Error("the lenses normed and logit differ, or are the notebook lens")
	}
}

func TestRowsAndPositions(t *testing.T) {
	model := tiny(t)
	whole := lensJSON(t, model, text)
	const last = 7 // of text's tokens
	for _, c := range []struct {
		flag, list string
		want       string
	}{
		{"layers", "all", "[0 1 2]"}, {"layers", "0", "[0]"}, {"layers", "2,0", "[0 2]"}, {"layers", "1..2", "[1 2]"},
		{"layers", "1..", "[1 2]"}, {"layers", "..1", "[0 1]"}, {"layers", "0, 0,1", "[0 1]"}, {"layers", "last", "[2]"}, {"layers", "-2..", "[1 2]"},
		{"positions", "all", "[0 1 2 3 4 5 6 7]"}, {"positions", "3", "[3]"}, {"positions", "-1", "[7]"}, {"positions", "last", "[7]"}, {"positions", "-2..", "[6 7]"},
		{"positions", "5..", "[5 6 7]"}, {"positions", "-3..-2", "[5 6]"}, {"positions", "7,-1,0", "[0 7]"}, {"positions", "..2", "[0 1 2]"},
	} {
		d := lensJSON(t, model, text, "--"+c.flag, c.list)
		array := map[string]string{"layers": "rows", "positions": "positions"}[c.flag]
		if got := fmt.Sprint(d.arrays[array].Int64); got != c.want {
			t.Errorf("--%s %s reads %s, want %s", c.flag, c.list, got, c.want)
		}
		for i, row := range d.arrays["rows"].Int64 {
			for j, p := range d.arrays["positions"].Int64 {
				reference.EqualArrays(t, c.list, d.arrays["top_probs"].At(i, j), whole.arrays["top_probs"].At(int(row), int(p)))
			}
		}
	}
	if n := whole.arrays["ids"].Len(); n != last+1 {
		t.Errorf("%d tokens", n)
	}
}

func TestSites(t *testing.T) {
	model := tiny(t)
	for at, points := range map[string]string{"resid": "drop h.0 ln_f", "resid_mid": "h.0.resid_mid h.1.resid_mid", "attn": "h.0.attn h.1.attn", "mlp": "h.0.mlp h.1.mlp"} {
		d := lensJSON(t, model, text, "--at", at)
		var got []string
		for _, l := range d.Layers {
			got = append(got, l.Point)
		}
		if strings.Join(got, " ") != points || d.Manifest["at"] != at {
			t.Errorf("--at %s reads %v", at, got)
		}
	}
}

func TestTargets(t *testing.T) {
	model := tiny(t)
	for _, c := range []struct {
		args  []string
		ids   string
		words string
		warns string
	}{
		{[]string{"--target", "the"}, "[258]", `["the"]`, ""},   // with the space that a text would have
		{[]string{"--target", " the"}, "[258]", `[" the"]`, ""}, // which may be given
		{[]string{"--target", "c", "--target", "the"}, "[260 258]", `["c" "the"]`, ""},
		{[]string{"--target", "cat"}, "[260]", `["cat"]`, `" cat" is 3 tokens, of which the first, " c" (260), is followed`},
		{[]string{"--target", "a,b"}, "[220]", `["a,b"]`, `" a,b" is 4 tokens`}, // a comma is no separator
		{[]string{"--target", "\n"}, "[198]", `["\n"]`, ""},
		{[]string{"--target-id", "7"}, "[7]", `["#7"]`, ""},
		{[]string{"--target-id", "7,8", "--target-id", "9"}, "[7 8 9]", `["#7" "#8" "#9"]`, ""},
		{[]string{"--target-id", "7", "--target", "the"}, "[258 7]", `["the" "#7"]`, ""},
	} {
		got := golens(t, append([]string{"lens", text, "--model", model, "--json", "-"}, c.args...)...)
		if got.code != 0 {
			t.Fatalf("%v: %s", c.args, got.stderr)
		}
		d := readJSON(t, got.out)
		if ids := fmt.Sprint(d.arrays["target_ids"].Int64); ids != c.ids {
			t.Errorf("%v: ids %s, want %s", c.args, ids, c.ids)
		}
		if words := fmt.Sprintf("%q", d.Targets.Words); words != c.words || d.Targets.Next {
			t.Errorf("%v: words %s, want %s", c.args, words, c.words)
		}
		if p := fmt.Sprint(d.arrays["target_positions"].Int64); p != "[7]" {
			t.Errorf("%v: looked for at %s, not at the last position", c.args, p)
		}
		warned := strings.HasPrefix(got.stderr, "golens: warning: ") && strings.Contains(got.stderr, c.warns) && len(d.Warnings) == 1 && strings.Contains(d.Warnings[0], c.warns)
		if c.warns != "" && !warned || c.warns == "" && (got.stderr != "" || len(d.Warnings) != 0) {
			t.Errorf("%v: standard error %q, warnings %q", c.args, got.stderr, d.Warnings)
		}
	}

	d := lensJSON(t, model, text, "--target", "next", "--positions", "5..")
	if ids := fmt.Sprint(d.arrays["target_ids"].Int64); ids != "[258 198 -1]" || !d.Targets.Next {
		t.Errorf("the text's next tokens are %s", ids)
	}
	if p := d.arrays["target_prob"].At(0, 2).Float32[0]; p == p {
		t.Errorf("the last position's target has the probability %v", p)
	}
}

// TestPrompt: how a text becomes ids.
func TestPrompt(t *testing.T) {
	model := tiny(t)
	for _, c := range []struct {
		stdin string
		args  []string
		ids   string
	}{
		{"", []string{"the cat"}, "[257 260 64 83]"},
		{"the\n", []string{"-"}, "[257 198]"}, // the line break counts
		{"", []string{"--ids", "257,260"}, "[257 260]"},
		{"", []string{"--ids", "[257, 260]"}, "[257 260]"},
		{"", []string{"--ids", "0"}, "[0]"},
		{"", []string{"the<|endoftext|>"}, "[257 261]"},
		{"", []string{"the<|endoftext|>", "--literal"}, "[257 27 91 68 77 67 78 69 83 68 87 83 91 29]"},
		{"", []string{"the", "--prepend-bos"}, "[261 257]"},
		{"", []string{"--ids", "1", "--prepend-bos"}, "[261 1]"},
		{"", []string{strings.Repeat("q", tinyContext)}, "[" + strings.TrimSpace(strings.Repeat("80 ", tinyContext)) + "]"},
	} {
		got := golensWith(t, c.stdin, append([]string{"lens", "--model", model, "--json", "-"}, c.args...)...)
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%v: %+v", c.args, got)
		}
		if ids := fmt.Sprint(readJSON(t, got.out).arrays["ids"].Int64); ids != c.ids {
			t.Errorf("%v: ids %s, want %s", c.args, ids, c.ids)
		}
	}
}

// TestNaN: a model with a NaN in it is read, and the user is told.
func TestNaN(t *testing.T) {
	for _, c := range []struct {
		tensor string
		at     int
		says   string
	}{
		{"ln_f.bias", 3, "8 of 24 cells"},            // the last row
		{"h.0.mlp.c_proj.bias", 0, "16 of 24 cells"}, // all but the embedding
	} {
		c0 := newCheckpoint(t)
		c0.tensors[c.tensor].values[c.at] = float32(math.NaN())
		got := golens(t, "lens", text, "--model", c0.write(t), "--json", "-")
		if got.code != 0 || !strings.HasPrefix(got.stderr, "golens: warning: "+c.says) || strings.Count(got.stderr, "\n") != 1 {
			t.Fatalf("%s: exit status %d: %s", c.tensor, got.code, got.stderr)
		}
		d := readJSON(t, got.out)
		if p := d.arrays["entropy"].At(2, 0).Float32[0]; p == p {
			t.Errorf("%s: the last row's entropy is %v", c.tensor, p)
		}
		if p := d.arrays["entropy"].At(0, 0).Float32[0]; p != p {
			t.Errorf("%s: the embedding's entropy is %v", c.tensor, p)
		}
		if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], c.says) {
			t.Errorf("%s: warnings %q", c.tensor, d.Warnings)
		}
	}
	// Of several prompts, the warning says of which.
	c0 := newCheckpoint(t)
	c0.tensors["wpe.weight"].values[tinyWidth] = float32(math.NaN()) // position 1
	got := golensWith(t, `{"prompt": "a"}`+"\n"+`{"prompt": "ab", "name": "two"}`, "lens", "--prompts", "-", "--model", c0.write(t), "--csv", "-")
	if got.code != 0 || !strings.HasPrefix(got.stderr, `golens: warning: standard input, line 2 ("two"): `) || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("exit status %d: %s", got.code, got.stderr)
	}
	grid := golens(t, "lens", "ab", "--model", c0.write(t), "--plot", t.TempDir()+"/x.png")
	if grid.code != 0 || !strings.Contains(grid.out, "layer") {
		t.Errorf("exit status %d: %s", grid.code, grid.stderr)
	}
}
