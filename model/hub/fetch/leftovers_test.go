package fetch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/golens/golens/internal/fakehub"
	"github.com/golens/golens/model/hub"
)

// TestOldPart holds that what lies in the cache from an earlier call is checked: the
// beginning of the file is used, anything else is not.
func TestOldPart(t *testing.T) {
	files := kinds(5000)["one"]
	const weight = "model.safetensors"
	for name, c := range map[string]struct {
		part []byte
		sent int64
	}{
		"its beginning":  {files[weight][:4000], 1000},
		"all of it":      {files[weight], 0},
		"nothing":        {nil, 5000},
		"too much":       {noise(7, 6000), 5000},
		"other bytes":    {noise(7, 4000), 1000 + 5000},
		"all, and other": {noise(7, 5000), 5000},
	} {
		t.Run(name, func(t *testing.T) {
			h := fakehub.Start(t)
			commit := h.Add("org/name", files)
			cache := t.TempDir()
			put(t, string(c.part), cache, "models--org--name/blobs", fakehub.Sum(weight, files[weight])+".golens.incomplete")
			if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), nil)); err != nil {
				t.Fatal(err)
			}
			same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{weight}))
			h.Close()
			var sent int64
			for _, r := range h.Requests() {
				if r.Path == weight {
					sent += r.Sent()
				}
			}
			if sent != c.sent {
				t.Errorf("%d bytes came, want %d", sent, c.sent)
			}
		})
	}
}

// TestOldBlob replaces what lies where the snapshot's link belongs: a dangling link of a
// shared store that was removed, or a broken copy.
func TestOldBlob(t *testing.T) {
	h := fakehub.Start(t)
	files := kinds(5000)["one"]
	commit := h.Add("org/name", files)
	cache := t.TempDir()
	dir := filepath.Join(cache, "models--org--name")
	put(t, "half", dir, "snapshots", commit, "config.json")
	sum := fakehub.Sum("model.safetensors", files["model.safetensors"])
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"blobs/" + sum: "../../blobs/ab/gone", "snapshots/" + commit + "/model.safetensors": "../../blobs/" + sum} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Model(t.Context(), "org/name", hub.Whole, quick(vars(h, cache), nil)); err != nil {
		t.Fatal(err)
	}
	same(t, "cache", tree(t, cache), layout("org/name", commit, files, wanted, []string{"model.safetensors"}))
}
