package lens

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

//go:embed statistics.py
var statisticsText string

var statistics = torch.NewProgram("Statistics", statisticsText)

// Read runs the model on ids [T] once and projects the states of every row onto
// the vocabulary, one row after the other, each in the shape [1,T,C] that a
// notebook uses: the numbers are PyTorch's to the last bit. Memory holds a few
// times one row's logits [T,V], however many rows there are. A cancelled ctx ends it between rows.
//
// In fast mode all rows are projected together, tile by tile of the vocabulary, and no
// row's logits are held, unless Options ask for them.
func Read(ctx context.Context, m *model.Model, ids []int64, o Options) (*Result, error) {
	return readBefore(ctx, m, ids, -1, o)
}

// readBefore is Read of ids that a token follows, the last position's next one; -1
// where there is none.
func readBefore(ctx context.Context, m *model.Model, ids []int64, next int64, o Options) (*Result, error) {
	if err := m.Check(ids); err != nil {
		return nil, err
	}
	p, err := o.plan(m, len(ids))
	if err != nil {
		return nil, err
	}
	r := &reader{plan: p, m: m, ids: ids, next: next}
	defer r.scope.Close()
	if err := m.Hold(ctx, func(s model.Session) error { return r.read(ctx, s) }); err != nil {
		return nil, err
	}
	return r.out, nil
}

// reader is one Read under way, or one step of a generation, which reads the tokens
// from first on behind those that were read before. Tensors have these tokens only;
// the plan's positions are counted from first.
type reader struct {
	*plan
	m     *model.Model
	ids   []int64 // all that were read
	first int     // position of the first one that is read now
	next  int64   // the token behind the last, -1 where there is none
	scope torch.Scope
	out   *Result

	at, targetsAt *torch.Tensor    // positions, as indices
	targets       *torch.Tensor    // ids of the targets at each of these, [Q,N]; N is 0 without any
	wanted        []int64          // the same at all positions, [P,N], -1 for none; nil without any
	final         *torch.Tensor    // log-softmax of the model's own output [1,T,V]
	chances       *torch.Tensor    // its exp, kept where it is small
	likeliest     *torch.Selection // the model's own next token at each position, and its logit
	cells         []cells          // one for each row
	order         string           // of summation in the fast mode's products, where it is known
	best          []int64          // the model's own likeliest tokens behind the last position, in fast mode
}

func (r *reader) read(ctx context.Context, s model.Session) error {
	s, err := r.session(s, r.length())
	if err != nil {
		return err
	}
	run, err := s.Trunk(r.ids, r.captures())
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, run)
	if r.Last {
		s.ReleaseTrunk()
	}
	if r.Fast {
		return r.readFast(ctx, s, run)
	}
	own, err := s.Head(run.Results[0])
	if err != nil {
		return err
	}
	return r.readRun(ctx, s, run, own)
}

// captures returns the hooks of the run: the caller's, and what keeps each row's state.
func (p *plan) captures() *hooks.Registry {
	h := p.Hooks.Clone()
	for _, point := range p.points {
		h.Capture(point)
	}
	return h
}

// readRun reads the states that a run with these captures left behind. own are the
// model's own logits [1,T,V], which it closes.
func (r *reader) readRun(ctx context.Context, s model.Session, run *hooks.Run, own *torch.Tensor) error {
	defer own.Close()
	var err error
	if err := r.prepare(); err != nil {
		return err
	}
	if err := r.measureFinal(own); err != nil {
		return err
	}
	// The last row comes first: it is the model's own output as a rule, whose logits
	// then need not be kept.
	r.trim()
	r.cells = make([]cells, len(r.rows))
	for n := len(r.rows) - 1; n >= 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		group := []*torch.Tensor{own}
		if !r.isOwn(n) {
			own.Close()
			if group, err = r.projectRows(s, n, run); err != nil {
				return err
			}
		}
		for _, x := range group {
			torch.Keep(&r.scope, x)
		}
		for _, x := range group {
			if err := r.measure(n, x); err != nil {
				return err
			}
			if err := r.keepState(n, run); err != nil {
				return err
			}
			n--
		}
		r.trim() // the next row must not come on top of what this one left
	}
	if err := r.follow(ctx, s, run); err != nil {
		return err
	}
	return r.finish()
}

// trim gives memory back, unless a row's logits are small: that takes longer than to
// make them.
func (r *reader) trim() {
	if !r.small() {
		torch.Trim()
	}
}

// small reports whether a few more rows of logits do not count beside the program.
func (r *reader) small() bool { return r.length()*r.m.Sizes.Vocab <= 1<<20 }

// length is the number of tokens that are read now.
func (r *reader) length() int { return len(r.ids) - r.first }

// isOwn reports whether a row is the model's own output.
func (r *reader) isOwn(n int) bool { return r.isLast(n) && r.Projection.OwnOutput() }

// isLast reports whether a row is the residual stream after the last block.
func (r *reader) isLast(n int) bool { return r.isLastRow(r.rows[n]) }

func (r *reader) isLastRow(row Row) bool {
	return r.At == Resid && row.Index == len(r.m.Layout.Blocks)
}

