package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/lens"
)

// textJSON is what the tests read of a text's JSON.
type textJSON struct {
	Format       string    `json:"format"`
	CrossEntropy []float64 `json:"cross_entropy"`
	Entropy      []float64 `json:"entropy"`
	KL           []float64 `json:"kl"`
	Agree        []float64 `json:"agree"`
	Places       []int64   `json:"place_targets"`
	Manifest     struct {
		lens.Manifest
		Text struct {
			Name    string  `json:"name"`
			Chunk   int     `json:"chunk"`
			Prefix  []int64 `json:"prefix"`
			Whole   bool    `json:"whole"`
			Tokens  int64   `json:"tokens"`
			Windows int64   `json:"windows"`
			Targets int64   `json:"targets"`
			Bytes   int64   `json:"target_bytes"`
		} `json:"text"`
	} `json:"manifest"`
}

func readTextJSON(t *testing.T, out string) textJSON {
	t.Helper()
	var d textJSON
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
	return d
}

// aText is a text with bytes that are not UTF-8 and the token of a text's end.
const aText = "the cat in the hat\nand the \xFF\xFE rat.<|endoftext|>the end\n"

// TestText compares the means of a text with those of its windows, each read as a prompt.
func TestText(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	path := put(t, dir, "text.txt", []byte(strings.Repeat(aText, 3)))
	const chunk = 7
	got := readTextJSON(t, good(t, "lens", "--file", path, "--chunk", fmt.Sprint(chunk), "--model", model, "--json", "-"))
	about := got.Manifest.Text
	if got.Format != "golens-text-1" || about.Name != path || about.Chunk != chunk || !about.Whole || about.Targets != about.Tokens-1 || about.Windows != (about.Tokens+chunk-1)/chunk || len(about.Prefix) != 0 {
		t.Errorf("%s: %+v", got.Format, about)
	}
	if int(about.Bytes) != len(aText)*3-len("the") { // which is the first token, and no target
		t.Errorf("%d bytes in targets, the text has %d", about.Bytes, len(aText)*3)
	}
	if got.Manifest.Weights == "" || got.Manifest.Mode != "exact" {
		t.Errorf("manifest %+v", got.Manifest.Manifest)
	}
	// The ids by another way.
	var tokens struct{ IDs []int64 }
	if err := json.Unmarshal([]byte(golensWith(t, strings.Repeat(aText, 3), "tokens", "-", "--special", "--jsonl", "--model", model).out), &tokens); err != nil || int64(len(tokens.IDs)) != about.Tokens {
		t.Fatalf("%v: %d ids, %d were read", err, len(tokens.IDs), about.Tokens)
	}
	entropy, loss := make([]float64, tinyBlocks+1), make([]float64, tinyBlocks+1)
	size := 0.0
	for from := 0; from < len(tokens.IDs); from += chunk {
		to := min(from+chunk, len(tokens.IDs))
		ids := strings.Trim(fmt.Sprint(tokens.IDs[from:to]), "[]")
		d := lensJSON(t, model, "--ids", ids, "--target", "next")
		for i, v := range d.arrays["entropy"].Float32 {
			entropy[i/(to-from)] += float64(v)
			size += math.Abs(float64(v))
		}
		for i, v := range d.arrays["target_logprob"].Float32 {
			if !math.IsNaN(float64(v)) {
				loss[i/(to-from)] -= float64(v)
				size += math.Abs(float64(v))
			}
		}
		if to < len(tokens.IDs) {
			d := lensJSON(t, model, "--ids", ids, "--target-id", fmt.Sprint(tokens.IDs[to]))
			for n, v := range d.arrays["target_logprob"].Float32 {
				loss[n] -= float64(v)
				size += math.Abs(float64(v))
			}
		}
	}
	for n := range entropy {
		// Sums of fewer numbers than tokens, in two orders, each rounded by half a unit.
		approx.Check(t, fmt.Sprintf("row %d: entropy", n), got.Entropy[n], entropy[n]/float64(about.Tokens), size*0x1p-52)
		approx.Check(t, fmt.Sprintf("row %d: cross-entropy", n), got.CrossEntropy[n], loss[n]/float64(about.Targets), size*0x1p-52)
	}
}

