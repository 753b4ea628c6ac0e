package sweep

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/golens/golens/lens"
)

// Digest returns the sha256, in hexadecimal, of what a plan asks of ids: two results
// with one digest have the same runs in the same places. Changes, and what always
// acts, count by their keys.
func (p Plan) Digest(ids []int64) string {
	var metrics, always, changes []string
	for _, m := range p.Metrics {
		metrics = append(metrics, fmt.Sprintf("%s %d %d", m.Kind, m.Diff[0].ID, m.Diff[1].ID))
	}
	for _, e := range p.Always {
		always = append(always, e.Point+" "+e.Action.String()+" "+e.Key)
	}
	for _, c := range p.Changes {
		changes = append(changes, cmp.Or(c.Key, c.Name))
	}
	var words []int64
	for _, w := range p.Words {
		words = append(words, w.ID)
	}
	text, err := json.Marshal(map[string]any{"ids": ids, "changes": changes, "places": p.Places, "words": words, "next": p.Next, "metrics": metrics, "always": always})
	if err != nil {
		panic(err) // strings and numbers
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// takeOver puts in what an earlier result has.
func (r *runner) takeOver() error {
	b := r.Before
	if b.Digest != r.out.Digest {
		return choice("the earlier result is of another plan: its digest is %.12s, and that of this plan %.12s", b.Digest, r.out.Digest)
	}
	if len(b.Done) != len(r.out.Done) || len(b.Series) != len(r.out.Series) {
		return choice("the earlier result has other axes than its plan")
	}
	copy(r.out.Done, b.Done)
	copy(r.out.Odd, b.Odd)
	for i := range r.out.Series {
		if len(b.Series[i].Values) != len(r.out.Series[i].Values) {
			return choice("the earlier result has other axes than its plan")
		}
		copy(r.out.Series[i].Values, b.Series[i].Values)
	}
	return nil
}

// describe fills in what made the result, and the tokens' bytes.
func (r *runner) describe() error {
	m, err := lens.ManifestOf(r.m)
	if err != nil {
		return err
	}
	for _, e := range r.plan.Always {
		m.Interventions = append(m.Interventions, e.Point+" "+e.Action.String())
	}
	if r.Fast {
		m.Mode = "fast"
	}
	if r.packed {
		m.Kernel, m.Packed = string(lens.F32), true
	}
	r.out.Manifest = m
	if tok, err := r.m.Tokenizer(); err == nil {
		for i := range r.out.Tokens {
			r.out.Tokens[i].Bytes, _ = tok.Piece(r.out.Tokens[i].ID)
		}
		r.out.namePieces(tok)
	}
	if r.Before != nil && !slices.Equal(manifestKey(r.Before.Manifest), manifestKey(m)) {
		return choice("the earlier result was made with another model, library, thread count or attention: its numbers do not go with new ones")
	}
	return nil
}

// manifestKey is what two results must share for their numbers to go together. The
// digest of the weights, which is added later, is for the caller to compare.
func manifestKey(m lens.Manifest) []string {
	return []string{m.Config, m.Tokenizer, m.Libtorch, m.BLAS, m.Capability, m.CPU, fmt.Sprint(m.Threads), m.Device, m.DType, m.Attention, m.Mode, m.Kernel}
}
