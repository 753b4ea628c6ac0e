package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	commit1 = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
	commit2 = "0000111122223333444455556666777788889999"
)

// env returns an environment with the given variables.
func env(vars ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(vars); i += 2 {
			if vars[i] == name {
				return vars[i+1]
			}
		}
		return ""
	}
}

// put writes a file and the folders above it.
func put(t testing.TB, content string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// link makes a snapshot's file, a link into blobs; the blob is not made.
func link(t *testing.T, blob string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "..", "blobs", blob), file); err != nil {
		t.Fatal(err)
	}
}

// model makes a whole model in the cache, laid out as the hub's library does.
func model(t *testing.T, cache, folder, ref, commit string) {
	t.Helper()
	put(t, commit, cache, folder, "refs", ref)
	commit = strings.TrimSpace(commit)
	for _, name := range []string{"config.json", "model.safetensors"} {
		put(t, "{}", cache, folder, "blobs", commit[:4]+name)
		link(t, commit[:4]+name, cache, folder, "snapshots", commit, name)
	}
}

// fakeCache makes the cache that most tests search and returns its folder.
func fakeCache(t *testing.T) string {
	t.Helper()
	cache := t.TempDir()
	model(t, cache, "models--openai-community--gpt2", "main", commit1)
	model(t, cache, "models--openai-community--gpt2", "refs/pr/7", commit2)
	model(t, cache, "models--gpt2-medium", "main", commit1)
	model(t, cache, "models--gpt2-large", "main", commit1)
	model(t, cache, "models--openai-community--gpt2-large", "main", commit2)
	model(t, cache, "models--distilgpt2", "main", commit1+"\n")
	model(t, cache, "models--Some.Org--My_Model-1.5", "v1.0", commit2)
	put(t, "{}", cache, "datasets--squad", "refs", "main")
	put(t, "", cache, "version.txt")

	// As after: only the tokenizer was fetched; a weight file was removed; PyTorch's was.
	put(t, commit1, cache, "models--tokenizer-only", "refs", "main")
	put(t, "{}", cache, "models--tokenizer-only", "snapshots", commit1, "vocab.json")
	model(t, cache, "models--no-blob", "main", commit1)
	link(t, "gone", cache, "models--no-blob", "snapshots", commit1, "model-00001-of-00002.safetensors")
	put(t, "", cache, "models--no-blob", "blobs", "gone.incomplete")
	model(t, cache, "models--no-bin", "main", commit1)
	link(t, "gone", cache, "models--no-bin", "snapshots", commit1, "pytorch_model.bin")
	link(t, "gone", cache, "models--no-config", "snapshots", commit1, "config.json")
	put(t, commit1, cache, "models--no-config", "refs", "main")
	put(t, commit2, cache, "models--no-snapshot", "refs", "main")
	put(t, "../../../elsewhere", cache, "models--bad-ref", "refs", "main")
	put(t, "", cache, "models--empty-ref", "refs", "main")
	model(t, cache, "models--openai-community--gpt2-xl", "main", commit2)
	put(t, commit1, cache, "models--gpt2-xl", "refs", "main") // a fetch that did not get further
	return cache
}

var finds = []struct{ name, want string }{
	{"openai-community/gpt2", "models--openai-community--gpt2/snapshots/" + commit1},
	{"gpt2", "models--openai-community--gpt2/snapshots/" + commit1},
	{"gpt2@main", "models--openai-community--gpt2/snapshots/" + commit1},
	{"gpt2@refs/pr/7", "models--openai-community--gpt2/snapshots/" + commit2},
	{"gpt2@" + commit2, "models--openai-community--gpt2/snapshots/" + commit2},
	{"gpt2-medium", "models--gpt2-medium/snapshots/" + commit1},
	{"openai-community/gpt2-medium", "models--gpt2-medium/snapshots/" + commit1},
	{"gpt2-large", "models--gpt2-large/snapshots/" + commit1},
	{"openai-community/gpt2-large", "models--openai-community--gpt2-large/snapshots/" + commit2},
	{"gpt2-xl", "models--openai-community--gpt2-xl/snapshots/" + commit2},
	{"distilbert/distilgpt2", "models--distilgpt2/snapshots/" + commit1},
	{"Some.Org/My_Model-1.5@v1.0", "models--Some.Org--My_Model-1.5/snapshots/" + commit2},
	{"no-bin", "models--no-bin/snapshots/" + commit1},
}

func TestFind(t *testing.T) {
	cache := fakeCache(t)
	for _, c := range finds {
		dir, err := Find(c.name, Whole, env("HF_HUB_CACHE", cache))
		if err != nil || dir != filepath.Join(cache, c.want) {
			t.Errorf("Find(%q) = %s, %v, want %s", c.name, dir, err, c.want)
		}
	}
}