// state returns the state [1,T,C] of row n. Where the model reads the whole text in
// every step, it is the end of what was captured.
func (r *reader) state(n int, run *hooks.Run) (*torch.Tensor, error) {
	x := run.Captured(r.points[n])
	if r.first == 0 || r.m.Cached() {
		return x, nil
	}
	end, err := x.Narrow(1, int64(r.first), int64(r.length()))
	return torch.Keep(&r.scope, end), err
}

// projectRows unembeds the states of row n and some before it: several where a row's
// logits are small.
func (r *reader) projectRows(s model.Session, n int, run *hooks.Run) ([]*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	most := 1
	if r.small() {
		most = max(1, groupRows/r.length())
	}
	var states []*torch.Tensor
	for ; n >= 0 && len(states) < most; n-- {
		h, err := r.rowState(&sc, s, n, run)
		if err != nil {
			return nil, err
		}
		states = append(states, h)
	}
	return s.Heads(states)
}

// groupRows is about how many rows the head reads at once: the more, the less often it
// turns the weights, and the more memory their logits take.
const groupRows = 96

// projectRow unembeds the state of row n.
func (r *reader) projectRow(s model.Session, n int, run *hooks.Run) (*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	h, err := r.rowState(&sc, s, n, run)
	if err != nil {
		return nil, err
	}
	return s.Head(h)
}

// rowState returns what the head reads of row n, [1,T,C].
func (r *reader) rowState(sc *torch.Scope, s model.Session, n int, run *hooks.Run) (*torch.Tensor, error) {
	h, err := r.state(n, run)
	if err != nil {
		return nil, err
	}
	x, err := r.project(s, n, h)
	if err == nil && x != h {
		torch.Keep(sc, x)
	}
	return x, err
}

// project maps a state of row n by the lens. The result is h itself or the caller's to close.
func (r *reader) project(s model.Session, n int, h *torch.Tensor) (*torch.Tensor, error) {
	x, err := r.Projection.State(s, r.rows[n], h)
	if err != nil {
		return nil, fmt.Errorf("the lens %s cannot read layer %s: %w", r.Projection.Name(), r.rows[n].Label, err)
	}
	if x == nil || !slices.Equal(x.Shape(), h.Shape()) {
		if x != nil && x != h {
			x.Close()
		}
		return nil, fmt.Errorf("the lens %s maps the state of layer %s, of shape %v, to one of another shape", r.Projection.Name(), r.rows[n].Label, h.Shape())
	}
	return x, nil
}

// prepare makes the result and the small tensors that every row needs.
func (r *reader) prepare() error {
	r.out = &Result{Rows: r.rows, Positions: r.absolute(r.positions), K: r.Top, Width: r.m.Sizes.Width, Vocab: r.m.Sizes.Vocab}
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
	if r.out.Targets = r.targetsOf(); r.out.Targets == nil {
		r.targets, err = r.upload(nil, int64(len(r.plan.targetsAt)), 0)
		return err
	}
	r.wanted = r.wantedOf(r.out.Targets)
	ids := r.ofTargets(r.wanted)
	for i, id := range ids { // a last position without a next token reads id 0, and is blanked at the end
		ids[i] = max(0, id)
	}
	r.targets, err = r.upload(ids, int64(len(r.plan.targetsAt)), int64(r.out.Targets.N))
	return err
}

// targetsOf returns the targets that are asked for, without numbers, and nil for none.
func (r *reader) targetsOf() *Targets {
	t := &Targets{Next: r.Next, Positions: r.absolute(r.plan.targetsAt)}
	switch {
	case r.Next:
		t.N = 1
		for _, p := range r.positions {
			id := r.next
			if p+1 < r.length() {
				id = r.ids[r.first+p+1]
			}
			t.IDs = append(t.IDs, id)
		}
	case len(r.Words) > 0:
		t.N = len(r.Words)
		for _, w := range r.Words {
			t.Words, t.IDs = append(t.Words, w.Text), append(t.IDs, w.ID)
		}
	default:
		return nil
	}
	return t
}

// wantedOf returns the targets' ids at all positions, [P,N], -1 for none.
func (r *reader) wantedOf(t *Targets) []int64 {
	if t.Next {
		return t.IDs
	}
	out := slices.Repeat([]int64{-1}, len(r.positions)*t.N)
	for i, p := range r.positions {
		if _, ok := slices.BinarySearch(r.plan.targetsAt, p); ok {
			copy(out[i*t.N:], t.IDs)
		}
	}
	return out
}

// absolute counts positions from the text's beginning.
func (r *reader) absolute(at []int) []int {
	out := make([]int, len(at))
	for i, p := range at {
		out[i] = r.first + p
	}
	return out
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
	t, err := r.fleeting(v, shape...)
	return torch.Keep(&r.scope, t), err
}

// fleeting is upload for the caller to close.
func (r *reader) fleeting(v []int64, shape ...int64) (*torch.Tensor, error) {
	return torch.NewOn(r.m.Device, v, shape...)
}

func (r *reader) measureFinal(own *torch.Tensor) error {
	l, err := statistics.Call("log_softmax", own)
	if err != nil {
		return err
	}
	r.final = torch.Keep(&r.scope, l[0])
	if r.small() {
		e, err := statistics.Call("exp", r.final)
		if err != nil {
			return err
		}
		r.chances = torch.Keep(&r.scope, e[0])
	}
	r.likeliest, err = r.choose(own, 1, nil)
	return err
}
