package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/golens/golens/internal/clock"
	"github.com/golens/golens/internal/reference"
)

// TestWeightsAreNamedFromMemory holds that a manifest takes the digest of weights
// from an earlier run, and that "model info" does not.
func TestWeightsAreNamedFromMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("nothing is remembered on this system")
	}
	cache, folder := t.TempDir(), t.TempDir()
	if err := emptyCache(cache); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", cache)
	if err := os.CopyFS(folder, os.DirFS(reference.Model(t, "4x64-untied"))); err != nil {
		t.Fatal(err)
	}
	kept := func() []string {
		names, _ := filepath.Glob(filepath.Join(cache, "golens", "digests", "*"))
		return names
	}
	// A file that was just written is not remembered.
	clock.Now = func() time.Time { return time.Now().Add(time.Hour) }
	t.Cleanup(func() { clock.Now = time.Now })
	var info struct {
		Weights string `json:"weights_sha256"`
	}
	if err := json.Unmarshal([]byte(golens(t, "model", "info", "--json", folder).out), &info); err != nil {
		t.Fatal(err)
	}
	if n := len(kept()); n != 0 {
		t.Fatalf("model info left %d digests", n)
	}
	for range 2 {
		var r struct {
			Manifest struct{ Weights string }
		}
		if err := json.Unmarshal([]byte(golens(t, "lens", "--model", folder, "--ids", "1,2,3", "--json", "-").out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Manifest.Weights != info.Weights || info.Weights == "" {
			t.Errorf("the manifest names %q, and model info %q", r.Manifest.Weights, info.Weights)
		}
		if n := len(kept()); n != 1 {
			t.Errorf("%d digests are kept, want 1", n)
		}
	}
}
