package lens

import (
	"context"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// fast is a reading in fast mode: the states of all rows meet the vocabulary together,
// block of positions by block, and no row's logits are ever whole.
type fast struct {
	*reader
	s     model.Session
	run   *hooks.Run
	tiles *tiles
	by    readout
	own   int // which state is the model's own output
	whole *reading
}

// newFast returns a reading of what a run with the plan's captures left behind. The
// caller closes it.
func (r *reader) newFast(s model.Session, run *hooks.Run) (*fast, error) {
	f := &fast{reader: r, s: s, run: run, own: slices.IndexFunc(r.rows, func(row Row) bool { return r.isLastRow(row) && r.Projection.OwnOutput() })}
	if f.own < 0 {
		f.own = len(r.rows) // it comes behind the rows, and is not among them
	}
	var err error
	if f.tiles, err = openTiles(r.m); err != nil {
		return nil, err
	}
	f.by = f.tiles
	if r.Kernel == TF32X3 {
		own, err := openNear(f.tiles)
		if err != nil {
			f.tiles.Close()
			return nil, err
		}
		f.by = own
	}
	if r.Kernel == F32 || r.Kernel == X3 {
		own, err := openFused(f.tiles.head, r.Kernel)
		if err != nil {
			f.tiles.Close()
			return nil, err
		}
		f.by, r.order = own, own.order.String()
	}
	return f, nil
}

func (f *fast) Close() error {
	if own, ok := f.by.(*near); ok {
		return own.Close()
	}
	return f.tiles.Close()
}

// readFast reads the states that a run with the plan's captures left behind.
func (r *reader) readFast(ctx context.Context, s model.Session, run *hooks.Run) error {
	if err := r.prepare(); err != nil {
		return err
	}
	f, err := r.newFast(s, run)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.readRows(ctx); err != nil {
		return err
	}
	f.fill()
	for n := range r.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.addStats(ctx, n); err != nil {
			return err
		}
		if err := f.keepLogits(n); err != nil {
			return err
		}
		if err := r.keepState(n, run); err != nil {
			return err
		}
	}
	if err := f.follow(ctx); err != nil {
		return err
	}
	r.trim()
	return r.finish()
}

// count returns the number of states: the rows, and the model's own output.
func (f *fast) count() int { return max(len(f.rows), f.own+1) }

// readRows fills in f.whole.
func (f *fast) readRows(ctx context.Context) error {
	targets, N := f.wanted, 0
	if f.out.Targets != nil {
		N = f.out.Targets.N
	}
	f.whole = newReading(f.count(), len(f.positions), f.Top, N)
	return f.blocks(ctx, f.by.rows(f.Top), f.count(), f.ready, func(from, P int, states []*torch.Tensor) error {
		b, err := f.by.read(states, f.own, f.Top, targets[from*N:(from+P)*N], N)
		if err == nil {
			f.whole.put(from, b)
		}
		return err
	})
}

// blocks calls do for blocks of so many rows, with S states [1,P,N] that ready makes of P
// positions, from the one numbered `from` on.
func (f *fast) blocks(ctx context.Context, rows, S int, ready func(n int, at *torch.Tensor) (*torch.Tensor, error),
	do func(from, P int, states []*torch.Tensor) error) error {
	most := max(1, rows/S)
	count := (len(f.positions) + most - 1) / most
	size := (len(f.positions) + count - 1) / count // of about equal size
	for from := 0; from < len(f.positions); from += size {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.block(from, min(size, len(f.positions)-from), S, ready, do); err != nil {
			return err
		}
	}
	return nil
}

func (f *fast) block(from, P, S int, ready func(n int, at *torch.Tensor) (*torch.Tensor, error),
	do func(from, P int, states []*torch.Tensor) error) error {
	var sc torch.Scope
	defer sc.Close()
	at, err := f.tiles.upload(&sc, int64s(f.positions[from:from+P]), int64(P))
	if err != nil {
		return err
	}
	var states []*torch.Tensor
	for n := range S {
		h, err := ready(n, at)
		if err != nil {
			return err
		}
		states = append(states, torch.Keep(&sc, h))
	}
	return do(from, P, states)
}

func int64s(v []int) []int64 {
	out := make([]int64, len(v))
	for i, n := range v {
		out[i] = int64(n)
	}
	return out
}

// ready returns the state of row n at positions, [1,P,N], as the head's product takes
// it; row f.own is the model's own output.
func (f *fast) ready(n int, at *torch.Tensor) (*torch.Tensor, error) {
	h := f.run.Results[0]
	if n != f.own {
		var err error
		if h, err = f.state(n, f.run); err != nil {
			return nil, err
		}
	}
	h, err := f.tiles.gather(h, at)
	if err != nil {
		return nil, err
	}
	if n != f.own {
		if h, err = f.front(n, h); err != nil {
			return nil, err
		}
	}
	defer h.Close()
	return f.s.Narrow(h)
}

// front is what stands between row n's state [1,P,C], which it closes, and the head.
func (f *fast) front(n int, h *torch.Tensor) (*torch.Tensor, error) {
	x, err := f.project(f.s, n, h)
	if x != h {
		h.Close()
	}
	return x, err
}
