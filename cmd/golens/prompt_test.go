package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/study"
)

// TestOneWay: the command, a study and the Go API read a text as the same tokens, with the
// same numbers, for GPT-2's tokenizer and for one that puts a token in front.
func TestOneWay(t *testing.T) {
	for _, c := range []struct{ where, first string }{{"", "The"}, {reference.Llama(t), "<s>"}} {
		m, err := builtin.Open(c.where, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := study.Find("lens-grid")
		if err != nil {
			t.Fatal(err)
		}
		outcome, err := s.Run(t.Context(), m, study.Options{})
		if err != nil {
			t.Fatal(err)
		}
		inStudy := outcome.Lenses[0]
		ids, err := m.Prompt(inStudy.Prompt, model.PromptOptions{})
		if err != nil {
			t.Fatal(err)
		}
		inGo, err := lens.Read(t.Context(), m, ids, lens.Options{Rows: lens.Spaced(m.Sizes.Blocks, m.Sizes.Blocks+1)[1:]}) // as the study
		if err != nil {
			t.Fatal(err)
		}
		if got := string(inGo.Tokens[0].Bytes); got != c.first {
			t.Errorf("%s: the first token is %q, want %q", m.Name, got, c.first)
		}
		command := readJSON(t, golens(t, "lens", inStudy.Prompt, "--model", c.where, "--layers", "1..", "--json", "-").out)
		for name, got := range map[string]*lens.Result{"study": inStudy, "Go": inGo} {
			reference.Equal(t, m.Name+" "+name+" top_ids", got.TopIDs, command.arrays["top_ids"])
			reference.Equal(t, m.Name+" "+name+" top_logits", got.TopLogits, command.arrays["top_logits"])
			reference.Equal(t, m.Name+" "+name+" entropy", got.Entropy, command.arrays["entropy"])
		}
	}
}

// TestBOS: what stands in front of a prompt, wherever a text is read, and the warning of
// two beginnings.
func TestBOS(t *testing.T) {
	dir, llama := t.TempDir(), reference.Llama(t)
	const two = "two beginning-of-text tokens"
	one := put(t, dir, "one.jsonl", []byte(`{"prompt": "<s>the", "bos": false}`+"\n"+`{"prompt": "the"}`+"\n"+`{"prompt": "the", "bos": false}`+"\n"+`{"ids": [9], "bos": true}`))
	many := put(t, dir, "many.jsonl", []byte(strings.Repeat(`{"prompt": "<s>the"}`+"\n", 4)))
	lines := put(t, dir, "lines.txt", []byte("<s>the\n<s>the cat\n"))
	on := func(args ...string) []string { return append(args, "--model", llama) }
	for name, c := range map[string]struct {
		args []string
		n    int // warnings
	}{
		"lens":            {on("lens", "<s>the"), 1},
		"lens bare":       {on("lens", "<s>the", "--no-bos"), 0},
		"lens literal":    {on("lens", "<s>the", "--literal"), 0},
		"ids":             {on("lens", "--ids", "1,1,9"), 1},
		"diff":            {on("lens", "<s>the", "--skip", "h.1", "--diff"), 1},
		"generate":        {on("generate", "<s>the", "--max-new", "2"), 1},
		"generate bare":   {on("generate", "<s>the", "--max-new", "2", "--no-bos"), 0},
		"hidden":          {on("hidden", "<s>the cat"), 1},
		"hidden bare":     {on("hidden", "<s>the cat", "--no-bos"), 0},
		"sweep":           {on("sweep", "<s>the", "--target", "cat", "--skip"), 1},
		"sweep bare":      {on("sweep", "<s>the", "--target", "cat", "--skip", "--no-bos"), 0},
		"file":            {on("lens", "--file", lines), 1},
		"file bare":       {on("lens", "--file", lines, "--no-bos"), 0},
		"patch":           {on("lens", "the", "--patch", "h.1@last=<s>the"), 1},
		"mean":            {on("lens", "the", "--mean", "h.1="+lines), 1},
		"mean bare":       {on("lens", "the", "--mean", "h.1="+lines, "--no-bos"), 0},
		"sweep of a mean": {on("sweep", "the", "--target", "cat", "--mean-of", lines), 1},
		"prompts":         {on("lens", "--prompts", many), 1},
		"lines":           {on("lens", "--prompts", one), 0},
	} {
		got := golens(t, c.args...)
		if got.code != 0 || strings.Count(got.stderr, two) != c.n || strings.Count(got.stderr, "\n") != c.n {
			t.Errorf("%s: exit status %d, %d warnings expected: %s", name, got.code, c.n, got.stderr)
		}
	}
	if got := golens(t, on("lens", "--prompts", many)...); !strings.HasPrefix(got.stderr, "golens: warning: "+many+", line 1, and 3 more: "+two) {
		t.Errorf("one warning of many prompts: %s", got.stderr)
	}
	var ids []string
	for line := range strings.Lines(good(t, on("lens", "--prompts", one, "--json", "-")...)) {
		ids = append(ids, fmt.Sprint(readJSON(t, line).arrays["ids"].Int64))
	}
	the := readJSON(t, good(t, on("lens", "the", "--no-bos", "--json", "-")...)).arrays["ids"].Int64[0]
	if want := []string{fmt.Sprintf("[1 %d]", the), fmt.Sprintf("[1 %d]", the), fmt.Sprintf("[%d]", the), "[1 9]"}; !slices.Equal(ids, want) {
		t.Errorf("ids of the lines %v, want %v", ids, want)
	}
	if got := golens(t, on("lens", "the", "--no-bos", "--prepend-bos")...); got.code != 2 || !strings.Contains(got.stderr, "contradict") {
		t.Errorf("both flags: %d %s", got.code, got.stderr)
	}
	for args, want := range map[string]string{"": fmt.Sprintf(`{"ids":[1,%d]`, the), "--no-bos": fmt.Sprintf(`{"ids":[%d]`, the)} {
		call := on("tokens", "the", "--jsonl")
		if args != "" {
			call = append(call, args)
		}
		if out := good(t, call...); !strings.HasPrefix(out, want) {
			t.Errorf("tokens %s: %s, want %s", args, out, want)
		}
	}
}

// TestTargetJoint: whole targets in every format, and what cannot be asked.
func TestTargetJoint(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	drawn := good(t, "lens", text, "--model", tiny(t), "--target-joint", "cat", "--target-joint", `"the"`, "--json", at("x.json"), "--npz", at("x.npz"), "--csv", at("x.csv"))
	if !strings.Contains(drawn, "cat is ·c (260), a (64), t (83)") || !strings.Contains(drawn, "all 3") {
		t.Errorf("the terminal shows %s", drawn)
	}
	d := readJSON(t, read(t, at("x.json")))
	arrays := readNPZ(t, read(t, at("x.npz")), "")
	for _, name := range []string{"joint_ids", "joint_lengths", "joint_token_logprob", "joint_logprob"} {
		reference.EqualArrays(t, name, d.arrays[name], arrays[name])
	}
	if ids := fmt.Sprint(d.arrays["joint_ids"].Int64, d.arrays["joint_lengths"].Int64); ids != "[260 64 83 257] [3 1]" {
		t.Errorf("the tokens are %s", ids)
	}
	var members struct {
		Joint struct {
			Words  []string
			Tokens []struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, at("x.json"))), &members); err != nil || fmt.Sprintf("%q", members.Joint.Words) != `["cat" "\"the\""]` || len(members.Joint.Tokens) != 4 {
		t.Errorf("JSON has %+v (%v)", members, err)
	}
	rows := d.arrays["rows"].Len()
	lines := map[string]int{}
	for _, line := range parseCSV(t, read(t, at("x.csv"))) {
		if lines[line["kind"]]++; line["kind"] == "joint" && line["piece"] == "cat" && line["row"] == fmt.Sprint(rows-1) {
			if v := d.arrays["joint_logprob"].At(rows-1, 0); !isNumber(line["logprob"], v) {
				t.Errorf("CSV has %s, JSON %v", line["logprob"], v)
			}
		}
	}
	if lines["joint"] != 2*rows || lines["joint_token"] != 4*rows {
		t.Errorf("lines of CSV: %v", lines)
	}
	one := lensJSON(t, tiny(t), text, "--target", `"the"`)
	for row := range rows { // of one token, it is that token's
		v, w := d.arrays["joint_logprob"].At(row, 1).Float32[0], one.arrays["target_logprob"].At(row, 0, 0).Float32[0]
		if v != w || math.IsNaN(float64(v)) {
			t.Errorf("row %d: %v as a whole, %v as a target", row, v, w)
		}
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"lens", text, "--target-joint", ""}, "empty"},
		{[]string{"lens", text, "--target-joint", `"x`}, "quotation mark"},
		{[]string{"lens", text, "--target-joint", "x", "--diff", "--skip", "h.0"}, "--target-joint has no meaning with --diff"},
		{[]string{"lens", strings.Repeat("q", tinyContext), "--target-joint", "cat"}, fmt.Sprint(tinyContext)},
		{[]string{"lens", text, "--target", `"x`}, "quotation mark"},
		{[]string{"sweep", text, "--skip", "--target", `"x`}, "quotation mark"},
		{[]string{"sweep", text, "--skip", "--metric", `diff:"x,y`}, "quotation mark"},
	} {
		got := golens(t, append(c.args, "--model", tiny(t))...)
		if got.code == 0 || !strings.Contains(got.stderr, c.says) || strings.Count(got.stderr, "\n") > 2 {
			t.Errorf("%q: exit status %d: %s", c.args, got.code, got.stderr)
		}
	}
}

