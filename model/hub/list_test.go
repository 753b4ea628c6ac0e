package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listed finds a snapshot of a list.
func listed(list []Snapshot, model, commit string) *Snapshot {
	for i := range list {
		if list[i].Model == model && list[i].Commit == commit {
			return &list[i]
		}
	}
	return nil
}

func TestList(t *testing.T) {
	cache := fakeCache(t)
	list, dir, err := List(env("HF_HUB_CACHE", cache))
	if err != nil || dir != cache {
		t.Fatal(dir, err)
	}
	s := listed(list, "openai-community/gpt2", commit1)
	if s == nil || strings.Join(s.Revisions, " ") != "main" || s.Files != 2 || s.Bytes != 4 || s.Dir != filepath.Join(cache, "models--openai-community--gpt2/snapshots", commit1) {
		t.Errorf("%+v", s)
	}
	if s := listed(list, "openai-community/gpt2", commit2); s == nil || strings.Join(s.Revisions, " ") != "refs/pr/7" {
		t.Errorf("%+v", s)
	}
	if s := listed(list, "no-blob", commit1); s == nil || s.Files != 2 {
		t.Errorf("%+v", s)
	}
	if list, _, err := List(env("HF_HUB_CACHE", filepath.Join(cache, "none"))); err != nil || len(list) != 0 {
		t.Errorf("no cache: %v, %v", list, err)
	}
}

// TestFindCase finds a model whose name was typed in another case, but only where none
// has the very name.
func TestFindCase(t *testing.T) {
	cache := t.TempDir()
	vars := env("HF_HUB_CACHE", cache)
	model(t, cache, "models--Org--Model", "main", commit1)
	if dir, err := Find("oRG/MODEL", Whole, vars); err != nil || !strings.HasSuffix(dir, "models--Org--Model/snapshots/"+commit1) {
		t.Errorf("%s, %v", dir, err)
	}
	model(t, cache, "models--org--model", "main", commit2)
	if dir, err := Find("org/model", Whole, vars); err != nil || !strings.HasSuffix(dir, "models--org--model/snapshots/"+commit2) {
		t.Errorf("%s, %v", dir, err)
	}
}

// shared makes a model with two commits that have one file in common.
func shared(t *testing.T) (cache string, vars func(string) string) {
	cache = t.TempDir()
	model(t, cache, "models--a--b", "main", commit1)
	model(t, cache, "models--a--b", "v1", commit2)
	put(t, "common", cache, "models--a--b", "blobs", "common")
	link(t, "common", cache, "models--a--b", "snapshots", commit1, "vocab.json")
	link(t, "common", cache, "models--a--b", "snapshots", commit2, "vocab.json")
	model(t, cache, "models--other", "main", commit1)
	return cache, env("HF_HUB_CACHE", cache)
}

func TestRemoveRevision(t *testing.T) {
	cache, vars := shared(t)
	r, err := PlanRemoval("a/b@v1", vars)
	if err != nil || r.Bytes != 4 || r.Shared != 0 || len(r.Snapshots) != 1 || r.Snapshots[0].Commit != commit2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := Find("a/b@v1", Whole, vars); err != nil {
		t.Errorf("it was removed before it was asked for: %v", err)
	}
	if err := r.Do(); err != nil {
		t.Fatal(err)
	}
	if _, err := Find("a/b@v1", Whole, vars); err == nil {
		t.Error("it is found still")
	}
	dir, err := Find("a/b", Whole, vars)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "vocab.json")); err != nil || string(b) != "common" {
		t.Errorf("the file in common is %q, %v", b, err)
	}
	blobs, _ := os.ReadDir(filepath.Join(cache, "models--a--b/blobs"))
	if len(blobs) != 3 {
		t.Errorf("%d blobs are left, want 3", len(blobs))
	}
}

func TestRemoveModel(t *testing.T) {
	cache, vars := shared(t)
	// As hub 2.x has it: the bytes lie in a store that repositories share.
	put(t, "0123456789", cache, "blobs", "ab", "hash")
	if err := os.Symlink("../../blobs/ab/hash", filepath.Join(cache, "models--a--b/blobs/xet")); err != nil {
		t.Fatal(err)
	}
	r, err := PlanRemoval("a/b", vars)
	if err != nil || r.Bytes != 4+4+6 || r.Shared != 10 || len(r.Snapshots) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := r.Do(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"models--a--b": false, "models--other": true, "blobs/ab/hash": true} {
		if _, err := os.Stat(filepath.Join(cache, path)); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	for name, want := range map[string]string{"a/b": "not in the Hugging Face cache", "OTHER": "similar names there: other", "other@v9": "has no revision v9; it has main", "../x": "not a name"} {
		if _, err := PlanRemoval(name, vars); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
