package sweep

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// Where a model has a session that gives each text of a batch the bits that it has alone
// (model.Session.Batched), exact runs share a batch as those of the fast mode do. The clean
// run has been made by itself by then. It is in every batch as well, at both ends, and all
// its normed states must come out with the very bits of that run. Where they do not, runs
// are made one by one.

// together runs the variants that can share batches, and leaves the others in r.todo.
func (r *runner) together(ctx context.Context, s model.Session) error {
	variants, alone := r.byRow()
	if len(variants) < fewest || !r.m.Apart() {
		return nil
	}
	T := len(r.ids)
	in, ok, err := s.Batched(T)
	if err != nil || !ok {
		return err
	}
	if r.width > 0 {
		if r.reader, r.sums, err = in.HeadInBatch(T); err != nil {
			return err
		}
		if r.sums {
			r.width = min(most, len(variants)+2)
		}
	}
	r.tell()
	for len(variants) > 0 {
		n := batchRows(T)
		if r.Keep != nil && r.pace > 0 {
			n = max(1, min(n, int(keepWithin/r.pace)))
		}
		batch := variants[:min(len(variants), n)]
		began := time.Now()
		ok, err := r.exactBatch(ctx, s, in, batch)
		r.pace = time.Since(began) / time.Duration(len(batch))
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		variants = variants[len(batch):]
		for _, v := range batch {
			r.clock.done(v)
		}
		r.tell()
	}
	// In the plan's order: where one fails, all before it are made.
	r.todo = append(variants, alone...)
	slices.SortFunc(r.todo, func(a, b variant) int { return cmp.Compare(a.index, b.index) })
	return nil
}

// exactBatch runs variants as one batch of a session that keeps their bits, and reads them. It
// returns false if the clean run has other bits there.
func (r *runner) exactBatch(ctx context.Context, s, in model.Session, batch []variant) (bool, error) {
	first, err := r.cleanFrom(batch[0].first)
	if err != nil {
		return false, err
	}
	last, err := r.cleanFrom(batch[len(batch)-1].first)
	if err != nil {
		return false, err
	}
	x, err := r.runBatch(ctx, in, slices.Concat([]variant{first}, batch, []variant{last}), false)
	if err != nil {
		return false, ctx.Err() // a run that fails does so by itself, behind those before it
	}
	defer x.Close()
	for _, row := range []int{0, len(batch) + 1} {
		if same, err := r.isNormed(x, row); err != nil || !same {
			return false, err
		}
	}
	for i, v := range batch {
		if err := r.readExact(s, v, x, i+1); err != nil {
			return false, err
		}
	}
	return true, r.drain(s)
}

// cleanFrom returns the clean run from a block on, as a variant.
func (r *runner) cleanFrom(first int) (variant, error) {
	v := variant{index: cleanIndex, first: first}
	for _, e := range r.plan.Always {
		point, err := r.m.Points.Canonical(e.Point)
		if err != nil {
			return v, err
		}
		at, err := stageOf(r.m, point, e.Action)
		if err != nil {
			return v, err
		}
		if at.first > first || at.first == first && !at.after {
			v.edits = append(v.edits, e)
		}
	}
	return v, nil
}

// isNormed reports whether a row of normed states [n,T,C] has the clean run's bits.
func (r *runner) isNormed(x *torch.Tensor, row int) (bool, error) {
	if r.spoilBatch {
		return false, nil
	}
	part, err := x.Narrow(0, int64(row), 1)
	if err != nil {
		return false, err
	}
	defer part.Close()
	same, err := metrics.Call("same", part, r.normed)
	if err != nil {
		return false, err
	}
	defer same[0].Close()
	v, err := torch.Values[bool](same[0])
	return err == nil && v[0], err
}

// readExact reads one variant of a batch of normed states [n,T,C]: its last position together with
// those of others, or all positions in a product of their own.
func (r *runner) readExact(s model.Session, v variant, x *torch.Tensor, row int) error {
	part, err := x.Narrow(0, int64(row), 1)
	if err != nil {
		return err
	}
	defer part.Close()
	if r.width == 0 {
		logits, err := s.Head(part)
		if err != nil {
			return err
		}
		defer logits.Close()
		return r.measure(v.index, logits, len(r.ids)-1)
	}
	var sc torch.Scope
	defer sc.Close()
	last, err := lastOf(&sc, part, len(r.ids))
	if err != nil {
		return err
	}
	kept, err := last.Clone()
	if err != nil {
		return err
	}
	r.rows = append(r.rows, lastRow{v, kept})
	if r.isFull() {
		return r.flush(s)
	}
	return nil
}