// TestTextWays: standard input, a pipe and a file, drawn or written, are the same.
func TestTextWays(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	text := strings.Repeat(aText, 2)
	path := put(t, dir, "text.txt", []byte(text))
	at := func(name string) string { return filepath.Join(dir, name) }
	drawn := good(t, "lens", "--file", path, "--model", model, "--json", at("x.json"), "--csv", at("x.csv"), "--npz", at("x.npz"), "--plot", at("x.svg"))
	if !strings.Contains(drawn, "cross-entropy") || !strings.Contains(drawn, "the whole text") || !strings.Contains(drawn, "perplexity") {
		t.Errorf("drawn: %s", drawn)
	}
	file := readTextJSON(t, read(t, at("x.json")))
	input := readTextJSON(t, golensWith(t, text, "lens", "--file", "-", "--model", model, "--json", "-").out)
	if !slices.Equal(file.CrossEntropy, input.CrossEntropy) || !slices.Equal(file.KL, input.KL) || input.Manifest.Text.Name != "standard input" {
		t.Errorf("%+v\n%+v", file, input)
	}
	if file.Manifest.Text.Chunk != tinyContext {
		t.Errorf("windows of %d tokens, where the context has %d", file.Manifest.Text.Chunk, tinyContext)
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, at("x.csv")))).ReadAll()
	if err != nil || len(rows) != 1+tinyBlocks+1 || rows[1][0] != path {
		t.Errorf("%v: CSV %v", err, rows)
	}
	// float64, which the tests' reader of npz does not know, is the report's to test.
	if npz := read(t, at("x.npz")); !strings.Contains(npz, "place_cross_entropy.npy") {
		t.Error("the npz lacks an array")
	}
	if svg := read(t, at("x.svg")); !strings.Contains(svg, "<svg") {
		t.Error("no figure")
	}
	if out := good(t, "lens", "--file", path, "--model", model, "--json", at("y.json"), "--quiet", "--layers", "0,2"); out != "" {
		t.Errorf("with --quiet: %s", out)
	}
	if some := readTextJSON(t, read(t, at("y.json"))); len(some.KL) != 2 || some.KL[1] != file.KL[2] {
		t.Errorf("KL of two layers %v, of all %v", some.KL, file.KL)
	}
	// A pipe, whose end shows only when it is closed.
	pipe := at("pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	go os.WriteFile(pipe, []byte(text), 0)
	piped := readTextJSON(t, good(t, "lens", "--file", pipe, "--model", model, "--json", "-"))
	if !slices.Equal(piped.CrossEntropy, file.CrossEntropy) {
		t.Errorf("from a pipe %v, from a file %v", piped.CrossEntropy, file.CrossEntropy)
	}
}

// TestTextBOS: with --prepend-bos every window begins with the token, which is not scored.
func TestTextBOS(t *testing.T) {
	model := tiny(t)
	read := func(args ...string) textJSON {
		return readTextJSON(t, golensWith(t, aText, append([]string{"lens", "--file", "-", "--model", model, "--chunk", "5", "--json", "-"}, args...)...).out)
	}
	plain, bos := read(), read("--prepend-bos")
	if a, b := plain.Manifest.Text, bos.Manifest.Text; a.Tokens != b.Tokens || a.Targets != b.Targets || len(b.Prefix) != 1 || b.Prefix[0] != 261 || !slices.Equal(plain.Places, bos.Places) {
		t.Errorf("%+v %+v", a, b)
	}
	if slices.Equal(plain.Entropy, bos.Entropy) {
		t.Error("the token in front changes nothing")
	}
	literal := read("--literal")
	if a, b := plain.Manifest.Text.Tokens, literal.Manifest.Text.Tokens; b <= a {
		t.Errorf("%d tokens, and %d where <|endoftext|> is literal", a, b)
	}
	scaled := read("--zero", "h.0.mlp")
	if slices.Equal(plain.KL, scaled.KL) || !slices.Equal(scaled.Manifest.Interventions, []string{"h.0.mlp zero"}) {
		t.Errorf("interventions %v", scaled.Manifest.Interventions)
	}
	fast := read("--mode", "fast")
	for n := range fast.Entropy {
		if d := math.Abs(fast.Entropy[n] - plain.Entropy[n]); !(d <= 1e-4) || fast.Manifest.Mode != "fast" {
			t.Errorf("fast mode (%s): entropy %v, exact %v", fast.Manifest.Mode, fast.Entropy[n], plain.Entropy[n])
		}
	}
}

