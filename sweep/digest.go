package sweep

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// Digest returns the sha256, in hexadecimal, of a plan and ids. Two results with one digest have
// the same runs in the same order. Changes, and edits that always act, count by their keys.
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

// takeOver copies the runs of an earlier result, and runs that were kept.
func (r *runner) takeOver() error {
	for _, run := range r.Runs {
		if run.Index < 0 || run.Index >= len(r.out.Done) || len(run.Values) != len(r.out.Series) {
			return choice("a run that was kept has no place in the plan")
		}
		for i := range r.out.Series {
			s := &r.out.Series[i]
			if len(run.Values[i]) != s.W {
				return choice("a run that was kept has other metrics than the plan")
			}
			copy(s.Values[run.Index*s.W:], run.Values[i])
		}
		n := r.out.positions()
		if len(run.Odd) != n {
			return choice("a run that was kept has other positions than the plan")
		}
		copy(r.out.Odd[run.Index*n:], run.Odd)
		r.out.Done[run.Index] = true
	}
	b := r.Before
	if b == nil {
		return nil
	}
	if b.Digest != r.out.Digest {
		return choice("the earlier result is of another plan: its digest is %.12s, and that of this plan %.12s", b.Digest, r.out.Digest)
	}
	if len(b.Done) != len(r.out.Done) || len(b.Series) != len(r.out.Series) {
		return choice("the earlier result has other axes than its plan")
	}
	for i := range r.out.Series {
		s := &r.out.Series[i]
		if len(b.Series[i].Values) != len(s.Values) {
			return choice("the earlier result has other axes than its plan")
		}
		for run, done := range b.Done {
			if done {
				copy(s.Values[run*s.W:(run+1)*s.W], b.Series[i].Values[run*s.W:])
			}
		}
	}
	for run, done := range b.Done {
		if n := r.out.positions(); done && b.Odd != nil {
			copy(r.out.Odd[run*n:(run+1)*n], b.Odd[run*n:])
		}
		r.out.Done[run] = r.out.Done[run] || done
	}
	return nil
}

// Key returns the conditions, by name, that two sweeps must share so that one can use the other's
// runs. The digest of the weights is not among them.
func Key(m *model.Model, ids []int64, p Plan, fast bool) ([]struct{ Name, Value string }, error) {
	made, err := manifestOf(m, p, fast)
	return append(made.Key(), struct{ Name, Value string }{"the plan or the prompt", p.Digest(ids)}), err
}

// packs reports whether the runs of a plan use packed weights. That depends on the whole plan, so
// that a resumed sweep continues with the same numbers.
func packs(m *model.Model, p Plan, fast bool) bool {
	return fast && p.Runs() >= fewest && m.Packs() == nil
}

// manifestOf returns the manifest of a plan's runs.
func manifestOf(of *model.Model, p Plan, fast bool) (lens.Manifest, error) {
	m, err := lens.ManifestOf(of)
	if err != nil {
		return m, err
	}
	for _, e := range p.Always {
		m.Interventions = append(m.Interventions, e.Point+" "+e.Action.String())
	}
	if fast {
		m.Mode = "fast"
	}
	if packs(of, p, fast) {
		m.Kernel, m.Packed = string(lens.F32), true
	}
	return m, nil
}

// describe fills in the result's manifest and the tokens' bytes.
func (r *runner) describe() error {
	m, err := manifestOf(r.m, r.plan, r.Fast)
	if err != nil {
		return err
	}
	r.out.Manifest = m
	if tok, err := r.m.Tokenizer(); err == nil {
		for i := range r.out.Tokens {
			r.out.Tokens[i].Bytes, _ = tok.Piece(r.out.Tokens[i].ID)
		}
		r.out.namePieces(tok)
	}
	if r.Before != nil && !slices.Equal(r.Before.Manifest.Key(), m.Key()) {
		return choice("the earlier result was made with another model, library, thread count or attention: its numbers do not go with new ones")
	}
	return nil
}
