package lens

import (
	"context"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// inParts reports whether the logits of some positions can be read of all rows together,
// so that none are held of the whole window. A Stat is computed of all of a row's logits.
func (r *passageReader) inParts(s model.Session) bool {
	return len(r.Stats) == 0 && r.size[r.length()] <= tileRows && s.HasHeadParts(r.length())
}

// readParts reads some positions after the other, of all rows together.
func (r *passageReader) readParts(ctx context.Context, s model.Session, run *hooks.Run) error {
	states := []*torch.Tensor{run.Results[0]} // first the one behind the model's own output
	at := make([]int, len(r.rows))            // where each row's is among them
	for n := range r.rows {
		if r.isOwn(n) {
			continue
		}
		x, err := r.rowState(&r.scope, s, n, run)
		if err != nil {
			return err
		}
		at[n] = len(states)
		states = append(states, x)
	}
	each := make([]scores, len(states))
	size := r.size[r.length()]
	tiles := (r.length() + size - 1) / size
	group := max(1, groupRows/(size*len(states)))
	for n := 0; n < tiles; n += group {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, to := r.length()*n/tiles, r.length()*min(n+group, tiles)/tiles
		if err := r.readPart(s, states, from, to-from, size, each); err != nil {
			return err
		}
	}
	r.trim() // the next window must not come on top of what this one left
	rows := make([]*scores, len(r.rows))
	for n, i := range at {
		rows[n] = &each[i]
	}
	return r.join(rows, &each[0])
}

// readPart adds to each state's scores those of n positions.
func (r *passageReader) readPart(s model.Session, states []*torch.Tensor, from, n, size int, each []scores) error {
	x, err := s.HeadParts(states, from, n)
	if err != nil {
		return err
	}
	defer x.Close()
	ids, err := r.following.Narrow(0, int64(from), int64(n))
	if err != nil {
		return err
	}
	defer ids.Close()
	out, err := passages.Call("together", x, ids, size)
	if err != nil {
		return err
	}
	return addScores(each, out)
}
