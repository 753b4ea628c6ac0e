package lens

import (
	"context"
	"slices"

	"github.com/golens/golens/torch"
)

// served reports whether the kernels read what a statistic is made of.
func (f *fast) served(s Stat) bool { return s.Fast != nil && f.Top >= s.Candidates }

// fillStats makes the statistics that the kernels serve.
func (f *fast) fillStats() {
	b, P := f.whole, len(f.positions)
	for n := range f.rows {
		c := &f.cells[n]
		c.stats = make([][]float32, len(f.Stats))
		for k, s := range f.Stats {
			if !f.served(s) {
				continue
			}
			for i, p := range f.positions {
				at := n*P + i
				cell := FastCell{TopIDs: b.TopIDs[at*f.Top : (at+1)*f.Top], TopLogits: b.TopLogits[at*f.Top : (at+1)*f.Top],
					LogSumExp: b.LogSumExp[at], Entropy: b.Entropy[at], KL: b.KL[at]}
				if !s.OfTargets {
					c.stats[k] = append(c.stats[k], s.Fast(cell))
				} else if _, ok := slices.BinarySearch(f.plan.targetsAt, p); ok {
					for j := at * b.count; j < (at+1)*b.count; j++ {
						cell.TargetLogit, cell.TargetRank, cell.TargetTies = b.TargetLogit[j], b.TargetRank[j], b.TargetTies[j]
						c.stats[k] = append(c.stats[k], s.Fast(cell))
					}
				}
			}
		}
	}
}

// addStats computes the other statistics of row n, from logits of some positions at a time.
func (f *fast) addStats(ctx context.Context, n int) error {
	if !slices.ContainsFunc(f.Stats, func(s Stat) bool { return !f.served(s) }) {
		return nil
	}
	ready := func(_ int, at *torch.Tensor) (*torch.Tensor, error) { return f.ready(n, at) }
	N := int(f.targets.Shape()[1])
	return f.blocks(ctx, f.tiles.rows(f.Top), 1, ready, func(from, P int, states []*torch.Tensor) error {
		var sc torch.Scope
		defer sc.Close()
		x, err := f.tiles.logits(states[0], P)
		if torch.Keep(&sc, x); err != nil {
			return err
		}
		var at, ids []int64 // of targets, in this block
		for i, p := range f.positions[from : from+P] {
			if _, ok := slices.BinarySearch(f.plan.targetsAt, p); ok && N > 0 {
				at = append(at, int64(i))
				for _, id := range f.wanted[(from+i)*N : (from+i+1)*N] {
					ids = append(ids, max(0, id)) // blanked at the end where there is none
				}
			}
		}
		where, err := f.tiles.upload(&sc, at, int64(len(at)))
		if err != nil {
			return err
		}
		which, err := f.tiles.upload(&sc, ids, int64(len(at)), int64(N))
		if err != nil {
			return err
		}
		for k, s := range f.Stats {
			if f.served(s) || s.OfTargets && len(at) == 0 {
				continue
			}
			t, err := s.call(x, where, which)
			if err != nil {
				return err
			}
			v, err := torch.Values[float32](t)
			t.Close()
			if err != nil {
				return err
			}
			f.cells[n].stats[k] = append(f.cells[n].stats[k], v...)
		}
		return nil
	})
}
