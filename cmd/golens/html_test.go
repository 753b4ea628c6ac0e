package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pageData returns what the page's program reads.
func pageData(t *testing.T, page string) (d struct {
	Results []struct {
		Name, Prompt string
		Title        string
		Followed     int
		Layers       []struct{ Row int }
		Manifest     struct{ Weights string }
		Arrays       []struct {
			Name  string
			Shape []int
		}
	}
	By        string
	Ramp      []string
	LastOnTop bool `json:"last_on_top"`
}) {
	t.Helper()
	_, after, ok := strings.Cut(page, `id="data">`)
	data, _, ends := strings.Cut(after, "</script>")
	if !ok || !ends {
		t.Fatal("the page has no data")
	}
	if err := json.Unmarshal([]byte(data), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	good(t, "lens", text, "--model", tiny(t), "--top", "3", "--html", path, "--by", "kl", "--last-on-top", "--title", "Cats <in>", "--cmap", "Reds", "--quiet")
	d := pageData(t, read(t, path))
	if r := d.Results[0]; len(d.Results) != 1 || r.Prompt != text || r.Followed != 3 || d.By != "kl" || !d.LastOnTop || r.Manifest.Weights == "" || r.Title != "Cats <in>" || d.Ramp[0] != "#fff5f0" {
		t.Errorf("the page has %+v", d)
	}
	if out := good(t, "lens", text, "--model", tiny(t), "--html", "-", "--track", "0"); pageData(t, out).Results[0].Followed != 0 {
		t.Error("tokens are followed that nobody asked for")
	}

	prompts := put(t, dir, "prompts.jsonl", []byte("{\"prompt\": \"the cat\"}\n{\"prompt\": \"in the\"}\n"))
	good(t, "lens", "--prompts", prompts, "--model", tiny(t), "--html", path, "--npz", filepath.Join(dir, "x.npz"))
	d = pageData(t, read(t, path))
	if len(d.Results) != 2 || d.Results[0].Prompt != "the cat" || d.Results[1].Prompt != "in the" {
		t.Errorf("a page of two prompts has %+v", d.Results)
	}
	for _, a := range d.Results[0].Arrays {
		if a.Name == "hidden" || a.Name == "logits" {
			t.Errorf("the page has the array %s", a.Name)
		}
	}
}

func TestAffordable(t *testing.T) {
	for _, c := range []struct{ R, P, K, want int }{{13, 64, 5, 5}, {49, 128, 5, 5}, {13, 1024, 5, 5}, {49, 1024, 5, 1}, {13, 1024, 500, 1}} {
		if got := affordable(c.R, c.P, c.K); got != c.want {
			t.Errorf("of %d candidates in %d rows at %d positions %d are followed, want %d", c.K, c.R, c.P, got, c.want)
		}
	}
}

func TestLogitLensKit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kit.json")
	model := tiny(t)
	if got := golens(t, "lens", text, "--model", model, "--top", "2", "--lens", "normed", "--json", path, "--json-format", "logitlenskit", "--quiet"); got.code != 0 ||
		strings.Count(got.stderr, "\n") > 1 || !strings.Contains(got.stderr, "several tokens have one text") {
		t.Fatalf("exit status %d: %s", got.code, got.stderr)
	}
	var kit struct {
		Meta    struct{ Version int }
		Layers  []int
		Input   []string
		Tracked []map[string][]float64
		TopK    [][][]string
	}
	if err := json.Unmarshal([]byte(read(t, path)), &kit); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain.json")
	good(t, "lens", text, "--model", model, "--top", "2", "--lens", "normed", "--json", plain, "--quiet")
	d := readJSON(t, read(t, plain))
	probs, ids := d.arrays["top_probs"], d.arrays["ids"]
	if kit.Meta.Version != 2 || len(kit.Input) != ids.Len() || strings.Join(kit.Input, "") != text {
		t.Errorf("version %d, input %q", kit.Meta.Version, kit.Input)
	}
	if want := probs.Shape[0] - 1; len(kit.Layers) != want || len(kit.TopK) != want || kit.Layers[0] != 0 {
		t.Errorf("layers %v, want %d of them", kit.Layers, want)
	}
	compared := 0
	for l, layer := range kit.TopK {
		for p, tokens := range layer {
			if strings.Contains(tokens[0], "\ufffd") {
				continue // several tokens read so
			}
			compared++
			got, want := kit.Tracked[p][tokens[0]][l], float64(probs.At(l+1, p, 0).Float32[0])
			if !(math.Abs(got-want) <= 0.5e-5+1e-12) {
				t.Errorf("layer %d, position %d: %q has %v, want %v", l, p, tokens[0], got, want)
			}
		}
	}
	if compared == 0 {
		t.Error("no probability was compared")
	}
	if d.arrays["track_ids"].Len() != 0 {
		t.Error("golens's own JSON follows tokens that nobody asked for")
	}
}

