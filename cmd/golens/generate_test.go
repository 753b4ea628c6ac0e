package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/golens/golens/lens"
)

// written is what a file of a generation has beside a lens.
type written struct {
	Generation struct {
		Prompt   int    `json:"prompt_tokens"`
		New      int    `json:"new_tokens"`
		Text     string `json:"text"`
		Bytes    []byte `json:"text_bytes"`
		Ended    struct{ Why, Stop string }
		Sampling *struct {
			Temperature float64
			Seed        uint64
		}
	}
	Prompt    string
	Sequence  []int64
	IDs       []int64 `json:"ids"`
	Positions []int
	TopIDs    [][][]int64 `json:"top_ids"`
	TargetIDs []int64     `json:"target_ids"`
	Entropy   [][]float32
	Hidden    [][][]float32
	Manifest  struct{ Weights string }
}

// text is what the model wrote.
func (d written) text() string {
	if d.Generation.Bytes != nil {
		return string(d.Generation.Bytes)
	}
	return d.Generation.Text
}

func readWritten(t *testing.T, text string) (d written) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v in %.300q", err, text)
	}
	return d
}

// TestGenerate: what is written as text, as JSON and as NPZ is one thing.
func TestGenerate(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	call := []string{"generate", "the cat", "--model", model, "--max-new", "6", "--no-end", "--top", "2", "--target", "next"}
	d := readWritten(t, good(t, append(call, "--json", "-", "--hidden")...))
	P, n := d.Generation.Prompt, d.Generation.New
	if n != 6 || len(d.Sequence) != P+n || len(d.Positions) != P+n-1 || len(d.IDs) != P+n-1 || len(d.TopIDs) != tinyBlocks+1 {
		t.Fatalf("%d and %d tokens, %d in the sequence, positions %v", P, n, len(d.Sequence), d.Positions)
	}
	if d.Generation.Ended.Why != "max-new" || d.Generation.Sampling != nil || d.Prompt != "the cat" || d.Manifest.Weights == "" || len(d.Hidden[0]) != P+n-1 {
		t.Errorf("%+v", d.Generation)
	}
	for p, id := range d.Sequence[1:] {
		if d.TargetIDs[p] != id {
			t.Errorf("the target at %d is %d, and %d follows", p, d.TargetIDs[p], id)
		}
		if p >= P-1 && d.TopIDs[tinyBlocks][p][0] != id {
			t.Errorf("the last row's likeliest at %d is %d, and %d was written", p, d.TopIDs[tinyBlocks][p][0], id)
		}
	}
	new := d.text()
	npzFile, plot := filepath.Join(dir, "x.npz"), filepath.Join(dir, "x.svg")
	if out := good(t, append(call, "--quiet", "--npz", npzFile, "--plot", plot)...); out != "the cat"+new+"\n" {
		t.Errorf("the text is %q, want %q", out, "the cat"+new+"\n")
	}
	z, err := npz.Open(npzFile)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var sequence []int64
	if err := z.Read("sequence.npy", &sequence); err != nil || !slices.Equal(sequence, d.Sequence) {
		t.Errorf("%v: sequence %v, want %v", err, sequence, d.Sequence)
	}
	if !slices.Contains(z.Keys(), "generation.npy") || !strings.HasPrefix(read(t, plot), "<") {
		t.Errorf("keys %v", z.Keys())
	}
	grid := good(t, append(call, "--width", "200")...)
	if !strings.HasPrefix(grid, "the cat"+new+"\n\n") || !strings.Contains(grid, "what each layer would write") || !strings.Contains(grid, "\nL1") {
		t.Errorf("the grid:\n%s", grid)
	}
	if heads := len(strings.Fields(strings.Split(grid, "\n")[3])); heads != n {
		t.Errorf("%d columns for %d new tokens:\n%s", heads, n, grid)
	}
}

