package hooks_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

func TestHandles(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	m.gives(nil, 36)
	m.gives(&r, 36)
	scale := r.Add("h.0", hooks.Scale(2))
	m.gives(&r, 71)
	plus := r.Add("ln_f", hooks.Func("plus 10", add(10)))
	capture := r.Capture("h.0")
	equal(t, "captured", values(t, m.gives(&r, 81).Captured("h.0")), 10)
	equal(t, "actions", r.Actions(), "h.0 scale 2", "ln_f plus 10")
	equal(t, "points", r.Points(), "h.0", "ln_f", "h.0")
	scale.Remove()
	equal(t, "points", r.Points(), "ln_f", "h.0")
	equal(t, "captured", values(t, m.gives(&r, 46).Captured("h.0")), 5)
	scale.Remove() // the second time does nothing, whatever came meanwhile
	again := r.Add("h.0", hooks.Scale(2))
	scale.Remove()
	capture.Remove()
	if x := m.gives(&r, 81).Captured("h.0"); x != nil {
		t.Error("captured after Remove")
	}
	again.Remove()
	plus.Remove()
	hooks.Handle{}.Remove()
	m.gives(&r, 36)
	equal(t, "actions", r.Actions())
}

func TestOrder(t *testing.T) {
	m := newModel(t)
	double, plus := hooks.Scale(2), hooks.Func("plus 1", add(1))
	var r, s hooks.Registry
	r.Capture("h.0") // captures see what the actions made, wherever they stand
	r.Add("h.0", double)
	r.Add("h.0", plus)
	s.Add("h.0", plus)
	s.Add("transformer.h.0", double) // another name of the point
	s.Capture("h.1.resid_pre")
	equal(t, "double, then plus", values(t, m.gives(&r, 78).Captured("h.0")), 11)
	equal(t, "plus, then double", values(t, m.gives(&s, 85).Captured("h.0")), 12)
	equal(t, "actions", s.Actions(), "h.0 plus 1", "transformer.h.0 scale 2")

	var in hooks.Registry
	in.Add("h.1:in", double)
	in.Capture("h.1:in")
	in.Capture("h.1")
	in.Capture("h.0")
	run := m.gives(&in, 71)
	equal(t, "input", values(t, run.Captured("h.1:in")), 10)
	equal(t, "output", values(t, run.Captured("h.1")), 70)
	equal(t, "the module before", values(t, run.Captured("h.0")), 5)
}

func TestClone(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	double := r.Add("h.0", hooks.Scale(2))
	c := r.Clone()
	c.Add("h.1", hooks.Zero())
	m.gives(&r, 71)
	m.gives(c, 1)
	double.Remove() // of the first, not of its clone
	m.gives(&r, 36)
	equal(t, "the clone's actions", c.Actions(), "h.0 scale 2", "h.1 zero")
	r.Add("ln_f", hooks.Zero())
	equal(t, "the clone's actions", c.Actions(), "h.0 scale 2", "h.1 zero")
	var none *hooks.Registry
	if n := none.Clone(); n == nil || len(n.Actions()) != 0 || len(none.Actions()) != 0 || len(none.Points()) != 0 {
		t.Error("no registry has actions")
	}
}

func TestCheck(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	r.Add("h.0", hooks.Zero())
	r.Capture("h.1.mlp:in")
	if err := r.Check(m.Points); err != nil {
		t.Error(err)
	}
	r.Capture("h.7")
	err := r.Check(m.Points)
	if e := (*hooks.UnknownPointError)(nil); !errors.As(err, &e) || e.Name != "h.7" {
		t.Errorf("got %v", err)
	}
	x := m.tensor([]float32{1}, 1)
	if _, again := m.Call("forward", &r, x); again == nil || again.Error() != err.Error() {
		t.Errorf("a call says %v", again)
	}
	var none *hooks.Registry
	if err := none.Check(m.Points); err != nil {
		t.Error(err)
	}
}

// TestSharedRegistry: one registry serves several runs at once, while others are added to and taken from it.
func TestSharedRegistry(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	r.Add("h.0", hooks.Scale(2))
	r.Capture("h.0")
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			x, err := torch.New([]float32{float32(g)}, 1)
			if err != nil {
				t.Error(err)
				return
			}
			defer x.Close()
			for range 100 {
				mine := r.Capture("h.1") // seen by all, and told apart by none
				run, err := m.Call("forward", &r, x)
				if err != nil {
					t.Error(err)
					return
				}
				mine.Remove()
				v, err := torch.Values[float32](run.Results[0])
				w, err2 := torch.Values[float32](run.Captured("h.0"))
				if err != nil || err2 != nil || v[0] != float32(70*g+1) || w[0] != float32(10*g) {
					t.Errorf("goroutine %d got %v (%v) and captured %v (%v)", g, v, err, w, err2)
				}
				run.Close()
			}
		})
	}
	wg.Wait()
	equal(t, "actions", r.Actions(), "h.0 scale 2")
}
