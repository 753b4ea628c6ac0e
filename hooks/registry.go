// Package hooks names points in a model and says what happens there while it
// runs: tensors are captured, or they, or some positions, heads and rows of them, are
// scaled, zeroed, averaged, replaced, patched from another run, added to, projected,
// skipped, or handed to a function of Go.
//
// A Registry belongs to a call, not to the model: two goroutines may run one model with
// different registries at the same time. Captures are copies, taken after the actions at their point.
package hooks

import (
	"fmt"
	"slices"
	"sync"
)

// A Registry is what is to happen at the points of a model. The zero Registry is empty and
// ready to use; it may be used by several runs at once.
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

// A Handle takes back what was added to a Registry.
type Handle struct {
	set *Registry
	id  int
}

// Remove takes the action or capture out of its registry. Removing twice, or
// the zero Handle, does nothing.
func (h Handle) Remove() {
	if h.set == nil {
		return
	}
	h.set.mu.Lock()
	defer h.set.mu.Unlock()
	h.set.items = slices.DeleteFunc(h.set.items, func(i item) bool { return i.id == h.id })
}

// Add has an action act at a point. The name is looked up when a model runs.
func (r *Registry) Add(point string, a Action) Handle { return r.add(item{point: point, action: a}) }

// Capture has a copy kept of the tensor at a point, after the actions there.
func (r *Registry) Capture(point string) Handle { return r.add(item{point: point, capture: true}) }

func (r *Registry) add(i item) Handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	i.id = r.last
	r.items = append(r.items, i)
	return Handle{r, i.id}
}

// Clone returns a registry of its own with the same contents.
func (r *Registry) Clone() *Registry {
	if r == nil {
		return &Registry{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Registry{last: r.last, items: slices.Clone(r.items), from: r.from, again: r.again}
}

// From returns a registry with the same contents for runs that go on an earlier one
// and begin at position first, as in generation: positions count from the beginning
// of the text, and those that are not in the run are passed over.
func (r *Registry) From(first int) *Registry {
	out := r.Clone()
	out.from = &first
	return out
}

// Again is From for runs that read the text before position first again, which a model
// without a cache must.
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

// Points returns the names that the registry's actions and captures were added
// with, in their order.
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

// Check looks every name up and returns the first error.
func (r *Registry) Check(p *Points) error {
	for _, i := range r.Clone().items {
		if _, err := p.resolve(i.point); err != nil {
			return err
		}
	}
	return nil
}

// Counted returns a registry with the same contents for runs that are longer than one of
// T tokens, whose first T are the same: positions that count from the end count from that
// of the T tokens. An action at all positions acts at the later ones too, except a patch,
// which has no states for them. Positions that the T tokens do not have are an error.
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
