package lens_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestJoint compares the log-probability of sequences with PyTorch's: each token's is that
// of a run on the prompt and the sequence's earlier tokens, bit by bit, and the sum is that
// of float32 numbers in their order.
func TestJoint(t *testing.T) {
	const T = 7
	for _, name := range []string{"12x96", "llama2-96"} {
		dir := reference.Model(t, name)
		m := open(t, dir, model.SDPA)
		L := m.Sizes.Blocks
		ids := reference.IDs(5, T, m.Sizes.Vocab)
		var sequences []lens.Sequence
		for i, n := range []int{3, 1, 5} {
			sequences = append(sequences, lens.Sequence{Text: fmt.Sprint(n), IDs: reference.IDs(uint64(40+i), n, m.Sizes.Vocab)})
		}
		block := m.Layout.Blocks[1].Out
		for _, scaled := range []bool{false, true} {
			for _, kind := range []lens.Projection{lens.Notebook, lens.Normed, affine{}} {
				t.Run(fmt.Sprintf("%s/%s/scaled %v", name, kind.Name(), scaled), func(t *testing.T) {
					o := lens.Options{Projection: kind, Rows: []int{1, L}}
					r := reference.Request{Model: dir, Lens: kind.Name(), Rows: []int{1, L}, Threads: torch.Threads()}
					if scaled {
						o.Hooks = &hooks.Registry{}
						o.Hooks.Add(block, hooks.Scale(0.8))
						r.Interventions = []reference.Intervention{reference.Scale(block, 0.8)}
					}
					got, err := lens.ReadJoint(t.Context(), m, ids, sequences, o)
					if err != nil {
						t.Fatal(err)
					}
					from, J := 0, 9
					for w, s := range sequences {
						n := len(s.IDs)
						r.IDs = append(append([]int64{}, ids...), s.IDs[:n-1]...)
						for row := range 2 {
							sum, exact := float32(0), 0.0
							for i, id := range s.IDs {
								r.Targets, r.TargetPositions = []int64{id}, []int{T - 1 + i}
								want := reference.Lens(t, r)["target_logprob"].At(row).Float32[0]
								v := got.TokenLogProb[row*J+from+i]
								if v != want {
									t.Errorf("token %d of %s in row %d: %v, PyTorch has %v", i, s.Text, row, v, want)
								}
								if exact += float64(v); i == 0 {
									sum = v
								} else {
									sum += v
								}
							}
							v := got.LogProb[row*3+w]
							// n-1 additions, each of which rounds a number no larger than the sum by half a unit of 2^-23.
							if d := math.Abs(float64(v) - exact); v != sum || !(d <= float64(n-1)*math.Abs(exact)*0x1p-24*(1+0x1p-20)) {
								t.Errorf("%s in row %d: %v, its tokens' sum is %v (%v in float64)", s.Text, row, v, sum, exact)
							}
						}
						from += n
					}
				})
			}
		}
	}
}

// TestJointOfOne: a sequence of one token has the bits of a target, and positions of
// interventions are the prompt's.
func TestJointOfOne(t *testing.T) {
	m := open(t, reference.Model(t, "12x96"), model.SDPA)
	ids := reference.IDs(5, 7, m.Sizes.Vocab)
	for _, at := range []hooks.Positions{{}, hooks.Last, hooks.At(2, -3)} {
		h := &hooks.Registry{}
		h.Add("h.3", hooks.Scale(0.5).At(at))
		r, err := lens.Read(t.Context(), m, ids, lens.Options{Hooks: h, Words: []lens.Word{{Text: "a", ID: 17}}})
		if err != nil {
			t.Fatal(err)
		}
		j, err := lens.ReadJoint(t.Context(), m, ids, []lens.Sequence{{Text: "a b", IDs: []int64{17, 18}}, {Text: "a", IDs: []int64{17}}}, lens.Options{Hooks: h})
		if err != nil {
			t.Fatal(err)
		}
		numbers := &hooks.Registry{} // the same positions, counted from 0
		where := hooks.Positions{}
		if !at.All() {
			n, err := at.Resolve(len(ids))
			if err != nil {
				t.Fatal(err)
			}
			where = hooks.At(n...)
		}
		numbers.Add("h.3", hooks.Scale(0.5).At(where))
		long, err := lens.Read(t.Context(), m, append(append([]int64{}, ids...), 17), lens.Options{Hooks: numbers, Words: []lens.Word{{Text: "b", ID: 18}}})
		if err != nil {
			t.Fatal(err)
		}
		for row := range r.Rows {
			if j.LogProb[2*row+1] != r.Targets.LogProb[row] || j.TokenLogProb[3*row+2] != r.Targets.LogProb[row] {
				t.Errorf("at %s, row %d: %v, as a target %v", at, row, j.LogProb[2*row+1], r.Targets.LogProb[row])
			}
			if j.TokenLogProb[3*row+1] != long.Targets.LogProb[row] {
				t.Errorf("at %s, row %d: the second token has %v, in a longer prompt %v", at, row, j.TokenLogProb[3*row+1], long.Targets.LogProb[row])
			}
		}
	}
	for _, bad := range [][]int64{nil, {17, int64(m.Sizes.Vocab)}, {-1, 17}, make([]int64, m.Sizes.Context)} {
		if _, err := lens.ReadJoint(t.Context(), m, ids, []lens.Sequence{{Text: "x", IDs: bad}}, lens.Options{}); err == nil {
			t.Errorf("%.3v: no error", bad)
		}
	}
	h := &hooks.Registry{}
	h.Add("h.3", hooks.Scale(0.5).At(hooks.At(7)))
	if _, err := lens.ReadJoint(t.Context(), m, ids, []lens.Sequence{{Text: "x", IDs: []int64{1, 2}}}, lens.Options{Hooks: h}); err == nil || !strings.Contains(err.Error(), "no position 7") {
		t.Errorf("a position behind the prompt: %v", err)
	}
}
