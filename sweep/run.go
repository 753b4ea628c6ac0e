package sweep

import (
	"context"
	_ "embed"
	"slices"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed metrics.py
var metricsText string

var metrics = torch.NewProgram("Metrics", metricsText)

// Options say how a plan is run. The zero Options run all of it, in exact mode.
type Options struct {
	// Progress is called before the first run and after each. The model's device is held
	// meanwhile: starting another run in Progress is a torch.HeldError.
	Progress func(Progress)
	// Fast runs many variants as one batch. Products of other sizes have other last bits, so
	// the numbers equal those of exact runs to some 1e-5, and not to the bit.
	Fast bool
	// Before is an earlier result of the same plan. Its runs are not made again.
	Before *Result
	// Runs were kept by Keep in an earlier sweep of the same Key. They are not made again.
	Runs []Made
	// Keep is called for each finished run, at most a few seconds later, unless a single run,
	// or in fast mode a batch, takes longer. An error of Keep ends the sweep.
	Keep func(Made) error
}

// A Made holds the values of each metric for one run. Index is change * places + place.
type Made struct {
	Index  int
	Values [][]float32 // [W] of each series
	Odd    []int64     // as Result.OddAt has it
}

// Run makes the runs of a plan on ids [T]. If ctx is cancelled or a run fails, Run returns the
// error together with the result of the finished runs. That result is nil if the clean run is not
// finished.
func Run(ctx context.Context, m *model.Model, ids []int64, p Plan, o Options) (*Result, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	p, err := p.check(m, len(ids))
	if err != nil {
		return nil, err
	}
	return (&runner{m: m, ids: ids, plan: p, Options: o, out: newResult(p, ids)}).run(ctx)
}

// run makes the runs of a checked plan.
func (r *runner) run(ctx context.Context) (*Result, error) {
	defer r.scope.Close()
	if err := r.prepare(); err != nil {
		return nil, err
	}
	err := r.m.Hold(ctx, func(s model.Session) error {
		first := func(s model.Session) error {
			began := time.Now()
			defer func() { r.pace = time.Since(began) }()
			return r.clean(s)
		}
		if r.Fast {
			if r.packed {
				var err error
				if s, err = s.Fast(); err != nil {
					return err
				}
			}
			first = func(s model.Session) error { return r.batches(ctx, s) }
		}
		if err := first(s); err != nil {
			return err
		}
		if !r.Fast {
			if err := r.together(ctx, s); err != nil {
				return err
			}
		}
		return r.variants(ctx, s)
	})
	if !r.began {
		return nil, err
	}
	r.warnOdd(r.m.Sizes.Vocab)
	return r.out, err
}

// keepWithin is the longest time before finished runs are measured and kept.
const keepWithin = 4 * time.Second

// A runner is a sweep in progress.
type runner struct {
	Options
	m    *model.Model
	ids  []int64
	plan Plan
	out  *Result

	todo    []variant
	packed  bool // by the whole plan: a sweep that is taken up again goes on with the same numbers
	scope   torch.Scope
	targets []*torch.Tensor // ids of each metric
	began   bool            // the clean run is made

	cleanOdd, otherOdd []int64 // as Result.Odd, of the clean run and of the other prompt's

	streams    []*torch.Tensor // [1,T,C] in front of each block, and of the final norm; nil where no run begins there
	normed     *torch.Tensor   // the clean run's normed states [1,T,C]
	last       *torch.Tensor   // the last of them, [1,1,C]
	logs       *torch.Tensor   // its log-probabilities, [V] or, for next tokens, [1,T,V]
	row        *torch.Tensor   // its logits at the last position [V], of the whole product
	width      int             // how many rows a product with the head has; 0 where each run has one of its own
	rows       []lastRow       // that wait for the head
	sums       bool            // reader is a session whose head has the whole product's bits at any number of rows
	reader     model.Session
	pace       time.Duration // what a run takes, in a batch of exact runs
	waiting    time.Time     // since when the first of rows waits
	spoil      bool          // of tests: no shared product has the bits of the whole run's
	spoilBatch bool          // of tests: no batch has them
	clock      clock
}

// prepare makes the variants and the tensors of ids.
func (r *runner) prepare() error {
	r.out.Digest = r.plan.Digest(r.ids)
	r.packed = packs(r.m, r.plan, r.Fast)
	if err := r.takeOver(); err != nil {
		return err
	}
	for f, c := range r.plan.Changes {
		for b, place := range r.plan.Places {
			index := f*len(r.plan.Places) + b
			if r.out.Done[index] && !r.Fast { // in fast mode the whole plan says which runs share a batch
				continue
			}
			edits, err := c.Edits(place)
			if err != nil {
				return err
			}
			v, err := variantOf(r.m, index, edits, r.plan.Always)
			if err != nil {
				return err
			}
			r.todo = append(r.todo, v)
		}
	}
	pending := r.pending(r.todo)
	r.clock = newClock(r.m, pending, r.plan.Runs()-len(pending))
	for _, k := range r.plan.Metrics {
		t, err := r.targetsOf(k)
		if err != nil {
			return err
		}
		r.targets = append(r.targets, t)
	}
	return r.describe()
}

// pending returns the variants that are not done.
func (r *runner) pending(of []variant) []variant {
	return slices.DeleteFunc(slices.Clone(of), func(v variant) bool { return r.out.Done[v.index] })
}

// targetsOf returns the ids of a metric on the model's device: [N], two for diff, and [1,T,1] for
// next tokens. There, the last id only completes the shape.
func (r *runner) targetsOf(k Metric) (*torch.Tensor, error) {
	var v []int64
	var shape []int64
	switch {
	case k.Kind == Diff:
		v, shape = []int64{k.Diff[0].ID, k.Diff[1].ID}, []int64{2}
	case r.plan.Next:
		v = append(slices.Clone(r.ids[1:]), 0)
		shape = []int64{1, int64(len(v)), 1}
	default:
		for _, w := range r.plan.Words {
			v = append(v, w.ID)
		}
		shape = []int64{int64(len(v))}
	}
	t, err := torch.NewOn(r.m.Device, v, shape...)
	return torch.Keep(&r.scope, t), err
}

// clean makes the run without a change, and keeps the streams with which other runs begin.
func (r *runner) clean(s model.Session) error {
	h := hooksOf(r.plan.Always)
	points := r.needed()
	for _, p := range points {
		if p != "" {
			h.Capture(p)
		}
	}
	run, err := s.Trunk(r.ids, h)
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, run)
	r.streams = make([]*torch.Tensor, len(points))
	for i, p := range points {
		if p != "" {
			r.streams[i] = run.Captured(p)
		}
	}
	r.normed = run.Results[0]
	if err := r.cleanHead(s, run); err != nil {
		return err
	}
	r.began = true
	return r.other(s)
}