// TestGenerateChance: a seed is written, and gives the same text again.
func TestGenerateChance(t *testing.T) {
	model := tiny(t)
	make := func(seed string) written {
		return readWritten(t, good(t, "generate", "the", "--model", model, "--max-new", "12", "--no-end", "--temperature", "2", "--seed", seed, "--json", "-"))
	}
	a, b, c := make("3"), make("3"), make("4")
	if !slices.Equal(a.Sequence, b.Sequence) || slices.Equal(a.Sequence, c.Sequence) {
		t.Errorf("seed 3 wrote %v and %v, seed 4 %v", a.Sequence, b.Sequence, c.Sequence)
	}
	if s := c.Generation.Sampling; s == nil || s.Seed != 4 || s.Temperature != 2 {
		t.Errorf("sampling %+v", s)
	}
	greedy := readWritten(t, good(t, "generate", "the", "--model", model, "--max-new", "4", "--no-end", "--temperature", "0", "--json", "-"))
	one := readWritten(t, good(t, "generate", "the", "--model", model, "--max-new", "4", "--no-end", "--top-k", "1", "--json", "-"))
	if greedy.Generation.Sampling != nil || !slices.Equal(greedy.Sequence, one.Sequence) {
		t.Errorf("temperature 0 wrote %v, top-k 1 %v", greedy.Sequence, one.Sequence)
	}
}

// TestGenerateEnds: a stop text, an intervention, and a full context, which is said.
func TestGenerateEnds(t *testing.T) {
	model := tiny(t)
	free := readWritten(t, good(t, "generate", "the", "--model", model, "--no-end", "--max-new", "3", "--json", "-"))
	stop := free.Generation.Text[:1]
	d := readWritten(t, good(t, "generate", "the", "--model", model, "--no-end", "--stop", stop, "--json", "-"))
	if d.Generation.Ended.Why != "stop" || d.Generation.Ended.Stop != stop || !strings.Contains(d.Generation.Text, stop) {
		t.Errorf("stopped at %q: %+v", stop, d.Generation)
	}
	other := readWritten(t, good(t, "generate", "the", "--model", model, "--no-end", "--max-new", "3", "--zero", "h.0.mlp", "--json", "-"))
	last := len(free.Positions) - 1
	if a, b := free.Entropy[tinyBlocks][last], other.Entropy[tinyBlocks][last]; a == b {
		t.Errorf("an intervention changes nothing in the last step: the entropy is %v", a)
	}
	got := golens(t, "generate", "the", "--model", model, "--no-end", "--max-new", "1000", "--positions", "-1", "--json", "-")
	d = readWritten(t, got.out)
	if d.Generation.Ended.Why != "context" || len(d.Sequence) != tinyContext+1 || !strings.Contains(got.stderr, "context of") || got.code != 0 {
		t.Errorf("%d tokens, ended %+v; %s", len(d.Sequence), d.Generation.Ended, got.stderr)
	}
}