// TestTextRefused: texts that cannot be read, and flags that have no meaning for one.
func TestTextRefused(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	empty, one, good := put(t, dir, "empty", nil), put(t, dir, "one", []byte("e")), put(t, dir, "good", []byte(aText))
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"missing":             {[]string{"--file", filepath.Join(dir, "nosuch")}, 1, []string{"nosuch", "no such file"}},
		"folder":              {[]string{"--file", dir}, 1, []string{dir, "folder"}},
		"empty file":          {[]string{"--file", empty}, 1, []string{empty, "empty"}},
		"one token":           {[]string{"--file", one}, 1, []string{one, "one token"}},
		"no name":             {[]string{"--file", ""}, 2, []string{"--file", "empty"}},
		"chunk alone":         {[]string{"x", "--chunk", "8"}, 2, []string{"--chunk", "--file"}},
		"chunk 0":             {[]string{"--file", good, "--chunk", "0"}, 2, []string{"--chunk 0"}},
		"chunk too long":      {[]string{"--file", good, "--chunk", fmt.Sprint(tinyContext + 1)}, 2, []string{"--chunk", fmt.Sprint(tinyContext)}},
		"chunk and bos":       {[]string{"--file", good, "--prepend-bos", "--chunk", fmt.Sprint(tinyContext)}, 2, []string{"--chunk", "in front"}},
		"a prompt too":        {[]string{"x", "--file", good}, 2, []string{"prompt", "--file"}},
		"targets":             {[]string{"--file", good, "--target", "next"}, 2, []string{"--target", "--file"}},
		"positions":           {[]string{"--file", good, "--positions", "1"}, 2, []string{"--positions"}},
		"page":                {[]string{"--file", good, "--html", "x.html"}, 2, []string{"--html"}},
		"diff":                {[]string{"--file", good, "--diff"}, 2, []string{"--diff"}},
		"no such layer":       {[]string{"--file", good, "--layers", "9"}, 2, []string{"no row 9"}},
		"quiet and nothing":   {[]string{"--file", good, "--quiet"}, 2, []string{"--quiet"}},
		"figure without name": {[]string{"--file", good, "--theme", "dark"}, 2, []string{"--plot"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, golens(t, append([]string{"lens", "--model", model}, c.args...)...), c.code, c.says...)
		})
	}
}

// endless gives text without an end. The pipe behind it holds back what is not read.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat("the cat in the hat. ", 2000)), nil
}

// TestTextInterrupt sends Ctrl-C in the middle of a text without an end: the means up to
// there are shown and written, and called what they are.
func TestTextInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.json")
	cmd := program(t, "lens", "--file", "-", "--model", tiny(t), "--chunk", "16", "--json", out)
	cmd.Stdin = endless{}
	cmd.WaitDelay = time.Second
	got := interruptAt(t, cmd, `[1-9][0-9,]* tokens`)
	if got.code != 1 {
		t.Errorf("exit status %d: %s", got.code, got.stderr)
	}
	var tokens string
	if _, err := fmt.Sscanf(got.stderr, "golens: interrupted after %s tokens; the means of these are written\n", &tokens); err != nil {
		t.Fatalf("%v: standard error %q", err, got.stderr)
	}
	d := readTextJSON(t, read(t, out))
	if about := d.Manifest.Text; about.Whole || about.Tokens < 16 || about.Targets != about.Tokens || strings.ReplaceAll(tokens, ",", "") != fmt.Sprint(about.Tokens) {
		t.Errorf("%s tokens said, written %+v", tokens, about)
	}
	if s := got.out; !strings.Contains(s, "where it was stopped") {
		t.Errorf("standard output: %s", s)
	}
}

// TestTextInterruptAtOnce: Ctrl-C while nothing comes leaves nothing.
func TestTextInterruptAtOnce(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.json")
	cmd := program(t, "lens", "--file", "-", "--model", tiny(t), "--json", out)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitForSignals(t, cmd)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	got := finish(t, cmd)
	refused(t, outcome{got.code, stdout.String(), stderr.String()}, 1, "interrupted")
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was written")
	}
}
