package hooks

import (
	"fmt"
	"slices"

	"github.com/golens/golens/torch"
)

// A Run is what a call of a model's method brought back.
type Run struct {
	Results []*torch.Tensor
	points  *Points
	held    map[string]*torch.Tensor
}

// Captured returns the copy that was kept at a point, or nil if none was asked for.
// It belongs to the Run; Take hands it over.
func (r *Run) Captured(point string) *torch.Tensor {
	c, err := r.points.Canonical(point)
	if err != nil {
		return nil
	}
	return r.held[c]
}

// Take is Captured, but the caller closes the tensor.
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
	for _, t := range r.Results {
		t.Close()
	}
	for _, t := range r.held {
		t.Close()
	}
	return nil
}

// Call runs a method of the points' model with a registry of hooks, which may be nil.
// A point that did not run in the call is an error: nothing is passed over silently.
func (p *Points) Call(method string, hooks *Registry, args ...any) (*Run, error) {
	items := hooks.Clone().items
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
	steps := make([]torch.Step, len(items))
	names := make([]string, len(items))
	for n, i := range items {
		c, input, err := p.resolve(i.point)
		if err != nil {
			return nil, err
		}
		names[n] = c
		if input {
			names[n] += inputMark
		}
		if i.capture {
			steps[n] = torch.Step{At: p.modules[c], Input: input, Capture: true}
			continue
		}
		if steps[n], err = i.action.step(p.modules[c], input); err != nil {
			return nil, err
		}
	}
	out, err := p.root.CallWith(method, steps, args...)
	if err != nil {
		return nil, err
	}
	r := &Run{Results: out.Results, points: p, held: map[string]*torch.Tensor{}}
	for n, t := range out.Captures {
		if t != nil {
			r.held[names[n]].Close()
			r.held[names[n]] = t
		}
	}
	for n, hits := range out.Hits {
		if hits == 0 {
			r.Close()
			return nil, fmt.Errorf("hooks: the point %s has no part in %s: nothing ran there", names[n], method)
		}
	}
	return r, nil
}