// TestGenerateMany: several prompts make a file of several results, and Ctrl-C or an
// error leaves those before.
func TestGenerateMany(t *testing.T) {
	model, dir := tiny(t), t.TempDir()
	prompts := put(t, dir, "p.jsonl", []byte("{\"prompt\": \"the cat\", \"name\": \"a\"}\n{\"ids\": [7, 8, 9]}\n"))
	call := []string{"generate", "--prompts", prompts, "--model", model, "--no-end", "--max-new", "3"}
	lines := strings.Split(strings.TrimSuffix(good(t, append(call, "--json", "-")...), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines of JSON", len(lines))
	}
	a, b := readWritten(t, lines[0]), readWritten(t, lines[1])
	one := readWritten(t, good(t, "generate", "the cat", "--model", model, "--no-end", "--max-new", "3", "--json", "-"))
	if !slices.Equal(a.Sequence, one.Sequence) || !slices.Equal(b.Sequence[:3], []int64{7, 8, 9}) || b.Generation.New != 3 {
		t.Errorf("sequences %v and %v", a.Sequence, b.Sequence)
	}
	texts := good(t, append(call, "--quiet")...)
	if !strings.HasPrefix(texts, "the cat"+one.text()+"\n") || strings.Count(texts, "\n") < 2 {
		t.Errorf("the texts are %q", texts)
	}
	npzFile := filepath.Join(dir, "x.npz")
	if out := good(t, append(call, "--npz", npzFile)...); out != "" {
		t.Errorf("with a file standard output has %q", out)
	}
	z, err := npz.Open(npzFile)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if keys := z.Keys(); !slices.Contains(keys, "0/sequence.npy") || !slices.Contains(keys, "1/generation.npy") {
		t.Errorf("keys %v", keys)
	}
	got := golens(t, append(call, "--plot", filepath.Join(dir, "x.svg"))...)
	refused(t, got, 2, "--plot", "2 prompts")
}

// TestBadGeneration holds what a user can get wrong.
func TestBadGeneration(t *testing.T) {
	for _, b := range []bad{
		{name: "no prompt", args: on("generate"), code: 2, says: []string{"no prompt", "golens generate"}},
		{name: "empty prompt", args: on("generate", ""), code: 2, says: []string{"empty"}},
		{name: "two prompts", args: on("generate", "a", "b"), code: 2, says: []string{"2 arguments"}},
		{name: "prompt too long for the length", args: func(t *testing.T, dir string) []string {
			return []string{"generate", "--model", tiny(t), "--prompts", put(t, dir, "p.jsonl", []byte(`{"prompt": "the cat"}`)), "--max-length", "4"}
		}, code: 2, says: []string{"p.jsonl, line 1", "the prompt alone has"}},
		{name: "too long", args: on("generate", strings.Repeat("x", tinyContext+1)), code: 2, says: []string{"shorten"}},
		{name: "max-new 0", args: on("generate", "x", "--max-new", "0"), code: 2, says: []string{"--max-new 0", "1 or more"}},
		{name: "max-new no number", args: on("generate", "x", "--max-new", "many"), code: 2, says: []string{"--max-new many", "whole number"}},
		{name: "max-length of the prompt", args: on("generate", "xyz", "--max-length", "3"), code: 2, says: []string{"the prompt alone has 3"}},
		{name: "min above max", args: on("generate", "x", "--max-new", "3", "--min-new", "4"), code: 2, says: []string{"at least 5 tokens"}},
		{name: "no end and a least length", args: on("generate", "x", "--no-end", "--min-length", "4"), code: 2, says: []string{"--no-end", "--min-length"}},
		{name: "temperature NaN", args: on("generate", "x", "--temperature", "NaN"), code: 2, says: []string{"temperature NaN", "above 0"}},
		{name: "temperature below 0", args: on("generate", "x", "--temperature=-1"), code: 2, says: []string{"temperature -1"}},
		{name: "temperature infinite", args: on("generate", "x", "--temperature", "inf"), code: 2, says: []string{"--temperature inf"}},
		{name: "temperature no number", args: on("generate", "x", "--temperature", "warm"), code: 2, says: []string{"--temperature warm", "a number"}},
		{name: "temperature 0 and chance", args: on("generate", "x", "--temperature", "0", "--seed", "3"), code: 2, says: []string{"--temperature 0", "--seed"}},
		{name: "top-k below 0", args: on("generate", "x", "--top-k", "-1"), code: 2, says: []string{"top-k -1"}},
		{name: "top-p 0", args: on("generate", "x", "--top-p", "0"), code: 2, says: []string{"top-p 0", "above 0"}},
		{name: "top-p above 1", args: on("generate", "x", "--top-p", "1.5"), code: 2, says: []string{"top-p 1.5"}},
		{name: "top-p NaN", args: on("generate", "x", "--top-p", "nan"), code: 2, says: []string{"--top-p nan", "a number"}},
		{name: "seed below 0", args: on("generate", "x", "--seed=-1"), code: 2, says: []string{"--seed -1", "from 0 on"}},
		{name: "empty stop", args: on("generate", "x", "--stop", ""), code: 2, says: []string{"--stop", "empty"}},
		{name: "position behind the prompt", args: on("generate", "xyz", "--positions", "3"), code: 2, says: []string{"no position 3"}},
		{name: "shade without target", args: on("generate", "x", "--by", "target-rank"), code: 2, says: []string{"--by target-rank", "--target"}},
		{name: "scatter", args: on("generate", "x", "--view", "scatter", "--plot", "x.svg"), code: 2, says: []string{"--view scatter", "golens lens"}},
		{name: "unknown point", args: on("generate", "x", "--scale", "h.9=2"), code: 2, says: []string{"h.9"}},
		{name: "no folder", args: on("generate", "x", "--npz", "nosuch/x.npz"), code: 1, says: []string{"no folder nosuch"}},
		{name: "not a number", args: on("generate", "x", "--scale", "h.0=1e38", "--scale", "h.1=1e38", "--temperature", "1"), code: 1, says: []string{"not numbers", "intervention"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			dir := t.TempDir()
			args := b.args(t, dir)
			before := snapshot(t, dir)
			refused(t, golens(t, args...), b.code, b.says...)
			unchanged(t, dir, before)
		})
	}
}

// TestInterruptGeneration sends Ctrl-C while a text is written: what was written is
// there, whole and readable, in every format.
func TestInterruptGeneration(t *testing.T) {
	const context = 50_000
	c := newCheckpoint(t)
	c.config["n_positions"] = context
	c.tensors["wpe.weight"] = tensor{[]int64{context, tinyWidth}, make([]float32, context*tinyWidth)}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	cmd := program(t, "generate", "the", "--model", c.write(t), "--no-end", "--max-new", "49000", "--top", "2", "--quiet",
		"--json", at("x.json"), "--npz", at("x.npz"), "--csv", at("x.csv"))
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(pipe, make([]byte, 10)); err != nil { // the prompt and some tokens
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(pipe)
	if err != nil || !bytes.HasSuffix(rest, []byte("\n")) {
		t.Errorf("%v: the text ends in %q", err, rest[max(0, len(rest)-20):])
	}
	got := finish(t, cmd)
	var done int
	if _, err := fmt.Sscanf(stderr.String(), "golens: interrupted after %d new tokens, which are written\n", &done); err != nil || got.code != 1 || done < 2 {
		t.Fatalf("%v: exit status %d, standard error %q", err, got.code, stderr.String())
	}
	if names := files(t, dir); !slices.Contains(names, "x.csv") || !slices.Contains(names, "x.npz") || slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, ".") }) {
		t.Fatalf("the folder holds %v", names)
	}
	d := readWritten(t, read(t, at("x.json")))
	if d.Generation.New != done || d.Generation.Ended.Why != "interrupted" || len(d.Sequence) != d.Generation.Prompt+done {
		t.Errorf("JSON has %d tokens, ended %+v; %d were said", d.Generation.New, d.Generation.Ended, done)
	}
	z, err := npz.Open(at("x.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var entropy []float32
	if err := z.Read("entropy.npy", &entropy); err != nil || len(entropy) != (tinyBlocks+1)*len(d.Positions) {
		t.Errorf("%v: the npz has %d values of %d positions", err, len(entropy), len(d.Positions))
	}
	if lines := strings.Count(read(t, at("x.csv")), "\n"); lines != 1+(tinyBlocks+1)*len(d.Positions)*2 {
		t.Errorf("the csv has %d lines for %d positions", lines, len(d.Positions))
	}
}

// TestGenerateExamples: the examples of the help text run, with the model in the
// program, which writes words; one layer for all, to be quick.
func TestGenerateExamples(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, dir, "prompts.jsonl", []byte(`{"prompt": "the cat"}`))
	_, examples, _ := strings.Cut(good(t, "help", "generate"), "\nExamples:\n")
	lines := strings.Split(strings.TrimSpace(examples), "\n")
	for _, line := range lines {
		args := append(words(t, strings.TrimSpace(line))[1:], "--layers", "12")
		if out := good(t, args...); args[1] != "--prompts" && !strings.HasPrefix(out, args[1]) {
			t.Errorf("%s: %.80q", line, out)
		}
	}
	if len(lines) < 5 {
		t.Errorf("%d examples ran", len(lines))
	}
	if names := files(t, "."); !slices.Equal(names, []string{"out.json", "prompts.jsonl", "steps.npz", "steps.svg"}) {
		t.Errorf("the examples left %v", names)
	}
}

