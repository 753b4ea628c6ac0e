package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/study"
)

// inFolder runs the test in a folder of its own, which it returns.
func inFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	return dir
}

func TestStudyList(t *testing.T) {
	got := golens(t, "study", "--list")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	for _, s := range study.Studies {
		if !strings.Contains(got.out, s.Name+"\n") || !strings.Contains(got.out, s.Published) {
			t.Errorf("the list lacks %s:\n%s", s.Name, got.out)
		}
	}
}

// TestStudy: the text goes to standard output, the rest to the folder of its name.
func TestStudy(t *testing.T) {
	dir := inFolder(t)
	got := golens(t, "study", "target-rank", "--formats", "svg")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "studies/target-rank/target-rank.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.out, string(text)) || !strings.Contains(got.out, "Layer 12: [") {
		t.Errorf("standard output: %q", got.out)
	}
	if !strings.Contains(got.stderr, "studies/target-rank/index.html") {
		t.Errorf("standard error: %q", got.stderr)
	}
	quiet := golens(t, "study", "entropy", "--formats", "svg", "--quiet", "--compat", "fixed", "--out", "there")
	if quiet.code != 0 || quiet.out != "" || !strings.Contains(quiet.stderr, "there/index.html") {
		t.Errorf("%+v", quiet)
	}
	page, err := os.ReadFile("there/index.html")
	if err != nil || !strings.Contains(string(page), "fixed") {
		t.Errorf("the page does not say which variant it is: %v", err)
	}
}

// TestStudyAll: every study goes to a folder of its name, and one page leads to all.
func TestStudyAll(t *testing.T) {
	inFolder(t)
	if got := golens(t, "study", "all", "--formats", "svg", "--out", "all"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	contents, err := os.ReadFile("all/index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range study.Studies {
		if !strings.Contains(string(contents), s.Name+"/index.html") {
			t.Errorf("the contents do not lead to %s", s.Name)
		}
		if _, err := os.Stat(filepath.Join("all", s.Name, "index.html")); err != nil {
			t.Error(err)
		}
	}
}

// TestBadStudies: what a user can get wrong with study and hidden.
func TestBadStudies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	const hello = "Are cats good?"
	for _, b := range []bad{
		{name: "study without a name", args: call("study"), code: 2, says: []string{"which study", "--list"}},
		{name: "study of no such name", args: call("study", "lensgrid"), code: 2, says: []string{`"lensgrid"`, "lens-grid", "hidden-states", "all"}},
		{name: "two studies", args: call("study", "entropy", "lens-grid"), code: 2, says: []string{"one study at a time", "2"}},
		{name: "list of one", args: call("study", "entropy", "--list"), code: 2, says: []string{"--list"}},
		{name: "no such variant", args: call("study", "entropy", "--compat", "wrong"), code: 2, says: []string{"--compat wrong", "published or fixed"}},
		{name: "no such format", args: call("study", "entropy", "--formats", "png,jpg"), code: 2, says: []string{"png,jpg", "pdf"}},
		{name: "empty formats", args: call("study", "entropy", "--formats", ""), code: 2, says: []string{"--formats"}},
		{name: "no such theme", args: call("study", "entropy", "--theme", "blue"), code: 2, says: []string{"--theme blue", "both"}},
		{name: "dots too fine", args: call("study", "entropy", "--dpi", "100000"), code: 2, says: []string{"--dpi 100000"}},
		{name: "empty folder", args: call("study", "entropy", "--out", ""), code: 2, says: []string{"--out"}},
		{name: "a lens", args: call("study", "entropy", "--lens", "normed"), code: 2, says: []string{"--lens", "golens lens"}},
		{name: "study of a model that is not there", args: call("study", "entropy", "--model", "/no/such"), code: 1, says: []string{"/no/such"}},
		{name: "study into a file", args: call("study", "target-rank", "--out", file), code: 1, says: []string{file}},
		{name: "hidden without a prompt", args: call("hidden"), code: 2, says: []string{"no prompt"}},
		{name: "hidden of many", args: call("hidden", "--prompts", "p.jsonl"), code: 2, says: []string{"--prompts"}},
		{name: "no such token", args: call("hidden", hello, "--token", "4"), code: 2, says: []string{"--token 4", "4 tokens"}},
		{name: "no such token backwards", args: call("hidden", hello, "--token", "-5"), code: 2, says: []string{"--token -5"}},
		{name: "no such view", args: call("hidden", hello, "--view", "cube", "--plot", "x.png"), code: 2, says: []string{"--view cube", "laminar"}},
		{name: "a view without a plot", args: call("hidden", hello, "--view", "laminar"), code: 2, says: []string{"--plot"}},
		{name: "a plot without a format", args: call("hidden", hello, "--plot", "x.gif"), code: 2, says: []string{"x.gif", ".svg"}},
		{name: "hidden on a lens", args: call("hidden", hello, "--lens", "raw"), code: 2, says: []string{"--lens"}},
		{name: "two on standard output", args: call("hidden", hello, "--json", "-", "--npz", "-"), code: 2, says: []string{"standard output"}},
		{name: "quiet for nothing", args: call("hidden", hello, "--quiet"), code: 2, says: []string{"--quiet"}},
		{name: "hidden states nowhere", args: call("hidden", hello, "--hidden"), code: 2, says: []string{"--json"}},
		{name: "no such position", args: call("hidden", hello, "--positions", "0,9"), code: 2, says: []string{"9"}},
		{name: "no such layer", args: call("hidden", hello, "--layers", "13"), code: 2, says: []string{"13"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			dir := inFolder(t)
			before := snapshot(t, dir)
			refused(t, golens(t, b.args(t, dir)...), b.code, b.says...)
			unchanged(t, dir, before)
		})
	}
}

// TestHidden: the table, and the arrays behind it.
func TestHidden(t *testing.T) {
	inFolder(t)
	got := golens(t, "hidden", "A wise man once said: Penguins are cute.", "--npz", "h.npz", "--token", "8")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	for _, part := range []string{"variance of token 8", "emb", "L11", "ln_f"} {
		if !strings.Contains(got.out, part) {
			t.Errorf("the table lacks %q:\n%s", part, got.out)
		}
	}
	if info, err := os.Stat("h.npz"); err != nil || info.Size() < 13*9*128*4 {
		t.Errorf("the arrays: %v, %v", info, err)
	}
	if one := golens(t, "hidden", "A"); one.code != 0 || !strings.Contains(one.out, "L11") {
		t.Errorf("one token: %+v", one)
	}
	if two := golens(t, "hidden", "A b", "--json", "-"); two.code != 0 || !strings.HasPrefix(two.out, "{") || strings.Contains(two.out, `"hidden": [`) {
		t.Errorf("two tokens: %+v", two)
	}
}
