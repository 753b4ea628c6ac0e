package reference

import "testing"

// Archive has a TorchScript archive made in Python, of a kind that
// scripts/reference/archives.py names. model is a Hugging Face folder, or "" where
// the kind needs none; attention is sdpa or eager.
func Archive(t testing.TB, kind, model, attention, out string) {
	t.Helper()
	request := map[string]any{"op": "archive", "kind": kind, "out": out, "attention": attention, "threads": 1}
	if model != "" {
		request["model"] = model
	}
	if _, err := start(t).do(request); err != nil {
		t.Fatalf("reference: make a %s archive of %s: %v", kind, model, err)
	}
}

// RunArchive returns the logits [T,V] that an archive gives in Python, with the
// graph optimizer off.
func RunArchive(t testing.TB, path string, ids []int64, threads int) Array {
	t.Helper()
	a, err := start(t).do(map[string]any{"op": "run_archive", "path": path, "ids": ids, "threads": threads})
	if err != nil {
		t.Fatalf("reference: run %s: %v", path, err)
	}
	return a.arrays["logits"]
}
