package hub

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzFind holds, for whatever name, that what is found is a snapshot inside
// the cache, and that the error is one line.
func FuzzFind(f *testing.F) {
	for _, c := range finds {
		f.Add(c.name)
	}
	for _, name := range []string{"", "@", "..", "../x", "a/b/c", "gpt2@..", "gpt2@../main", "gpt2@/", "a--b", "gpt2@a/../../x", "gpt2\n", "gpt2@\n", "gpt2@bad", "GPT2"} {
		f.Add(name)
	}
	base := f.TempDir()
	cache := filepath.Join(base, "hub")
	for _, folder := range []string{"models--gpt2", "models--a--b"} {
		put(f, commit1, cache, folder, "refs", "main")
		put(f, "x/../../../../outside", cache, folder, "refs", "bad")
		put(f, "{}", cache, folder, "snapshots", commit1, "config.json")
	}
	put(f, "{}", base, "outside", "config.json")
	f.Fuzz(func(t *testing.T, name string) {
		dir, err := Find(name, Whole, env("HF_HUB_CACHE", cache))
		if err != nil {
			if dir != "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("Find(%q) = %q, %q", name, dir, err)
			}
			return
		}
		if dir != filepath.Join(cache, "models--gpt2", "snapshots", commit1) && dir != filepath.Join(cache, "models--a--b", "snapshots", commit1) {
			t.Errorf("Find(%q) = %s", name, dir)
		}
	})
}
