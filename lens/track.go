package lens

import (
	"context"
	"math"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// Tracks follow tokens through all rows: at each position those that are among
// the Top likeliest of at least one row there.
type Tracks struct {
	Top int // candidates of each cell that are followed
	N   int // tokens at a position, at most

	IDs     []int64   // [P,N] rising; -1 behind a position's last
	LogProb []float32 // [R,P,N] nats; NaN where there is no token
	Prob    []float32 // [R,P,N]; NaN where there is no token
}

// follow reads the probabilities of the tracked tokens. Which tokens they are
// shows only when all rows are read, so every state is projected once more, in
// the same shape and to the same bits: logits of all rows would fill memory.
func (r *reader) follow(ctx context.Context, s model.Session, run *hooks.Run) error {
	if r.Track == 0 {
		return nil
	}
	t := r.tracked()
	r.out.Tracks = t
	T := r.length()
	all := make([]int64, T*t.N) // [T,N]; what is read of id 0 where there is none is blanked
	for p, at := range r.positions {
		for n := range t.N {
			all[at*t.N+n] = max(0, t.IDs[p*t.N+n])
		}
	}
	ids, err := r.upload(all, int64(T), int64(t.N))
	if err != nil {
		return err
	}
	type probabilities struct{ log, plain []float32 }
	rows := make([]probabilities, len(r.rows))
	for n := range r.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		x, err := r.again(s, n, run)
		if err != nil {
			return err
		}
		err = r.take("track", []any{x, ids, r.at}, &rows[n].log, &rows[n].plain)
		x.Close()
		if err != nil {
			return err
		}
		r.trim()
	}
	for _, row := range rows {
		t.LogProb, t.Prob = append(t.LogProb, row.log...), append(t.Prob, row.plain...)
	}
	nan := float32(math.NaN())
	for i := range t.LogProb {
		if t.IDs[i%len(t.IDs)] < 0 {
			t.LogProb[i], t.Prob[i] = nan, nan
		}
	}
	return nil
}

// again projects row n once more, as read did.
func (r *reader) again(s model.Session, n int, run *hooks.Run) (*torch.Tensor, error) {
	if r.isOwn(n) {
		return s.Head(run.Results[0])
	}
	return r.projectRow(s, n, run)
}

// tracked collects the tokens to follow.
func (r *reader) tracked() *Tracks {
	t := &Tracks{Top: r.Track}
	P := len(r.positions)
	at := make([][]int64, P)
	for p := range at {
		for _, c := range r.cells {
			at[p] = append(at[p], c.topIDs[p*r.Top:p*r.Top+r.Track]...)
		}
		slices.Sort(at[p])
		at[p] = slices.Compact(at[p])
		t.N = max(t.N, len(at[p]))
	}
	for _, ids := range at {
		t.IDs = append(t.IDs, ids...)
		t.IDs = append(t.IDs, slices.Repeat([]int64{-1}, t.N-len(ids))...)
	}
	return t
}
