package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/report/data"
)

const text = "the cat in the\n"

// TestFormatsAgree writes one result in every format at once and compares them.
func TestFormatsAgree(t *testing.T) {
	for _, targets := range [][]string{{}, {"--target", "next"}, {"--target", "the", "--target-id", "7", "--positions", "1,-1"}} {
		t.Run(strings.Join(targets, " "), func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			drawn := good(t, append([]string{"lens", text, "--model", tiny(t), "--top", "3", "--hidden", "--logits",
				"--json", at("x.json"), "--npz", at("x.npz"), "--csv", at("x.csv"), "--plot", at("x.png")}, targets...)...)
			if !strings.Contains(drawn, "layer") {
				t.Errorf("no grid was drawn: %q", drawn)
			}
			d := readJSON(t, read(t, at("x.json")))
			arrays := readNPZ(t, read(t, at("x.npz")), "")
			for _, f := range data.Fields {
				j, inJSON := d.arrays[f.Name]
				n, inNPZ := arrays[f.Name]
				if inJSON != inNPZ {
					t.Errorf("%s: in JSON %v, in NPZ %v", f.Name, inJSON, inNPZ)
				} else if inJSON {
					reference.EqualArrays(t, f.Name, j, n)
				}
			}
			for _, name := range []string{"hidden", "logits", "kl", "agree"} {
				if d.arrays[name].Len() == 0 {
					t.Errorf("no %s", name)
				}
			}
			if len(targets) > 0 && d.arrays["target_rank"].Len() == 0 {
				t.Error("no targets")
			}
			sameCSV(t, read(t, at("x.csv")), d)
			if png := read(t, at("x.png")); !strings.HasPrefix(png, "\x89PNG\r\n") {
				t.Errorf("the figure begins with %q", png[:8])
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sameCSV looks every line of a CSV up in the arrays.
func sameCSV(t *testing.T, table string, d *document) {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	index := func(values reference.Array, v string) int {
		for i, x := range values.Int64 {
			if strconv.FormatInt(x, 10) == v {
				return i
			}
		}
		return -1
	}
	rows, positions := d.arrays["rows"], d.arrays["positions"]
	tops, targets := 0, 0
	for _, fields := range lines[1:] {
		line := map[string]string{}
		for i, name := range lines[0] {
			line[name] = fields[i]
		}
		r, p := index(rows, line["row"]), index(positions, line["position"])
		equal := func(column, array string, at ...int) {
			t.Helper()
			if want := d.arrays[array].At(at...); !isNumber(line[column], want) {
				t.Errorf("row %s, position %s: %s is %q, want %v", line["row"], line["position"], column, line[column], want)
			}
		}
		equal("entropy", "entropy", r, p)
		equal("logsumexp", "logsumexp", r, p)
		equal("kl", "kl", r, p)
		equal("agree", "agree", r, p)
		if line["kind"] == "top" {
			tops++
			k, _ := strconv.Atoi(line["rank"])
			equal("id", "top_ids", r, p, k-1)
			equal("logit", "top_logits", r, p, k-1)
			equal("prob", "top_probs", r, p, k-1)
			continue
		}
		targets++
		at := []int{r, p}
		if !d.Targets.Next {
			at = []int{r, index(d.arrays["target_positions"], line["position"]), index(d.arrays["target_ids"], line["id"])}
		}
		equal("rank", "target_rank", at...)
		equal("ties", "target_ties", at...)
		equal("prob", "target_prob", at...)
		equal("logprob", "target_logprob", at...)
	}
	wantTargets := d.arrays["target_rank"].Len()
	if d.Targets.Next {
		wantTargets -= len(rows.Int64) // the last position has none
	}
	if tops != d.arrays["top_ids"].Len() || targets != wantTargets {
		t.Errorf("%d lines of candidates and %d of targets, want %d and %d", tops, targets, d.arrays["top_ids"].Len(), wantTargets)
	}
}

// isNumber reports whether a field of the CSV reads back to an array's only value.
func isNumber(field string, a reference.Array) bool {
	switch {
	case len(a.Bool) == 1:
		return field == strconv.FormatBool(a.Bool[0])
	case len(a.Int64) == 1:
		return field == strconv.FormatInt(a.Int64[0], 10)
	case len(a.Float32) == 1:
		x, err := strconv.ParseFloat(field, 32)
		return err == nil && math.Float32bits(float32(x)) == math.Float32bits(a.Float32[0])
	}
	return false
}

// TestMembers checks what a JSON result says beside its arrays.
func TestMembers(t *testing.T) {
	model := tiny(t)
	d := lensJSON(t, model, text, "--lens", "normed", "--attention", "eager", "--threads", "1", "--scale", "h.1=0.5", "--target", "the")
	if d.Format != data.LensFormat || d.Prompt != text || d.Name != "" {
		t.Errorf("format %q, prompt %q, name %q", d.Format, d.Prompt, d.Name)
	}
	var back string
	for _, tok := range d.Tokens {
		back += tok.Text
	}
	if back != text {
		t.Errorf("the tokens are of %q", back)
	}
	if len(d.Layers) != tinyBlocks+1 || d.Layers[0].Label != "emb" || d.Layers[1].Point != "h.0" || d.Layers[2].Point != "ln_f" {
		t.Errorf("layers %+v", d.Layers)
	}
	for key, want := range map[string]any{"model": model, "lens": "normed", "attention": "eager", "threads": 1.0, "at": "resid", "mode": "exact", "device": "cpu", "dtype": "float32"} {
		if d.Manifest[key] != want {
			t.Errorf("manifest: %s is %v, want %v", key, d.Manifest[key], want)
		}
	}
	for _, key := range []string{"weights", "config", "tokenizer"} {
		if s, _ := d.Manifest[key].(string); len(s) != 64 {
			t.Errorf("manifest: %s is %q", key, s)
		}
	}
	if s := fmt.Sprint(d.Manifest["interventions"]); s != "[h.1 scale 0.5]" {
		t.Errorf("interventions %s", s)
	}
}

// TestManyPrompts reads prompts from a file: names, numbers and a position for each.
func TestManyPrompts(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	prompts := "\ufeff" + `{"prompt": "the cat", "name": "first"}` + "\r\n\n" + `{"ids": [1, 2, 3]}` + "\n" + `{"prompt": "<|endoftext|>", "name": "a\nb"}`
	out := filepath.Join(dir, "x.npz")
	got := golensWith(t, prompts, "lens", "--prompts", "-", "--model", model, "--json", "-", "--npz", out, "--positions", "-1..")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	wantIDs := [][]int64{{257, 260, 64, 83}, {1, 2, 3}, {261}}
	names := []string{"first", "", "a\nb"}
	for i, line := range lines {
		d := readJSON(t, line)
		if d.Name != names[i] || fmt.Sprint(d.arrays["ids"].Int64) != fmt.Sprint(wantIDs[i]) {
			t.Errorf("line %d: name %q, ids %v, want %v", i, d.Name, d.arrays["ids"].Int64, wantIDs[i])
		}
		if p := d.arrays["positions"].Int64; len(p) != 1 || p[0] != int64(len(wantIDs[i])-1) {
			t.Errorf("line %d: positions %v", i, p)
		}
		arrays := readNPZ(t, read(t, out), fmt.Sprintf("%d/", i))
		reference.EqualArrays(t, "top_logits", d.arrays["top_logits"], arrays["top_logits"])
		// A prompt among others has the bits that it has alone.
		alone := lensJSON(t, model, "--ids", strings.Trim(fmt.Sprint(wantIDs[i]), "[]"), "--positions", "-1")
		reference.EqualArrays(t, "top_logits alone", d.arrays["top_logits"], alone.arrays["top_logits"])
	}
	table := golensWith(t, prompts, "lens", "--prompts", "-", "--model", model, "--csv", "-")
	rows, err := csv.NewReader(strings.NewReader(table.out)).ReadAll()
	if err != nil || rows[1][0] != "first" || rows[len(rows)-1][0] != `a\nb` {
		t.Errorf("%v: CSV names %q .. %q", err, rows[1][0], rows[len(rows)-1][0])
	}
}

// TestOnePromptInAFile: the layout follows from --prompts, not from how many lines
// the file happens to have.
func TestOnePromptInAFile(t *testing.T) {
	model := tiny(t)
	got := golensWith(t, `{"prompt": "the"}`, "lens", "--prompts", "-", "--model", model, "--json", "-")
	if strings.Count(got.out, "\n") != 1 {
		t.Errorf("JSON of %d lines", strings.Count(got.out, "\n"))
	}
	got = golensWith(t, `{"prompt": "the"}`, "lens", "--prompts", "-", "--model", model, "--npz", "-")
	if a := readNPZ(t, got.out, "0/"); a["ids"].Len() != 1 {
		t.Errorf("arrays %v", a)
	}
}

// TestScreen says when a grid is drawn.
func TestScreen(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	prompts := put(t, dir, "p.jsonl", []byte(`{"prompt": "the", "name": "one"}`+"\n"+`{"prompt": "cat", "name": "two"}`))
	for _, c := range []struct {
		args  []string
		grids int
	}{
		{[]string{"the"}, 1},
		{[]string{"the", "--json", filepath.Join(dir, "a")}, 1},
		{[]string{"the", "--json", filepath.Join(dir, "b"), "--quiet"}, 0},
		{[]string{"the", "--json", filepath.Join(dir, "b"), "-q"}, 0},
		{[]string{"--prompts", prompts}, 2},
		{[]string{"--prompts", prompts, "--csv", filepath.Join(dir, "c")}, 0},
	} {
		out := good(t, append([]string{"lens", "--model", model}, c.args...)...)
		if got := strings.Count(out, "likeliest next tokens"); got != c.grids {
			t.Errorf("%v: %d grids, want %d", c.args, got, c.grids)
		}
		if c.grids == 0 && out != "" {
			t.Errorf("%v: standard output has %q", c.args, out)
		}
	}
	if out := good(t, "lens", "--model", model, "--prompts", prompts); !strings.Contains(out, "one: ") || !strings.Contains(out, "two: ") {
		t.Errorf("the grids have no names: %s", out)
	}
}