// other reads the metrics of the prompt from which patches take states.
func (r *runner) other(s model.Session) error {
	ids := r.plan.other()
	if ids == nil {
		return nil
	}
	run, err := s.Forward(ids, nil)
	if err != nil {
		return err
	}
	defer run.Close()
	return r.measure(otherIndex, run.Results[0], len(ids)-1)
}

// needed returns, for each block and the final norm, the point of the stream before it, or "" if
// no run begins there.
func (r *runner) needed() []string {
	l := r.m.Layout
	points := make([]string, len(l.Blocks)+1)
	for _, v := range r.todo {
		if v.first >= 0 && v.first < len(points) {
			points[v.first] = l.Embed
			if v.first > 0 {
				points[v.first] = l.Blocks[v.first-1].Out
			}
		}
	}
	return points
}

// variants makes the runs one after another.
func (r *runner) variants(ctx context.Context, s model.Session) error {
	r.tell()
	for i := 0; i < len(r.todo); i++ {
		err := ctx.Err()
		if err == nil {
			err = r.one(s, r.todo[i])
		}
		if err != nil {
			// What was run and waits for the head is not lost.
			if again := r.drain(s); again != nil {
				return again
			}
			return err
		}
		if r.isFull() || i == len(r.todo)-1 || r.Keep != nil && len(r.rows) > 0 && time.Since(r.waiting) > keepWithin {
			if err := r.drain(s); err != nil {
				return err
			}
		}
		r.clock.done(r.todo[i])
		r.tell()
	}
	return nil
}

// one runs a variant up to its normed states, and also reads it if its product with the
// unembedding is its own.
func (r *runner) one(s model.Session, v variant) error {
	var sc torch.Scope
	defer sc.Close()
	normed, err := r.trunk(s, &sc, v)
	if err != nil {
		return err
	}
	if r.width == 0 {
		logits, err := s.Head(normed)
		if err != nil {
			return err
		}
		return r.measure(v.index, torch.Keep(&sc, logits), len(r.ids)-1)
	}
	row, err := lastOf(&sc, normed, len(r.ids))
	if err != nil {
		return err
	}
	kept, err := row.Clone()
	if err != nil {
		return err
	}
	if len(r.rows) == 0 {
		r.waiting = time.Now()
	}
	r.rows = append(r.rows, lastRow{v, kept})
	return nil
}

// trunk returns the normed states [1,T,C] of a variant.
func (r *runner) trunk(s model.Session, sc *torch.Scope, v variant) (*torch.Tensor, error) {
	h := hooksOf(v.edits)
	var run *hooks.Run
	var err error
	if v.first == whole {
		run, err = s.Trunk(r.ids, h)
	} else {
		x := r.streams[v.first]
		for _, e := range v.kept {
			if x, err = e.Action.Apply(x); err != nil {
				return nil, err
			}
			torch.Keep(sc, x)
		}
		run, err = s.Resume(v.first, x, h)
	}
	if err != nil {
		return nil, err
	}
	return torch.Keep(sc, run).Results[0], nil
}
