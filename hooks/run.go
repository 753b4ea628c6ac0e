package hooks

import (
	"context"
	"fmt"
	"slices"

	"github.com/golens/golens/torch"
)

// A Run is the result of a call of a model's method: its results and captures. The zero Run and
// nil hold nothing.
type Run struct {
	Results []*torch.Tensor

	points *Points
	held   map[string]*torch.Tensor
	ran    map[string]bool // by every name in the registry, whether its module ran
}

// Captured returns the copy that was kept at a point, or nil if there is none. The Run owns it;
// Take hands it over.
func (r *Run) Captured(point string) *torch.Tensor {
	if r == nil || r.points == nil {
		return nil
	}
	c, err := r.points.Canonical(point)
	if err != nil {
		return nil
	}
	return r.held[c]
}

// Take returns what Captured returns, and the caller then owns the tensor and closes it.
func (r *Run) Take(point string) *torch.Tensor {
	t := r.Captured(point)
	if t != nil {
		c, _ := r.points.Canonical(point)
		delete(r.held, c)
	}
	return t
}

// Close closes results and captures.
func (r *Run) Close() error {
	if r == nil {
		return nil
	}
	for _, t := range r.Results {
		t.Close()
	}
	for _, t := range r.held {
		t.Close()
	}
	return nil
}

// Join takes over the captures of an earlier run and closes that run. A nil run has no effect.
func (r *Run) Join(before *Run) {
	if before == nil {
		return
	}
	for name, t := range before.held {
		if _, ok := r.held[name]; ok {
			t.Close()
			continue
		}
		r.held[name] = t
	}
	for name, ran := range before.ran {
		r.ran[name] = r.ran[name] || ran
	}
	before.held = nil
	before.Close()
}

// Idle returns the first point of the registry at which nothing ran, or "".
func (r *Run) Idle() string {
	var idle []string
	for name, ran := range r.ran {
		if !ran {
			idle = append(idle, name)
		}
	}
	if len(idle) == 0 {
		return ""
	}
	return slices.Min(idle)
}

// Call runs a method of the points' model with a registry of hooks, which can be nil. A point that
// did not run in the call is an error, so that no hook is silently ignored.
func (p *Points) Call(method string, hooks *Registry, args ...any) (*Run, error) {
	r, err := p.CallPart(p.root, method, hooks, args...)
	if err != nil {
		return nil, err
	}
	if idle := r.Idle(); idle != "" {
		r.Close()
		return nil, fmt.Errorf("hooks: the point %s has no part in %s: nothing ran there", idle, method)
	}
	return r, nil
}

// CallPart is Call for a module within the model. It ignores points outside of that module;
// Run.Idle names them.
func (p *Points) CallPart(part *torch.Module, method string, hooks *Registry, args ...any) (*Run, error) {
	all := hooks.Clone()
	items := all.items
	// Captures come last, so that they see what the actions of their point made.
	slices.SortStableFunc(items, func(a, b item) int {
		switch {
		case a.capture == b.capture:
			return 0
		case a.capture:
			return 1
		}
		return -1
	})
	var steps []torch.Step
	var spots []spot // one for each step
	for _, i := range items {
		s, err := p.resolve(i.point)
		if err != nil {
			return nil, err
		}
		at := place{at: p.modules[s.module], input: s.input, columns: s.columns, first: all.first()}
		made := []torch.Step{{At: at.at, Input: at.input, Capture: true}}
		if !i.capture {
			if made, err = i.action.steps(at); err != nil {
				return nil, err
			}
		}
		for range made {
			spots = append(spots, s)
		}
		steps = append(steps, made...)
	}
	ctx := p.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	out, err := part.CallUntil(ctx, p.by, method, steps, args...)
	if err != nil {
		return nil, err
	}
	r := &Run{Results: out.Results, points: p, held: map[string]*torch.Tensor{}, ran: map[string]bool{}}
	for n, hits := range out.Hits {
		r.ran[spots[n].canonical] = r.ran[spots[n].canonical] || hits > 0
	}
	for n, t := range out.Captures {
		if t == nil {
			continue
		}
		if t, err = columnsOf(t, spots[n].columns); err != nil {
			r.Close()
			return nil, err
		}
		r.held[spots[n].canonical].Close()
		r.held[spots[n].canonical] = t
	}
	return r, nil
}

// columnsOf returns a head's part of a capture, which it closes.
func columnsOf(t *torch.Tensor, columns []int64) (*torch.Tensor, error) {
	if columns == nil {
		return t, nil
	}
	defer t.Close()
	part, err := t.Narrow(-1, columns[0], columns[1])
	if err != nil {
		return nil, err
	}
	defer part.Close()
	return part.Clone()
}
