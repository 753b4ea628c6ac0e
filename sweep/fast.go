package sweep

import (
	"cmp"
	"context"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// batchTokens is the approximate number of tokens in a batch of variants. Its states then take
// some tens of megabytes.
const batchTokens = 4096

// fewest is the number of variants from which packed weights pay. Packing them takes as long as a
// few short runs.
const fewest = 4

// batchRows is the largest number of variants of T tokens in a batch. One product with the
// unembedding reads their last positions.
func batchRows(T int) int { return min(most, max(1, batchTokens/T)) }

// batches runs many variants at a time, if their changes act on each row of a batch by itself, and
// leaves the others in r.todo. A batch grows: a variant joins it before the variant's first
// changed block, with the stream that was kept there. The first batch begins with the clean run,
// whose streams serve all.
func (r *runner) batches(ctx context.Context, s model.Session) error {
	together, alone := r.byRow()
	begin := variant{index: cleanIndex, edits: r.plan.Always}
	lead := len(together) > 0 && r.m.Apart()
	for _, e := range begin.edits {
		point, err := r.m.Points.Canonical(e.Point)
		if err != nil {
			return err
		}
		at, err := stageOf(r.m, point, e.Action)
		lead = lead && err == nil && e.Action.ByRow() && at.first != whole && !(at.first == 0 && at.after)
	}
	if !lead {
		if err := r.clean(s); err != nil {
			return err
		}
	}
	r.tell()
	for batch := range slices.Chunk(together, batchRows(len(r.ids))) {
		pending := r.pending(batch)
		// The batch that the clean run leads is made again: its product is that of all of them.
		if len(pending) == 0 && !lead {
			continue
		}
		made := batch
		if lead {
			made = append([]variant{begin}, batch...)
		}
		if err := r.batch(ctx, s, made, lead); err != nil {
			return err
		}
		lead = false
		for _, v := range pending {
			r.clock.done(v)
		}
		r.tell()
	}
	r.todo = r.pending(alone)
	return nil
}

// byRow sorts the variants that are to be run. together are those whose changes act on each row of
// a batch by itself, by rising first block. alone are the others.
func (r *runner) byRow() (together, alone []variant) {
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
	return together, alone
}

// batch runs variants, by rising first block, as one batch, and reads them. If lead is set, the
// first is the clean run.
func (r *runner) batch(ctx context.Context, s model.Session, batch []variant, lead bool) error {
	x, err := r.runBatch(ctx, s, batch, lead)
	if err != nil {
		return err
	}
	defer x.Close()
	return r.readBatch(s, batch, x)
}

// runBatch returns the normed states [n,T,C] of variants, by rising first block.
func (r *runner) runBatch(ctx context.Context, s model.Session, batch []variant, lead bool) (_ *torch.Tensor, err error) {
	L := r.m.Sizes.Blocks
	var x *torch.Tensor // [n,T,C], of the variants that have joined
	defer func() {
		if err != nil {
			x.Close()
		}
	}()
	joined := 0
	if lead {
		if x, err = s.Embed(r.ids); err != nil {
			return nil, err
		}
		joined = 1
		r.streams = make([]*torch.Tensor, L+1)
	}
	needed := r.needed()
	for i := batch[0].first; i <= L; i++ {
		if err = ctx.Err(); err != nil {
			return nil, err
		}
		if lead && needed[i] != "" {
			if err = r.keepStream(i, x); err != nil {
				return nil, err
			}
		}
		from := joined
		for joined < len(batch) && batch[joined].first == i {
			joined++
		}
		if joined > from {
			longer, err := r.join(x, batch[from:joined])
			if err != nil {
				return nil, err
			}
			x.Close()
			x = longer
		}
		here, err := r.editsAt(i, batch[:joined])
		if err != nil {
			return nil, err
		}
		var run *hooks.Run
		if i < L {
			run, err = s.Blocks(i, i+1, x, hooksOf(here))
		} else {
			run, err = s.Resume(L, x, hooksOf(here))
		}
		if err != nil {
			return nil, err
		}
		x.Close()
		x = run.Results[0]
	}
	return x, nil
}

// keepStream keeps the clean run's stream before a block, the first row of x.
func (r *runner) keepStream(i int, x *torch.Tensor) error {
	row, err := x.Narrow(0, 0, 1)
	if err != nil {
		return err
	}
	defer row.Close()
	r.streams[i], err = row.Clone()
	torch.Keep(&r.scope, r.streams[i])
	return err
}

// editsAt returns the edits in block i, or in the final norm after the last block, each in its
// variant's row.
func (r *runner) editsAt(i int, joined []variant) ([]Edit, error) {
	var here []Edit
	for row, v := range joined {
		for _, e := range v.edits {
			point, err := r.m.Points.Canonical(e.Point)
			if err != nil {
				return nil, err
			}
			l := r.m.Layout
			if i < len(l.Blocks) && within(point, l.Blocks[i].Out) || i == len(l.Blocks) && within(point, l.Norm) {
				here = append(here, Edit{Point: e.Point, Action: e.Action.Rows(row)})
			}
		}
	}
	return here, nil
}

// join adds the streams with which variants begin to a batch x, which can be nil.
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
	out, err := metrics.Call("batch", rows)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// readBatch reads the normed states [n,T,C] of a batch: the last positions in one product, or all
// positions, one variant at a time.
func (r *runner) readBatch(s model.Session, batch []variant, x *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	if !r.plan.Next {
		last, err := metrics.Call("last_rows", x)
		if err != nil {
			return err
		}
		logits, err := s.Head(torch.Keep(&sc, last[0]))
		if err != nil {
			return err
		}
		torch.Keep(&sc, logits)
		for i, v := range batch {
			if err := r.readRow(v.index, logits, i); err != nil {
				return err
			}
		}
		return r.readOther(s, batch)
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
		err = r.readRow(v.index, logits, len(r.ids)-1)
		logits.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// readRow measures a variant, or the clean run, which comes first.
func (r *runner) readRow(index int, logits *torch.Tensor, at int) error {
	if index == cleanIndex {
		if err := r.keepClean(logits, at); err != nil {
			return err
		}
		r.began = true
	}
	return r.measure(index, logits, at)
}

// readOther reads the other prompt of patches after a batch with the clean run.
func (r *runner) readOther(s model.Session, batch []variant) error {
	if batch[0].index != cleanIndex {
		return nil
	}
	return r.other(s)
}
