package kernel

import (
	"strings"
	"testing"
)

// TestWrongQueries: what cannot be computed is an error, and nothing crosses to C.
func TestWrongQueries(t *testing.T) {
	w := make([]float32, 6*4)
	m := Matrix{W: &w[0], N: 6, K: 4, StrideN: 4, StrideK: 1}
	x := make([]float32, 4)
	good := Query{Head: m, Order: 4, States: []*float32{&x[0]}, Length: 1, Step: 4, Top: 2}
	if _, err := Best().Read(good, nil); err != nil {
		t.Fatal(err)
	}
	read := func(change func(*Query)) error {
		q := good
		change(&q)
		_, err := Best().Read(q, nil)
		return err
	}
	of := func(_ any, err error) error { return err }
	logits := Logits{At: &w[0], Rows: []int64{0, 1}, N: 4, Step: 4}
	for _, c := range []struct {
		err  error
		says string
	}{
		{read(func(q *Query) { q.States = nil }), "the final one of 0 states at 1 positions is number 0"},
		{read(func(q *Query) { q.Length = 0 }), "at 0 positions"},
		{read(func(q *Query) { q.Final = 1 }), "is number 1"},
		{read(func(q *Query) { q.Top = 0 }), "0 candidates of 6 words"},
		{read(func(q *Query) { q.Top = 7 }), "7 candidates of 6 words"},
		{read(func(q *Query) { q.Targets = []int64{1} }), "1 targets for 1 positions of 0"},
		{read(func(q *Query) { q.Targets, q.Count = []int64{6}, 1 }), "the target 6 is not in the vocabulary of 6"},
		{read(func(q *Query) { q.Targets, q.Count = []int64{-2}, 1 }), "the target -2 is not"},
		{read(func(q *Query) { q.Order = Lanes }), "the order 16 lanes is not one of chains"},
		{read(func(q *Query) { q.Order = 0 }), "the order chains of 0 is not one of chains"},
		{Best().Pack(m, make([]float32, 5), nil), "a packed matrix of 128 has 5 floats of room"},
		{of(Best().Linear(x[:3], m, nil, 4, nil)), "3 numbers are no whole rows of 4 inputs"},
		{of(Best().Linear(x, m, nil, 0, nil)), "chains of 0 is no order"},
		{of(Best().Linear(x, Matrix{}, nil, 4, nil)), "no whole rows of 0 inputs"},
		{of(Best().Dots(&x[0], 4, m, nil, 0, []int64{0}, nil)), "chains of 0 is no order"},
		{of(Best().Dots(&x[0], 4, m, nil, 4, []int64{6}, nil)), "the word 6 is not in the vocabulary of 6"},
		{of(Best().Dots(&x[0], 4, m, nil, 4, []int64{-1}, nil)), "the word -1 is not"},
		{of(Best().Select(logits, 5, nil, nil)), "5 candidates of 4 words"},
		{of(Best().Select(logits, -1, nil, nil)), "-1 candidates"},
		{of(Best().Select(Logits{At: &w[0], N: 4, Step: 4}, 1, nil, nil)), "0 targets for 0 rows"},
		{of(Best().Select(logits, 1, []int64{1}, nil)), "1 targets for 2 rows"},
		{of(Best().Select(logits, 1, []int64{1, 4}, nil)), "the target 4 is not in the vocabulary of 4"},
	} {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), "kernel: ") || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("got %v, want %q", c.err, c.says)
		}
	}
}
