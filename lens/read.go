package lens

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"sync"

	"github.com/golens/golens/hooks"
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
	last := run.Results[0]
	own, err := s.Head(last)
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, own)
	if err := r.measureFinal(own); err != nil {
		return err
	}
	for n := range r.rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.row(s, n, run, last, own); err != nil {
			return err
		}
	}
	return r.finish()
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

// upload puts numbers on the model's device, kept until the end.
func (r *reader) upload(v []int64) (*torch.Tensor, error) {
	t, err := torch.New(v, int64(len(v)))
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

// row projects one row and adds its statistics to the result.
func (r *reader) row(s model.Session, n int, run *hooks.Run, last, own *torch.Tensor) error {
	var sc torch.Scope
	defer sc.Close()
	state := run.Captured(r.points[n])
	x, l := own, r.final
	isOwn := r.At == Resid && r.rows[n].Index == len(r.m.Layout.Blocks)
	if isOwn && r.Hidden {
		if err := keepFloats(&r.out.Hidden, last); err != nil { // as Hugging Face's hidden_states have it
			return err
		}
	} else if r.Hidden {
		if err := keepFloats(&r.out.Hidden, state); err != nil {
			return err
		}
	}
	if !isOwn || r.Kind == Raw {
		h := state
		if r.Kind == Normed {
			normed, err := s.Norm(h)
			if err != nil {
				return err
			}
			h = torch.Keep(&sc, normed)
		}
		logits, err := s.Head(h)
		if err != nil {
			return err
		}
		x = torch.Keep(&sc, logits)
		logs, err := r.stats.Call("log_softmax", x)
		if err != nil {
			return err
		}
		l = torch.Keep(&sc, logs[0])
	}
	return r.measure(x, l)
}

// measure adds the statistics of a row's logits x and their log-softmax l.
func (r *reader) measure(x, l *torch.Tensor) error {
	out, err := r.stats.Call("cells", x, l, r.final, r.Top, r.at)
	if err != nil {
		return err
	}
	defer closeAll(out)
	ids, err := torch.Values[int64](out[0])
	if err != nil {
		return err
	}
	for p, best := range r.likeliest {
		r.out.Agree = append(r.out.Agree, ids[p*r.Top] == best)
	}
	r.out.TopIDs = append(r.out.TopIDs, ids...)
	for i, into := range []*[]float32{&r.out.TopLogits, &r.out.TopProbs, &r.out.Entropy, &r.out.LogSumExp, &r.out.KL} {
		if err := keepFloats(into, out[i+1]); err != nil {
			return err
		}
	}
	if r.Logits {
		if err := r.keepLogits(x); err != nil {
			return err
		}
	}
	if r.targets == nil {
		return nil
	}
	method := "words"
	if r.Next {
		method = "next"
	}
	return r.measureTargets(method, x, l)
}

func (r *reader) measureTargets(method string, x, l *torch.Tensor) error {
	out, err := r.stats.Call(method, x, l, r.targets, r.targetsAt)
	if err != nil {
		return err
	}
	defer closeAll(out)
	t := r.out.Targets
	if err := keepFloats(&t.LogProb, out[0]); err != nil {
		return err
	}
	if err := keepFloats(&t.Prob, out[1]); err != nil {
		return err
	}
	for i, into := range []*[]int64{&t.Rank, &t.Ties} {
		v, err := torch.Values[int64](out[i+2])
		if err != nil {
			return err
		}
		*into = append(*into, v...)
	}
	return nil
}

func (r *reader) keepLogits(x *torch.Tensor) error {
	for _, p := range r.positions {
		row, err := x.Narrow(1, int64(p), 1)
		if err != nil {
			return err
		}
		err = keepFloats(&r.out.Logits, row)
		row.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// finish blanks the cells that have no target, and says what is odd.
func (r *reader) finish() error {
	if t := r.out.Targets; t != nil && t.Next {
		nan := float32(math.NaN())
		for i := range t.LogProb {
			if t.IDs[i%len(t.IDs)] < 0 {
				t.LogProb[i], t.Prob[i], t.Rank[i], t.Ties[i] = nan, nan, 0, 0
			}
		}
	}
	bad := 0
	for _, v := range r.out.LogSumExp {
		if math.IsNaN(float64(v)) {
			bad++
		}
	}
	if bad > 0 {
		r.out.Warnings = append(r.out.Warnings, fmt.Sprintf("%d of %d cells are not numbers (NaN): the weights, or an intervention, hold a NaN or overflow", bad, len(r.out.LogSumExp)))
	}
	return r.name()
}

func keepFloats(into *[]float32, t *torch.Tensor) error {
	v, err := torch.Values[float32](t)
	*into = append(*into, v...)
	return err
}

func closeAll(ts []*torch.Tensor) {
	for _, t := range ts {
		t.Close()
	}
}
