package reference

import "testing"

// A StudyRequest asks for the arrays of a published study, as
// scripts/reference/studies.py computes them.
type StudyRequest struct {
	Name, Compat string // such as lens-grid; published or fixed
	Model        string // folder of a Hugging Face GPT-2
	Attention    string // sdpa or eager
	DType        string // float32 where empty
	Threads      int
	Prompts      [][]int64
	Target       *int64 // where the study has one
	EndOfText    *int64 // likewise
}

// Study returns the arrays that a study has, by name. The test fails where the
// reference refuses the request.
func Study(t testing.TB, r StudyRequest) Arrays {
	t.Helper()
	f := map[string]any{"op": "study", "name": r.Name, "compat": r.Compat, "model": r.Model,
		"attention": r.Attention, "threads": max(r.Threads, 1), "prompts": r.Prompts}
	if r.DType != "" {
		f["dtype"] = r.DType
	}
	if r.Target != nil {
		f["target"] = *r.Target
	}
	if r.EndOfText != nil {
		f["end_of_text"] = *r.EndOfText
	}
	a, err := start(t).do(f)
	if err != nil {
		t.Fatalf("reference: study %s with %s: %v", r.Name, r.Model, err)
	}
	return a.arrays
}
