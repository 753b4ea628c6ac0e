package sweep_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/approx"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// embedded opens the model in the program.
func embedded(t *testing.T) *model.Model {
	t.Helper()
	return open(t, "", model.SDPA)
}

func simple(t *testing.T, m *model.Model) sweep.Plan {
	return sweep.Plan{Changes: append(sweep.Scale(0.8, 0), sweep.Do(hooks.Mean())), Places: places(t, m, sweep.Resid), Words: []lens.Word{{Text: "a", ID: 17}}}
}

// TestProgressHolds: a run that Progress starts is an error, and no deadlock.
func TestProgressHolds(t *testing.T) {
	m := embedded(t)
	ids := []int64{464, 835}
	var got []error
	_, err := sweep.Run(t.Context(), m, ids, simple(t, m), sweep.Options{Progress: func(sweep.Progress) {
		if got == nil {
			_, err := lens.Read(t.Context(), m, ids, lens.Options{})
			got = append(got, err)
		}
	}})
	var held *torch.HeldError
	if err != nil || len(got) != 1 || !errors.As(got[0], &held) {
		t.Errorf("%v: %v", err, got)
	}
}

// TestCancelledWithin: a run that is cancelled in a block ends there. What was run before is
// in the result.
func TestCancelledWithin(t *testing.T) {
	m := embedded(t)
	ids := []int64{464, 835, 345, 466, 1997}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	plan := simple(t, m)
	n := 0
	stop := hooks.Func("cancel", func(x *torch.Tensor) (*torch.Tensor, error) {
		if n++; n == 5 {
			cancel()
			time.Sleep(10 * time.Millisecond) // until ctx's own goroutine has told
		}
		return nil, nil
	})
	plan.Changes = []sweep.Change{sweep.Do(stop)}
	part, err := sweep.Run(ctx, m, ids, plan, sweep.Options{})
	if !errors.Is(err, context.Canceled) || part == nil || n != 5 {
		t.Fatalf("after %d calls of the hook: %v, %v", n, part, err)
	}
	done := 0
	for i, d := range part.Done {
		if d {
			done++
		}
		if v := part.Series[0].Values[i]; d == math.IsNaN(float64(v)) {
			t.Errorf("run %d is done %v and has %v", i, d, v)
		}
	}
	if done != 4 {
		t.Errorf("%d runs are done, and the fifth was cancelled", done)
	}
}

// TestInterrupted: what was done before is kept, and an earlier result is gone on with,
// to the bit.
func TestInterrupted(t *testing.T) {
	m := embedded(t)
	ids := slices.Repeat([]int64{464, 835, 345, 466, 1997}, 40) // so long that a batch is a part of the plan
	plan := simple(t, m)
	want, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	live := torch.Live()
	// How many runs are made at a time depends on the processor: some have exact batches.
	for _, after := range []int{0, 1, 7} {
		ctx, cancel := context.WithCancel(t.Context())
		var seen []sweep.Progress
		part, err := sweep.Run(ctx, m, ids, plan, sweep.Options{Progress: func(p sweep.Progress) {
			if seen = append(seen, p); p.Done >= after {
				cancel()
			}
		}})
		cancel()
		if err != context.Canceled || part == nil || part.Complete() {
			t.Fatalf("after %d: %v, %v", after, err, seen)
		}
		n := 0
		for i, d := range part.Done {
			if d {
				n++
			}
			if v := part.Series[0].Values[i]; d == math.IsNaN(float64(v)) {
				t.Errorf("after %d: run %d is done %v and has %v", after, i, d, v)
			}
		}
		if n < after || n != seen[len(seen)-1].Done || seen[0] != (sweep.Progress{Of: plan.Runs()}) {
			t.Errorf("%d runs of %d were kept; %v", n, after, seen)
		}
		var later []sweep.Progress
		rest, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Before: part, Progress: func(p sweep.Progress) { later = append(later, p) }})
		if err != nil || !rest.Complete() || len(later) > plan.Runs()-n+1 || later[0].Done != n || later[len(later)-1].Done != plan.Runs() {
			t.Fatalf("after %d: %v, %v", after, err, later)
		}
		if !slices.Equal(rest.Series[0].Values, want.Series[0].Values) || !slices.Equal(rest.Series[0].Clean, want.Series[0].Clean) {
			t.Errorf("after %d the numbers are others", after)
		}
	}
	if n := torch.Live() - live; n > 0 {
		t.Errorf("%d tensors are left", n)
	}
	other := plan
	other.Changes = sweep.Scale(0.8, 0, 1)
	_, err = sweep.Run(t.Context(), m, ids, other, sweep.Options{Before: want})
	mustChoice(t, "another plan", err, "of another plan")
	_, err = sweep.Run(t.Context(), m, ids[1:], plan, sweep.Options{Before: want})
	mustChoice(t, "another prompt", err, "of another plan")
	before := *want
	before.Manifest.Threads++
	_, err = sweep.Run(t.Context(), m, ids, plan, sweep.Options{Before: &before})
	mustChoice(t, "other threads", err, "thread count")
}