// TestShownText: on a terminal nothing that a model writes acts on it, and no
// character is written in parts.
func TestShownText(t *testing.T) {
	for _, c := range []struct {
		tokens []string
		want   string
	}{
		{[]string{"a", " b\n", "\tc"}, "a b\n\tc\n"},
		{[]string{"\x1b[31m", "\r", "\x00"}, `\x1b[31m\x0d\x00` + "\n"},
		{[]string{"\xe2", "\x82", "\xac", "!"}, "€!\n"},
		{[]string{"\xe2", "\x82", "a"}, `\xe2\x82a` + "\n"},
		{[]string{"ok", "\xf0\x9f"}, `ok\xf0\x9f` + "\n"},
		{[]string{"a\u202eb", "\u0085", "e\u0301"}, `a\u202eb\u0085` + "e\u0301\n"},
	} {
		var b bytes.Buffer
		s := &textStream{w: &b, visible: true, begun: true}
		for _, text := range c.tokens {
			s.token(lens.Token{Bytes: []byte(text)})
			if !utf8.Valid(b.Bytes()) {
				t.Errorf("%q: so far %q", c.tokens, b.String())
			}
		}
		s.end()
		if b.String() != c.want {
			t.Errorf("%q is written %q, want %q", c.tokens, b.String(), c.want)
		}
	}
	var b bytes.Buffer
	s := &textStream{w: &b, begun: true}
	s.token(lens.Token{Bytes: []byte("\x1b\xff")})
	s.token(lens.Token{ID: 7})
	if s.end(); b.String() != "\x1b\xff #7\n" {
		t.Errorf("elsewhere it is written %q", b.String())
	}
}
