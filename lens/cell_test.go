package lens

import (
	"math"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
)

// TestCells: what a cell says is what lies in the arrays at its place.
func TestCells(t *testing.T) {
	m := openModel(t, reference.Model(t, "4x64-untied"), model.Options{})
	ids := reference.IDs(4, 6, m.Sizes.Vocab)
	for name, o := range map[string]Options{
		"next":  {Next: true, Positions: []int{1, 3, -1}, Rows: []int{0, 2}, Stats: []Stat{Margin}},
		"words": {Words: []Word{{ID: 5}, {ID: 17}}, Rows: []int{1, 4}, Stats: []Stat{Margin}},
	} {
		r := read(t, m, ids, o)
		n := 0
		for c := range r.Cells() {
			if c.Layer() != r.Rows[c.Row] || c.Position() != r.Positions[c.Pos] {
				t.Errorf("%s: cell %d is at %v, %d", name, n, c.Layer(), c.Position())
			}
			top := c.Top()
			if len(top) != r.K || top[0].ID != r.TopIDs[n*r.K] || top[r.K-1].Logit != r.TopLogits[(n+1)*r.K-1] {
				t.Errorf("%s: cell %d has the candidates %v", name, n, top)
			}
			if want := top[0].Logit - top[1].Logit; c.Stat("margin") != want || !math.IsNaN(float64(c.Stat("other"))) {
				t.Errorf("%s: cell %d has the margin %v, not %v", name, n, c.Stat("margin"), want)
			}
			scores, last := c.Targets(), c.Position() == len(ids)-1
			switch {
			case o.Next && last || !o.Next && !last:
				if len(scores) != 0 {
					t.Errorf("%s: cell %d has targets: %v", name, n, scores)
				}
			case o.Next:
				if len(scores) != 1 || scores[0].ID != ids[c.Position()+1] || scores[0].Rank != r.Targets.Rank[n] || scores[0].LogProb != r.Targets.LogProb[n] {
					t.Errorf("%s: cell %d: %v", name, n, scores)
				}
			default:
				if len(scores) != 2 || scores[1].ID != 17 || scores[1].Prob != r.Targets.Prob[c.Row*2+1] || scores[0].Ties != r.Targets.Ties[c.Row*2] {
					t.Errorf("%s: cell %d: %v", name, n, scores)
				}
			}
			n++
		}
		if n != len(r.Rows)*len(r.Positions) {
			t.Errorf("%s: %d cells", name, n)
		}
	}
}
