// Package hooks names the points of a model and says what happens there during a run. A tensor can
// be captured. It, or some of its positions, heads and rows, can be scaled, set to zero, averaged,
// replaced, patched from another run, added to, projected, skipped, or given to a Go function.
//
// A Registry belongs to a call, not to the model. Two goroutines can run one model with different
// registries at the same time. A capture is a copy, taken after the actions at its point.
package hooks

import (
	"fmt"
	"slices"
	"sync"
)

// A Registry holds the actions and captures at the points of a model. The zero Registry is empty
// and ready to use. Several runs can use one Registry at the same time.
type Registry struct {
	mu    sync.Mutex
	last  int
	items []item
	from  *int // the position at which the runs begin; nil where they are whole
	again bool // the runs read the text before that position again
}

type item struct {
	id      int
	point   string
	capture bool
	action  Action
}

// A Handle removes an action or capture from its Registry.
type Handle struct {
	set *Registry
	id  int
}

// Remove removes the action or capture from its registry. It does nothing the second time, and for
// the zero Handle.
func (h Handle) Remove() {
	if h.set == nil {
		return
	}
	h.set.mu.Lock()
	defer h.set.mu.Unlock()
	h.set.items = slices.DeleteFunc(h.set.items, func(i item) bool { return i.id == h.id })
}

// Add adds an action at a point. A run looks the point's name up; Check does so before.
func (r *Registry) Add(point string, a Action) Handle { return r.add(item{point: point, action: a}) }

// Capture keeps a copy of the tensor at a point, taken after the actions there. Run.Captured
// returns it.
func (r *Registry) Capture(point string) Handle { return r.add(item{point: point, capture: true}) }

func (r *Registry) add(i item) Handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	i.id = r.last
	r.items = append(r.items, i)
	return Handle{r, i.id}
}

// Clone returns an independent registry with the same contents. A nil registry gives an empty one.
func (r *Registry) Clone() *Registry {
	if r == nil {
		return &Registry{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Registry{last: r.last, items: slices.Clone(r.items), from: r.from, again: r.again}
}

// From returns a registry with the same contents for runs that continue an earlier run and begin
// at position first, as in generation. Positions count from the beginning of the text. Positions
// that are not in the run are ignored.
func (r *Registry) From(first int) *Registry {
	out := r.Clone()
	out.from = &first
	return out
}

// Again is From for runs that read the text before position first again. A model without a cache
// needs that.
func (r *Registry) Again(first int) *Registry {
	out := r.From(first)
	out.again = first > 0
	return out
}

// first is the position at which the runs begin, -1 where they are whole, and -1 - n
// where they read n positions again.
func (r *Registry) first() int {
	switch {
	case r.from == nil:
		return -1
	case r.again:
		return -1 - *r.from
	}
	return *r.from
}

// Points returns the points of the registry's actions and captures, by the names with which they
// were added, in that order.
func (r *Registry) Points() []string {
	var out []string
	for _, i := range r.Clone().items {
		out = append(out, i.point)
	}
	return out
}

// Actions returns the registry's actions in words, each with its point: "h.3 scale 0.8".
func (r *Registry) Actions() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, i := range r.items {
		if !i.capture {
			out = append(out, i.point+" "+i.action.String())
		}
	}
	return out
}

// Check returns the first error of looking up the registry's points in a model.
func (r *Registry) Check(p *Points) error {
	for _, i := range r.Clone().items {
		if _, err := p.resolve(i.point); err != nil {
			return err
		}
	}
	return nil
}

// Counted returns a registry with the same contents for runs that are longer than a run of T
// tokens and begin with the same T tokens. Positions that count from the end count from the end of
// the T tokens. An action at all positions acts at the later positions too. A patch does not,
// because it has no states for them. A position that the T tokens lack is an error.
func (r *Registry) Counted(T int) (*Registry, error) {
	out := r.Clone()
	for n := range out.items {
		a := &out.items[n].action
		if a.at.All() && a.method != "patch" {
			continue
		}
		at, err := a.at.Resolve(T)
		if err != nil {
			return nil, fmt.Errorf("%s at %s: %w", a.text, out.items[n].point, err)
		}
		a.at = At(at...)
	}
	return out, nil
}
