package lens

import (
	"context"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A Diff is the lens of a run with interventions beside that of one without.
type Diff struct {
	Clean, Changed *Result
	// KL is the divergence of each cell, KL(clean || changed) [R,P], in nats.
	KL []float32
}

// Moved reports whether cell n, counted row by row, has another likeliest token with the
// interventions than without. A cell with a NaN logit has none, and differs from each that has.
func (d *Diff) Moved(n int) bool {
	a, b := n*d.Clean.K, n*d.Changed.K
	x, y := d.Clean.TopLogits[a], d.Changed.TopLogits[b]
	return !agree(d.Clean.TopIDs[a], x, d.Changed.TopIDs[b], y) && !(x != x && y != y)
}

// ReadDiff is Read with o.Hooks and without. Of Options, what is kept whole (Hidden,
// Logits) and what is called for each row has no part in it.
func ReadDiff(ctx context.Context, m *model.Model, ids []int64, o Options) (*Diff, error) {
	o.Hidden, o.Logits, o.Each = false, false, nil
	plain := o
	plain.Hooks = nil
	var d Diff
	var err error
	if d.Clean, err = Read(ctx, m, ids, plain); err != nil {
		return nil, err
	}
	if d.Changed, err = Read(ctx, m, ids, o); err != nil {
		return nil, err
	}
	p, err := o.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	r := &reader{plan: p, m: m, ids: ids, next: -1}
	defer r.scope.Close()
	err = m.Hold(ctx, func(s model.Session) error {
		d.KL, err = r.divergence(ctx, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// divergence runs the model twice, with hooks and without, and compares the rows of
// both one after the other, so that the logits of two rows are there at a time.
func (r *reader) divergence(ctx context.Context, s model.Session) (kl []float32, err error) {
	if r.at, err = r.index(r.positions); err != nil {
		return nil, err
	}
	if s, err = r.session(s, r.length()); err != nil {
		return nil, err
	}
	changed, err := s.Trunk(r.ids, r.captures())
	if err != nil {
		return nil, err
	}
	torch.Keep(&r.scope, changed)
	r.Hooks = nil
	clean, err := s.Trunk(r.ids, r.captures())
	if err != nil {
		return nil, err
	}
	torch.Keep(&r.scope, clean)
	if r.Fast {
		return r.fastDivergence(ctx, s, clean, changed)
	}
	for n := range r.rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a, err := r.logSoftmax(s, n, clean)
		if err != nil {
			return nil, err
		}
		b, err := r.logSoftmax(s, n, changed)
		if err == nil {
			var entropy, here []float32
			err = r.take("spread", []any{b, a, nil, r.at}, &entropy, &here)
			kl = append(kl, here...)
		}
		a.Close()
		b.Close()
		if err != nil {
			return nil, err
		}
		r.trim()
	}
	return kl, nil
}

// logSoftmax returns the log-probabilities of row n of a run, [1,T,V].
func (r *reader) logSoftmax(s model.Session, n int, run *hooks.Run) (*torch.Tensor, error) {
	var x *torch.Tensor
	var err error
	if r.isOwn(n) {
		x, err = s.Head(run.Results[0])
	} else {
		x, err = r.projectRow(s, n, run)
	}
	if err != nil {
		return nil, err
	}
	defer x.Close()
	l, err := statistics.Call("log_softmax", x)
	if err != nil {
		return nil, err
	}
	return l[0], nil
}
