package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/hub/remote"
)

// noise returns n random bytes that depend on the seed alone.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = r.Read(b)
	return b
}

// texts are the small files of a test's model, some of them in folders.
func texts() map[string][]byte {
	return map[string][]byte{
		"config.json": []byte(`{"model_type":"gpt2"}`), "generation_config.json": []byte("{}"), "tokenizer.json": noise(1, 40_000),
		"vocab.json": noise(2, 3000), "merges.txt": {}, "additional_chat_templates/tool use.jinja": []byte("{{ x }}"),
		"README.md": []byte("# a model"), ".gitattributes": []byte("x"), "flax_model.msgpack": noise(3, 2000),
		"onnx/model.onnx": noise(4, 100), "model.fp16.safetensors": noise(5, 100), "original/tokenizer.json": []byte("{}"),
	}
}

// wanted are those of texts that a lens needs.
var wanted = []string{"config.json", "generation_config.json", "tokenizer.json", "vocab.json", "merges.txt", "additional_chat_templates/tool use.jinja"}

// kinds are models with weights of every kind, and the files that hold these.
func kinds(size int) map[string]map[string][]byte {
	out := map[string]map[string][]byte{}
	add := func(name string, files map[string][]byte) {
		all := texts()
		for n, b := range files {
			all[n] = b
		}
		out[name] = all
	}
	index := func(pattern string) []byte {
		text, _ := json.Marshal(map[string]any{"metadata": map[string]any{}, "weight_map": map[string]string{
			"a": fmt.Sprintf(pattern, 1), "b": fmt.Sprintf(pattern, 2)}})
		return text
	}
	bins, tensors := "pytorch_model-%05d-of-00002.bin", "model-%05d-of-00002.safetensors"
	add("one", map[string][]byte{"model.safetensors": noise(10, size), "pytorch_model.bin": noise(11, size)})
	add("shards", map[string][]byte{"model.safetensors.index.json": index(tensors), fmt.Sprintf(tensors, 1): noise(12, size), fmt.Sprintf(tensors, 2): noise(13, size/3)})
	add("bin", map[string][]byte{"pytorch_model.bin": noise(14, size)})
	add("bins", map[string][]byte{"pytorch_model.bin.index.json": index(bins), fmt.Sprintf(bins, 1): noise(15, size/2), fmt.Sprintf(bins, 2): noise(16, size)})
	return out
}

// weights are the files of each kind that are fetched besides wanted.
var weights = map[string][]string{
	"one":    {"model.safetensors"},
	"shards": {"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"},
	"bin":    {"pytorch_model.bin"},
	"bins":   {"pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"},
}

// vars returns an environment for a stand-in and a cache.
func vars(h *fakehub.Hub, cache string, more ...string) func(string) string {
	all := append([]string{"HF_ENDPOINT", h.URL(), "HF_HUB_CACHE", cache, "HOME", "/nowhere", "HF_HUB_DOWNLOAD_TIMEOUT", "60"}, more...)
	return func(name string) string {
		for i := len(all) - 2; i >= 0; i -= 2 {
			if all[i] == name {
				return all[i+1]
			}
		}
		return ""
	}
}

// quick are options whose waits end at once; the times waited are appended to slept.
func quick(env func(string) string, slept *[]time.Duration) Options {
	return Options{Env: env, Agent: "golens/test", client: func(c *remote.Client) {
		c.Sleep = func(ctx context.Context, d time.Duration) error {
			if slept != nil {
				*slept = append(*slept, d)
			}
			return ctx.Err()
		}
	}}
}

// tree describes every file below a folder: links by where they lead, others by mode,
// size and content. Locks are left out, which come and stay.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		if strings.HasPrefix(name, ".locks") {
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(p)
			all[name] = "-> " + to
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(p)
		all[name] = fmt.Sprintf("%v %d %x", info.Mode(), len(content), sha256.Sum256(content))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t testing.TB, what string, got, want map[string]string) bool {
	t.Helper()
	ok := true
	for name, w := range want {
		if g, there := got[name]; !there || g != w {
			t.Errorf("%s: %s is %q, want %q", what, name, g, w)
			ok = false
		}
	}
	for name := range got {
		if _, there := want[name]; !there {
			t.Errorf("%s: %s is there and should not be", what, name)
			ok = false
		}
	}
	return ok
}

// layout is what the cache must hold of a model after a fetch.
func layout(model, commit string, files map[string][]byte, names ...[]string) map[string]string {
	dir := hub.Folder(model)
	file := func(b []byte) string { return fmt.Sprintf("-rw-r--r-- %d %x", len(b), sha256.Sum256(b)) }
	all := map[string]string{dir + "/refs/main": file([]byte(commit)), "CACHEDIR.TAG": file([]byte(tag))}
	for _, name := range slices.Concat(names...) {
		sum := fakehub.Sum(name, files[name])
		all[dir+"/blobs/"+sum] = file(files[name])
		all[dir+"/snapshots/"+commit+"/"+name] = "-> " + strings.Repeat("../", strings.Count(name, "/")+2) + "blobs/" + sum
	}
	return all
}

