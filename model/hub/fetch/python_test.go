package fetch

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model/hub"
)

// python runs testdata/python.py with a stand-in and a cache.
func python(t *testing.T, h *fakehub.Hub, cache string, args ...string) string {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "HF_ENDPOINT=" + h.URL(), "HF_HUB_CACHE=" + cache,
		"HF_HUB_DISABLE_XET=1", "HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_DISABLE_PROGRESS_BARS=1"}
	return strings.TrimSpace(string(reference.Script(t, env, nil, "testdata/python.py", args...)))
}

// TestPythonReads has huggingface_hub find and check what was fetched here.
func TestPythonReads(t *testing.T) {
	for kind, files := range kinds(300_000) {
		h := fakehub.Start(t)
		commit := h.Add("org/name", files)
		cache := t.TempDir()
		dir, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), nil))
		if err != nil {
			t.Fatal(err)
		}
		h.Requests()
		for _, revision := range [][]string{nil, {"main"}, {commit}} {
			if got := python(t, h, cache, append([]string{"read", "org/name"}, revision...)...); got != dir {
				t.Errorf("%s: Python finds %v in %s, want %s", kind, revision, got, dir)
			}
		}
		if n := len(h.Requests()); n != 0 {
			t.Errorf("%s: Python sent %d requests", kind, n)
		}
		want := fmt.Sprintf(`{"checked": %d, "mismatches": 0, "extra": []}`, len(wanted)+len(weights[kind]))
		if got := python(t, h, cache, "verify", "org/name"); got != want {
			t.Errorf("%s: Python's check says %s, want %s", kind, got, want)
		}
	}
}

// TestPythonFetches has huggingface_hub fetch from the same stand-in. Its cache is found here
// without a request, and is file by file the one that golens makes. What Python left out is fetched
// into it, and nothing else.
func TestPythonFetches(t *testing.T) {
	for kind, files := range kinds(300_000) {
		h := fakehub.Start(t)
		commit := h.Add("org/name", files)
		cache := t.TempDir()
		env := vars(h, cache)
		patterns := append([]string{"download", "org/name"}, wanted...)
		dir := python(t, h, cache, append(patterns, weights[kind]...)...)
		if found, err := hub.Find("org/name", hub.Whole, env); err != nil || found != dir {
			t.Errorf("%s: found %s, %v, want %s", kind, found, err, dir)
		}
		want := layout("org/name", commit, files, wanted, weights[kind])
		got := tree(t, cache)
		// Python words the tag in its own way, and keeps a list of the hub's files.
		delete(want, "CACHEDIR.TAG")
		maps.DeleteFunc(got, func(name, _ string) bool { return name == "CACHEDIR.TAG" || strings.Contains(name, "/trees/") })
		same(t, kind, got, want)

		part := t.TempDir()
		env = vars(h, part)
		python(t, h, part, patterns...)
		h.Requests()
		if _, err := Model(t.Context(), "org/name", hub.Whole, quick(env, nil)); err != nil {
			t.Fatal(err)
		}
		for _, r := range h.Requests() {
			if r.Kind != "model" && !strings.Contains(r.Path, "model") {
				t.Errorf("%s: %s was fetched again", kind, r.Path)
			}
		}
		if _, err := os.Stat(filepath.Join(part, "models--org--name/snapshots", commit, weights[kind][0])); err != nil {
			t.Error(err)
		}
	}
}