func TestTrackFlag(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	good(t, "lens", text, "--model", tiny(t), "--top", "3", "--track", "2", "--json", path, "--quiet")
	d := readJSON(t, read(t, path))
	ids, top := d.arrays["track_ids"], d.arrays["top_ids"]
	for i := range top.Shape[0] {
		for p := range top.Shape[1] {
			for k, id := range top.At(i, p).Int64 {
				if k < 2 && !slices.Contains(ids.At(p).Int64, id) {
					t.Errorf("candidate %d of row %d at %d is not followed", k, i, p)
				}
			}
		}
	}
}

func TestPageFlagsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--json-format", "xml", "--json", file}, "there are golens and logitlenskit"},
		{[]string{"--json-format", "logitlenskit"}, "add --json FILE"},
		{[]string{"--json-format", "logitlenskit", "--json", file, "--positions", "0"}, "leave --positions out"},
		{[]string{"--json-format", "logitlenskit", "--json", file, "--track", "1"}, "leave --track out"},
		{[]string{"--json-format", "logitlenskit", "--json", file, "--logits"}, "no place for states and logits"},
		{[]string{"--track", "6"}, "0 to all can be followed"},
		{[]string{"--track", "-1"}, "0 to all can be followed"},
		{[]string{"--html", file, "--cmap", "mauve"}, "no colour map"},
		{[]string{"--cmap", "Reds"}, "add --plot FILE"},
		{[]string{"--html", file, "--dpi", "90"}, "add --plot FILE"},
		{[]string{"--html", ""}, "the file name is empty"},
		{[]string{"--html", file, "--json", file}, "name one file"},
		{[]string{"--html", file, "--by", "target-rank"}, "needs a target"},
	} {
		got := golens(t, append([]string{"lens", text, "--model", tiny(t)}, c.args...)...)
		if got.code == 0 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%q: exit status %d, %s", c.args, got.code, got.stderr)
		}
		if names := files(t, filepath.Dir(file)); len(names) > 0 {
			t.Errorf("%q leaves %q", c.args, names)
		}
	}
}

// A prompt that would act is text in the page, in a figure and in the terminal.
func TestHostilePrompt(t *testing.T) {
	const prompt = "</script><img x>\x1b\u202e\x00"
	dir := t.TempDir()
	page, figure := filepath.Join(dir, "x.html"), filepath.Join(dir, "x.svg")
	drawn := golensWith(t, prompt, "lens", "-", "--model", tiny(t), "--html", page, "--plot", figure, "--title", prompt[:16])
	if drawn.code != 0 {
		t.Fatal(drawn.stderr)
	}
	if d := pageData(t, read(t, page)); d.Results[0].Prompt != prompt {
		t.Errorf("the page has the prompt %q", d.Results[0].Prompt)
	}
	for name, text := range map[string]string{"page": read(t, page), "figure": read(t, figure), "terminal": drawn.out} {
		if name != "terminal" && strings.Contains(text, "<img") {
			t.Errorf("the %s takes the prompt for markup", name)
		}
		if strings.ContainsAny(text, "\x1b\u202e\x00") {
			t.Errorf("the %s holds characters that act", name)
		}
	}
}
