package reference

import "testing"

// A Generation asks transformers for a greedy generation and, where Lens is set, the
// lens of its steps.
type Generation struct {
	Request         // Model, IDs, Attention, Threads, Interventions, Lens, Top, Aligned
	New       int   // the most new tokens
	MinLength int   // no end of text before so many tokens, the prompt's among them; 0 for none
	EndOfText int64 // ends the text; -1 for none
	OwnEnd    bool  // the model's own tokens end the text, as its folder names them
}

// Generate returns the arrays of a generation of n tokens behind a prompt of T:
//
//	sequence [T+n] int64, logits [n,V] of each step's last position
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
	f["new"] = g.New
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

// Support returns which tokens transformers would draw from, "support" [V] bool,
// and with which probabilities, "probs" [V], by the logits [V] and its warpers.
func Support(t testing.TB, logits []float32, temperature float64, topK int, topP float64) Arrays {
	t.Helper()
	a, err := start(t).do(map[string]any{"op": "support", "logits": logits, "temperature": temperature, "top_k": topK, "top_p": topP})
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	return a.arrays
}