// TestFetch holds the cache's layout and the number of requests. No byte comes twice or needlessly,
// and nothing is asked of a hub for a model that is there.
func TestFetch(t *testing.T) {
	for kind, files := range kinds(300_000) {
		t.Run(kind, func(t *testing.T) {
			h := fakehub.Start(t)
			commit := h.Add("org/name", files)
			cache := filepath.Join(t.TempDir(), "new", "hub")
			env := vars(h, cache, "HF_TOKEN", " hf_secret\n")
			dir, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil))
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(cache, "models--org--name/snapshots", commit); dir != want {
				t.Errorf("folder %s, want %s", dir, want)
			}
			same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, weights[kind]))

			asked, sent := map[string]int{}, map[string]int64{}
			for i, r := range h.Requests() {
				if (r.Kind == "model") != (i == 0) {
					t.Errorf("request %d is %s", i, r.URL)
				}
				asked[r.Path]++
				sent[r.Path] += r.Sent()
				if want := map[string]string{"hub": "Bearer hf_secret", "cdn": ""}[r.Server]; r.Authorization != want {
					t.Errorf("%s %s was sent the token %q, want %q", r.Server, r.URL, r.Authorization, want)
				}
				if r.Agent != "golens/test" {
					t.Errorf("%s came from %q", r.URL, r.Agent)
				}
			}
			for _, name := range slices.Concat(wanted, weights[kind]) {
				if asked[name] > 2 || sent[name] != int64(len(files[name])) {
					t.Errorf("%s: %d requests and %d bytes, want at most 2 and %d", name, asked[name], sent[name], len(files[name]))
				}
				delete(asked, name)
			}
			if delete(asked, ""); len(asked) > 0 {
				t.Errorf("asked besides for %v", asked)
			}

			if found, err := hub.Find("org/name", hub.Whole, env); err != nil || found != dir {
				t.Errorf("found %s, %v", found, err)
			}
			if again, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil || again != dir || len(h.Requests()) != 1 {
				t.Errorf("again: %s, %v", again, err)
			}
			if by, err := Model(t.Context(), "org/name@"+commit, hub.Whole, quick(env, nil)); err != nil || by != dir || len(h.Requests()) != 0 {
				t.Errorf("by its commit: %s, %v", by, err)
			}
		})
	}
}

// TestParts holds that a tokenizer alone costs no weights, which come later, and that a
// branch that moved is followed without fetching what stayed.
func TestParts(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	first := h.Add("name", files)
	cache := t.TempDir()
	env := vars(h, cache)
	if _, err := Model(t.Context(), "name", hub.Text, quick(env, nil)); err != nil {
		t.Fatal(err)
	}
	same(t, "text", tree(t, cache), layout("name", first, files, wanted))
	if _, err := hub.Find("name", hub.Text, env); err != nil {
		t.Error(err)
	}
	if _, err := hub.Find("name", hub.Whole, env); err == nil || !strings.Contains(err.Error(), "it has no weights") {
		t.Error(err)
	}
	h.Requests()
	if _, err := Model(t.Context(), "name", hub.Whole, quick(env, nil)); err != nil {
		t.Fatal(err)
	}
	if r := h.Requests(); len(r) != 3 {
		t.Errorf("%d requests for the weights", len(r))
	}
	same(t, "whole", tree(t, cache), layout("name", first, files, wanted, weights["one"]))

	newer := map[string][]byte{}
	for n, b := range files {
		newer[n] = b
	}
	newer["config.json"] = []byte(`{"model_type":"gpt2","n_layer":1}`)
	second := h.Add("name", newer)
	if _, err := Model(t.Context(), "name@main", hub.Whole, quick(env, nil)); err != nil {
		t.Fatal(err)
	}
	if r := h.Requests(); len(r) != 3 { // the list, and config.json by way of a redirect
		t.Errorf("%d requests for a new configuration", len(r))
	}
	want := layout("name", first, files, wanted, weights["one"])
	for name, what := range layout("name", second, newer, wanted, weights["one"]) {
		want[name] = what
	}
	same(t, "updated", tree(t, cache), want)

	// A revision with slashes, and one that is a commit.
	h.Models["name"].Refs["refs/pr/1"] = first
	dir, err := Model(t.Context(), "name@refs/pr/1", hub.Whole, quick(env, nil))
	if err != nil || filepath.Base(dir) != first || len(h.Requests()) != 1 {
		t.Errorf("%s, %v", dir, err)
	}
	if ref, _ := os.ReadFile(filepath.Join(cache, "models--name/refs/refs/pr/1")); string(ref) != first {
		t.Errorf("refs/refs/pr/1 has %q", ref)
	}
}

// TestRenamed follows a model that has another name now, and one whose name was typed in
// another case.
func TestRenamed(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	commit := h.Add("org/Name", files)
	h.Renamed["old"], h.Renamed["ORG/name"] = "org/Name", "org/Name"
	cache := t.TempDir()
	env := vars(h, cache)
	for asked, kept := range map[string]string{"old": "old", "ORG/name": "org/Name"} {
		dir, err := Model(t.Context(), asked, hub.Whole, quick(env, nil))
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(cache, hub.Folder(kept), "snapshots", commit); dir != want {
			t.Errorf("%s lies in %s, want %s", asked, dir, want)
		}
		if found, err := hub.Find(asked, hub.Whole, env); err != nil || found != dir {
			t.Errorf("%s: found %s, %v", asked, found, err)
		}
	}
}

// TestCheck holds that a model that cannot be used costs no weights.
func TestCheck(t *testing.T) {
	h := fakehub.Start(t)
	h.Add("name", kinds(5000)["one"])
	o := quick(vars(h, t.TempDir()), nil)
	no := errors.New("no such family")
	o.Check = func(dir string) error {
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
			t.Error(err)
		}
		return no
	}
	_, err := Model(t.Context(), "name", hub.Whole, o)
	if !errors.Is(err, no) || !strings.HasSuffix(err.Error(), "; its weights were not fetched") {
		t.Error(err)
	}
	for _, r := range h.Requests() {
		if r.Server == "cdn" {
			t.Errorf("%s was asked for", r.URL)
		}
	}
}