func TestFindFails(t *testing.T) {
	cache := fakeCache(t)
	for _, c := range []struct {
		name string
		want []string
	}{
		{"gpt3", []string{"find model gpt3: not in the Hugging Face cache CACHE (set by HF_HUB_CACHE)",
			"similar names there: openai-community/gpt2", "[fetch gpt3]"}},
		{"GPT2-Larg", []string{"similar names there: gpt2-large, openai-community/gpt2-large"}},
		{"My_Model", []string{"similar names there: Some.Org/My_Model-1.5"}},
		{"meta-llama/Llama-3.2-1B", []string{"none of its 15 models has a similar name"}},
		{"gpt3@v2", []string{"[fetch gpt3@v2]"}},
		{"gpt2@v2", []string{"models--openai-community--gpt2 has no revision v2; it has main, refs/pr/7, " + commit2 + ", " + commit1 + " (give one as openai-community/gpt2@REVISION)",
			"[fetch openai-community/gpt2@v2]"}},
		{"gpt2@" + strings.Repeat("a", 40), []string{"has no snapshot of aaaaaaaa"}},
		{"Some.Org/My_Model-1.5", []string{"has no revision main; it has v1.0, " + commit2}},
		{"tokenizer-only", []string{"snapshots/" + commit1 + " is incomplete: it has no config.json", "[fetch tokenizer-only]"}},
		{"no-blob", []string{"the snapshot is incomplete: model-00001-of-00002.safetensors cannot be read: stat CACHE/models--no-blob", "(a download was interrupted)"}},
		{"no-config", []string{"config.json cannot be read"}},
		{"no-snapshot", []string{"has no snapshot of " + commit2 + "; it has main"}},
		{"bad-ref", []string{"refs/main does not name a commit"}},
		{"empty-ref", []string{"refs/main does not name a commit"}},
	} {
		dir, err := Find(c.name, Whole, env("HF_HUB_CACHE", cache))
		if dir != "" || err == nil {
			t.Errorf("Find(%q) = %s, want an error", c.name, dir)
			continue
		}
		text := err.Error()
		if missing := new(MissingError); errors.As(err, &missing) {
			text += " [fetch " + missing.Model + "]"
		}
		for _, want := range c.want {
			if want = strings.ReplaceAll(want, "CACHE/", cache+"/"); !strings.Contains(text, strings.ReplaceAll(want, "CACHE (", cache+" (")) {
				t.Errorf("Find(%q): %v\nwant %q", c.name, text, want)
			}
		}
	}
}

func TestFindMalformed(t *testing.T) {
	cache := fakeCache(t)
	for _, name := range []string{"", "@main", "/gpt2", "gpt2/", "a/b/c", "../gpt2", "..", ".", "./gpt2", "a--b", "a..b", "-a", "a-", "a.git",
		"gpt 2", "gpt2\x00", "gpt2\n", "naïve", "a\\b", "~", "datasets/a/b", strings.Repeat("a", 97),
		"gpt2@", "gpt2@..", "gpt2@../../x", "gpt2@/etc/passwd", "gpt2@a//b", "gpt2@.", "gpt2@a\\b", "gpt2@a\x00", "gpt2@a b", "gpt2@\n", "gpt2@-x", "gpt2@$(x)", "gpt2@a..b", "gpt2@main/"} {
		if dir, err := Find(name, Whole, env("HF_HUB_CACHE", cache)); err == nil || !strings.Contains(err.Error(), "not a") {
			t.Errorf("Find(%q) = %s, %v, want an error that says it is not a name", name, dir, err)
		}
	}
}

func TestFindNoCache(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		env  func(string) string
		want string
	}{
		{env("HF_HOME", filepath.Join(dir, "none")), "there is no Hugging Face cache at " + dir + "/none/hub (set by HF_HOME)"},
		{env("HOME", dir), "there is no Hugging Face cache at " + dir + "/.cache/huggingface/hub"},
		{env("HF_HUB_CACHE", dir), "not in the Hugging Face cache " + dir + " (set by HF_HUB_CACHE), which holds no models"},
		{env(), "HOME is not set; set HF_HOME"},
	} {
		if _, err := Find("gpt2", Whole, c.env); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want %q", err, c.want)
		}
	}
	put(t, "", dir, "file")
	if _, err := Find("gpt2", Whole, env("HF_HUB_CACHE", filepath.Join(dir, "file"))); err == nil || errors.Is(err, fs.ErrNotExist) ||
		!strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file in the place of the cache gives %v", err)
	}
}
