package sweep

import (
	"cmp"
	"context"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// batchTokens is about how many tokens a batch of variants holds, so that its states
// take some tens of megabytes.
const batchTokens = 2048

// batches makes the variants whose changes act on each row of a batch by itself, many
// at a time, and leaves the others in r.todo. A batch grows: a variant joins it, with
// the stream that was kept, in front of its first changed block.
func (r *runner) batches(ctx context.Context, s model.Session) error {
	var together, alone []variant
	for _, v := range r.todo {
		byRow := v.first != whole
		for _, e := range append(slices.Clone(v.kept), v.edits...) {
			byRow = byRow && e.Action.ByRow()
		}
		if byRow {
			together = append(together, v)
		} else {
			alone = append(alone, v)
		}
	}
	slices.SortStableFunc(together, func(a, b variant) int { return cmp.Compare(a.first, b.first) })
	r.todo = alone
	r.tell()
	for batch := range slices.Chunk(together, max(1, batchTokens/len(r.ids))) {
		if err := r.batch(ctx, s, batch); err != nil {
			return err
		}
		for _, v := range batch {
			r.clock.done(v)
		}
		r.tell()
	}
	return nil
}

// batch runs variants, by rising first block, as one.
func (r *runner) batch(ctx context.Context, s model.Session, batch []variant) error {
	L := r.m.Sizes.Blocks
	var x *torch.Tensor // [n,T,C], of the variants that have joined
	defer func() { x.Close() }()
	joined := 0
	for i := batch[0].first; i <= L; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		from := joined
		for joined < len(batch) && batch[joined].first == i {
			joined++
		}
		if joined > from {
			longer, err := r.join(x, batch[from:joined])
			if err != nil {
				return err
			}
			x.Close()
			x = longer
		}
		var here []Edit
		for row, v := range batch[:joined] {
			for _, e := range v.edits {
				point, err := r.m.Points.Canonical(e.Point)
				if err != nil {
					return err
				}
				if i < L && within(point, r.m.Layout.Blocks[i].Out) || i == L && within(point, r.m.Layout.Norm) {
					here = append(here, Edit{Point: e.Point, Action: e.Action.Rows(row)})
				}
			}
		}
		var run *hooks.Run
		var err error
		if i < L {
			run, err = s.Blocks(i, i+1, x, hooksOf(here))
		} else {
			run, err = s.Resume(L, x, hooksOf(here))
		}
		if err != nil {
			return err
		}
		x.Close()
		x = run.Results[0]
	}
	return r.readBatch(s, batch, x)
}

// join adds the streams with which variants begin to a batch x, nil for none.
func (r *runner) join(x *torch.Tensor, variants []variant) (*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	var rows []*torch.Tensor
	if x != nil {
		rows = append(rows, x)
	}
	for _, v := range variants {
		row := r.streams[v.first]
		for _, e := range v.kept {
			var err error
			if row, err = e.Action.Apply(row); err != nil {
				return nil, err
			}
			torch.Keep(&sc, row)
		}
		rows = append(rows, row)
	}
	out, err := r.metrics.Call("batch", rows)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// readBatch has the head read the normed states [n,T,C] of a batch: the last positions
// in one product, or all of them, a variant at a time.
func (r *runner) readBatch(s model.Session, batch []variant, x *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	if !r.plan.Next {
		last, err := r.metrics.Call("last_rows", x)
		if err != nil {
			return err
		}
		logits, err := s.Head(torch.Keep(&sc, last[0]))
		if err != nil {
			return err
		}
		torch.Keep(&sc, logits)
		for i, v := range batch {
			if err := r.measure(v.index, logits, i); err != nil {
				return err
			}
		}
		return nil
	}
	for i, v := range batch {
		one, err := x.Narrow(0, int64(i), 1)
		if err != nil {
			return err
		}
		logits, err := s.Head(one)
		one.Close()
		if err != nil {
			return err
		}
		err = r.measure(v.index, logits, len(r.ids)-1)
		logits.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
