package lens

import (
	"context"
	_ "embed"
	"sync"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed statistics.py
var statisticsText string

var statistics = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Statistics", statisticsText)
})

// Read runs the model on ids [T] once and projects the states of every row onto
// the vocabulary, one row after the other, each in the shape [1,T,C] that a
// notebook uses: the numbers are PyTorch's to the last bit. Memory holds a few
// times one row's logits [T,V], however many rows there are. A cancelled ctx ends it between rows.
func Read(ctx context.Context, m *model.Model, ids []int64, o Options) (*Result, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	p, err := o.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	r := &reader{plan: p, m: m, ids: ids}
	defer r.scope.Close()
	if err := m.Hold(func(s model.Session) error { return r.read(ctx, s) }); err != nil {
		return nil, err
	}
	return r.out, nil
}

// reader is one Read under way.
type reader struct {
	*plan
	m     *model.Model
	ids   []int64
	stats *torch.Module
	scope torch.Scope
	out   *Result

	at, targetsAt *torch.Tensor // positions, as indices
	targets       *torch.Tensor // ids of the targets, or nil
	final         *torch.Tensor // log-softmax of the model's own output [1,T,V]
	likeliest     []int64       // the model's own next token at each position
	cells         []cells       // one for each row
}

func (r *reader) read(ctx context.Context, s model.Session) error {
	var err error
	if r.stats, err = statistics(); err != nil {
		return err
	}
	if err := r.prepare(); err != nil {
		return err
	}
	h := r.Hooks.Clone()
	for _, point := range r.points {
		h.Capture(point)
	}
	run, err := s.Trunk(r.ids, h)
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, run)
	own, err := s.Head(run.Results[0])
	if err != nil {
		return err
	}
	defer own.Close()
	if err := r.measureFinal(own); err != nil {
		return err
	}
	// The last row comes first: it is the model's own output as a rule, whose logits
	// then need not be kept.
	torch.Trim()
	r.cells = make([]cells, len(r.rows))
	for n := len(r.rows) - 1; n >= 0; n-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		x := own
		if !r.isOwn(n) {
			own.Close()
			if x, err = r.project(s, run.Captured(r.points[n])); err != nil {
				return err
			}
		}
		if err := r.measure(n, x); err != nil {
			return err
		}
		if err := r.keepState(n, run); err != nil {
			return err
		}
		torch.Trim() // the next row must not come on top of what this one left
	}
	if err := r.follow(ctx, s, run); err != nil {
		return err
	}
	return r.finish()
}

// isOwn reports whether a row is the model's own output.
func (r *reader) isOwn(n int) bool { return r.isLast(n) && r.Kind != Raw }

// isLast reports whether a row is the residual stream after the last block.
func (r *reader) isLast(n int) bool {
	return r.At == Resid && r.rows[n].Index == len(r.m.Layout.Blocks)
}

// project unembeds a state [1,T,C], through the final norm for the normed lens.
func (r *reader) project(s model.Session, h *torch.Tensor) (*torch.Tensor, error) {
	if r.Kind != Normed {
		return s.Head(h)
	}
	normed, err := s.Norm(h)
	if err != nil {
		return nil, err
	}
	defer normed.Close()
	return s.Head(normed)
}

// prepare makes the result and the small tensors that every row needs.
func (r *reader) prepare() error {
	r.out = &Result{Rows: r.rows, Positions: r.positions, K: r.Top, Width: r.m.Sizes.Width, Vocab: r.m.Sizes.Vocab}
	for _, id := range r.ids {
		r.out.Tokens = append(r.out.Tokens, Token{ID: id})
	}
	var err error
	if r.at, err = r.index(r.positions); err != nil {
		return err
	}
	if r.targetsAt, err = r.index(r.plan.targetsAt); err != nil {
		return err
	}
	t := &Targets{Next: r.Next, Positions: r.plan.targetsAt}
	switch {
	case r.Next:
		// The last position has no next token: it reads id 0, and is blanked at the end.
		next := append(append([]int64(nil), r.ids[1:]...), 0)
		r.targets, err = r.upload(next)
		t.N = 1
		for _, p := range r.positions {
			id := int64(-1)
			if p+1 < len(r.ids) {
				id = r.ids[p+1]
			}
			t.IDs = append(t.IDs, id)
		}
	case len(r.Words) > 0:
		for _, w := range r.Words {
			t.Words, t.IDs = append(t.Words, w.Text), append(t.IDs, w.ID)
		}
		r.targets, err = r.upload(t.IDs)
		t.N = len(t.IDs)
	default:
		return nil
	}
	r.out.Targets = t
	return err
}

func (r *reader) index(at []int) (*torch.Tensor, error) {
	v := make([]int64, len(at))
	for i, p := range at {
		v[i] = int64(p)
	}
	return r.upload(v)
}

// upload puts numbers on the model's device, in one line unless a shape is given,
// kept until the end.
func (r *reader) upload(v []int64, shape ...int64) (*torch.Tensor, error) {
	if shape == nil {
		shape = []int64{int64(len(v))}
	}
	t, err := torch.New(v, shape...)
	if err != nil || !r.m.Device.IsCUDA() {
		return torch.Keep(&r.scope, t), err
	}
	defer t.Close()
	t, err = t.To(torch.Int64, r.m.Device)
	return torch.Keep(&r.scope, t), err
}

func (r *reader) measureFinal(own *torch.Tensor) error {
	l, err := r.stats.Call("log_softmax", own)
	if err != nil {
		return err
	}
	r.final = torch.Keep(&r.scope, l[0])
	best, err := r.stats.Call("likeliest", own, r.at)
	if err != nil {
		return err
	}
	r.likeliest, err = torch.Values[int64](torch.Keep(&r.scope, best[0]))
	return err
}
