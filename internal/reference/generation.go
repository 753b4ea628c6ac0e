package reference

import (
	"strconv"
	"testing"
)

// A Generation asks transformers for a greedy generation and, where Lens is set, the
// lens of its steps.
type Generation struct {
	Request         // Model, IDs, Attention, Threads, Interventions, Lens, Top, Aligned
	New       int   // the most new tokens; 0 to leave that to the folder
	MinLength int   // no end of text before so many tokens, the prompt's among them; 0 for none
	EndOfText int64 // ends the text; -1 for none
	OwnEnd    bool  // the model's own tokens end the text, as its folder names them

	Settings map[string]any // further arguments of generate
}

// Generate returns the arrays of a generation of n tokens behind a prompt of T:
//
//	sequence [T+n] int64, logits [n,V] of each step's last position
//	scores [n,V], those logits behind all processors
//	hidden [L+1,T+n-1,C]
//
// and with a lens
//
//	top_ids int64, top_logits, top_probs [L+1,T+n-1,K]
//	entropy, logsumexp, kl [L+1,T+n-1], agree bool
//	target_logprob, target_prob, target_rank int64, target_ties int64 [L+1,T+n-1]
//	                                  of the token that follows in the sequence
func Generate(t testing.TB, g Generation) Arrays {
	t.Helper()
	f, err := g.fields("generate", t.TempDir())
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	if g.New > 0 {
		f["new"] = g.New
	}
	if g.Settings != nil {
		f["settings"] = g.Settings
	}
	if g.MinLength > 0 {
		f["min_length"] = g.MinLength
	}
	f["own_end"] = g.OwnEnd
	if g.EndOfText >= 0 {
		f["end_of_text"] = g.EndOfText
	}
	f["read"] = g.Lens != ""
	if g.Lens != "" {
		f["lens"] = g.Lens
	}
	if g.Top != 0 {
		f["top"] = g.Top
	}
	a, err := start(t).do(f)
	if err != nil {
		t.Fatalf("reference: generate behind %d tokens with %s: %v", len(g.IDs), g.Model, err)
	}
	return a.arrays
}

// Scores returns what the processors of transformers' generate make of the logits [V]
// behind a text whose first tokens, so many, are the prompt: "scores" [V], which tokens
// it would draw from, "support" [V] bool, and with which probabilities, "probs" [V].
func Scores(t testing.TB, logits []float32, ids []int64, prompt int, settings map[string]any) Arrays {
	t.Helper()
	texts := make([]string, len(logits)) // JSON has no NaN
	for i, x := range logits {
		texts[i] = strconv.FormatFloat(float64(x), 'g', -1, 32)
	}
	a, err := start(t).do(map[string]any{"op": "scores", "logits": texts, "ids": ids, "prompt": prompt, "settings": settings})
	if err != nil {
		t.Fatalf("reference: scores with %v: %v", settings, err)
	}
	return a.arrays
}