// TestFailing: a run that fails ends the sweep with its error, and keeps the others.
func TestFailing(t *testing.T) {
	m := embedded(t)
	plan := simple(t, m)
	v, err := torch.New([]float32{1, 2, 3}, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	plan.Changes = append(sweep.Scale(0.5), sweep.Do(hooks.Add("three", v)))
	r, err := sweep.Run(t.Context(), m, []int64{1, 2, 3}, plan, sweep.Options{})
	if err == nil || r == nil || !r.Done[m.Sizes.Blocks-1] || r.Done[m.Sizes.Blocks] {
		t.Errorf("%v, %v", r, err)
	}
}

func TestChoices(t *testing.T) {
	m := embedded(t)
	ids := []int64{1, 2, 3}
	for says, change := range map[string]func(*sweep.Plan){
		"names no change":         func(p *sweep.Plan) { p.Changes = nil },
		"names no place":          func(p *sweep.Plan) { p.Places = nil },
		"needs a target":          func(p *sweep.Plan) { p.Words = nil },
		"not both":                func(p *sweep.Plan) { p.Next = true },
		"not in the vocabulary":   func(p *sweep.Plan) { p.Words[0].ID = int64(m.Sizes.Vocab) },
		"no metric is called":     func(p *sweep.Plan) { p.Metrics = []sweep.Metric{{Kind: "loss"}} },
		"is named twice":          func(p *sweep.Plan) { p.Metrics = []sweep.Metric{{Kind: sweep.KL}, {Kind: sweep.KL}} },
		"must be a finite number": func(p *sweep.Plan) { p.Changes = sweep.Scale(math.Inf(1)) },
		"no hook point \"h.99\"":  func(p *sweep.Plan) { p.Places[0].Point = "h.99" },
		"lm_head takes no":        func(p *sweep.Plan) { p.Places[0].Point = "lm_head" },
		"no next token to follow": func(p *sweep.Plan) { p.Words, p.Next = nil, true },
		"the id 50257, which is no": func(p *sweep.Plan) {
			p.Metrics = []sweep.Metric{{Kind: sweep.Diff, Diff: [2]lens.Word{{ID: 1}, {ID: 50257}}}}
		},
	} {
		plan := simple(t, m)
		change(&plan)
		at := ids
		if plan.Next && plan.Words == nil {
			at = ids[:1]
		}
		_, err := sweep.Run(t.Context(), m, at, plan, sweep.Options{})
		mustChoice(t, says, err, says)
	}
	for says, f := range map[string]func() ([]sweep.Place, error){
		"there is no block 12": func() ([]sweep.Place, error) { return sweep.PlacesOf(m, sweep.MLP, []int{12}, nil) },
		"there is no block -1": func() ([]sweep.Place, error) { return sweep.PlacesOf(m, sweep.Resid, []int{-1}, nil) },
		"there is no head 4":   func() ([]sweep.Place, error) { return sweep.PlacesOf(m, sweep.Heads, nil, []int{4}) },
		"no site is called":    func() ([]sweep.Place, error) { return sweep.PlacesOf(m, "sea", nil, nil) },
	} {
		_, err := f()
		mustChoice(t, says, err, says)
	}
}

// TestLastBlock: scaling the last block is undone by the final norm, up to its epsilon.
func TestLastBlock(t *testing.T) {
	m := embedded(t)
	r, err := sweep.Run(t.Context(), m, []int64{464, 835, 345, 466}, sweep.Plan{Changes: sweep.Scale(0.8), Places: places(t, m, sweep.Resid, m.Sizes.Blocks-1),
		Words: []lens.Word{{Text: "a", ID: 257}}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	approx.Check(t, "the last block's point", r.Series[0].Values[0], r.Series[0].Clean[0], 1e-4)
}

func TestCompare(t *testing.T) {
	m := embedded(t)
	ids := []int64{464, 835, 345}
	a, err := sweep.Run(t.Context(), m, ids, simple(t, m), sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := *a
	b.Series = slices.Clone(a.Series)
	b.Series[0].Values = slices.Clone(a.Series[0].Values)
	if c, err := sweep.Compare(a, &b); err != nil || !c.Same || !c.MustSame || c.Metrics[0].Compared != 1+len(a.Done) {
		t.Errorf("%+v %v", c, err)
	}
	b.Series[0].Values[5] += 0.25
	b.Series[0].Values[7] -= 0.5
	c, err := sweep.Compare(a, &b)
	if err != nil || c.Same || !c.MustSame || c.Metrics[0].Differ != 2 || c.Metrics[0].Place != "L7" || !(math.Abs(c.Metrics[0].Most-0.5) <= 1e-5) {
		t.Errorf("%+v %v", c, err)
	}
	b.Manifest.Threads++
	if c, err = sweep.Compare(a, &b); err != nil || c.MustSame || !slices.Equal(c.Why, []string{"the number of threads"}) {
		t.Errorf("%+v %v", c, err)
	}
	b.Changes = []string{"zero"}
	_, err = sweep.Compare(a, &b)
	mustChoice(t, "other changes", err, "other changes")
}

// TestPredict: the blocks that are run, counted by hand.
func TestPredict(t *testing.T) {
	m := embedded(t)
	L := m.Sizes.Blocks
	c, err := sweep.Predict(m, []int64{1, 2, 3}, sweep.Plan{Changes: sweep.Scale(0.8), Places: places(t, m, sweep.Resid), Words: []lens.Word{{ID: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Runs != L || c.Blocks != L+L*(L-1)/2 || c.AllBlocks != L*(L+1) || c.AllRows != 3*(L+1) || c.HeadRows != 3+L/2*3 || c.Bytes <= 0 {
		t.Errorf("%+v", c)
	}
}

func mustChoice(t *testing.T, what string, err error, says string) {
	t.Helper()
	var c *sweep.ChoiceError
	if !errors.As(err, &c) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: the error is %v, want %q", what, err, says)
	}
}