// TestTargetsShown: the token that a target names is shown by its text and id.
func TestTargetsShown(t *testing.T) {
	model := tiny(t)
	for _, c := range []struct {
		args  []string
		drawn []string
		json  string
	}{
		{[]string{"lens", text, "--target", "the", "--target", `"in"`}, []string{"the is ·the (258)", `"in" is in (259)`}, `"tokens":[{"id":258,"text":" the"},{"id":259,"text":"in"}]`},
		{[]string{"lens", text, "--target", "the", "--diff", "--skip", "h.0"}, []string{"the is ·the (258)"}, `"tokens":[{"id":258,"text":" the"}]`},
		{[]string{"sweep", text, "--target", `"the"`, "--skip"}, []string{`"the" is the (257)`}, `"targets":[{"id":257,"text":"the"}]`},
		{[]string{"sweep", text, "--metric", `diff:"the",the`, "--skip"}, []string{`"the" is the (257)`, `"·the" is ·the (258)`}, `"token":{"text":"the"}`},
	} {
		if got := good(t, append(c.args, "--model", model)...); !containsAll(got, c.drawn) {
			t.Errorf("%q: %s", c.args, got)
		}
		out := filepath.Join(t.TempDir(), "x.json")
		good(t, append(c.args, "--model", model, "--json", out, "-q")...)
		if got := strings.NewReplacer(" ", "", "\n", "").Replace(read(t, out)); !strings.Contains(got, strings.ReplaceAll(c.json, " ", "")) {
			t.Errorf("%q: no %s in %s", c.args, c.json, got)
		}
	}
}

func containsAll(s string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s, p) })
}

// parseCSV returns the lines of a table, by the names of its columns.
func parseCSV(t *testing.T, table string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		line := map[string]string{}
		for i, name := range rows[0] {
			line[name] = row[i]
		}
		out = append(out, line)
	}
	return out
}
