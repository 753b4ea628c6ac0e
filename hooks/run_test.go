package hooks_test

import (
	"errors"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

func TestCapturedAndTake(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	for _, p := range []string{"h.0", "transformer.h.0", "h.1.resid_pre", "h.0:in", "h.1.mlp"} { // the first three are one
		r.Capture(p)
	}
	run := m.gives(&r, 36)
	for name, want := range map[string]float32{"h.0": 5, "transformer.h.0": 5, "h.1.resid_pre": 5, "h.0:in": 1, "transformer.h.0:in": 1, "h.1.mlp": 25} {
		equal(t, name, values(t, run.Captured(name)), want)
	}
	for _, name := range []string{"h.1", "h.1:in", "no", ""} {
		if run.Captured(name) != nil || run.Take(name) != nil {
			t.Errorf("%q was captured, and nobody asked", name)
		}
	}
	if run.Captured("h.0") != run.Captured("h.1.resid_pre") {
		t.Error("two names of a point have two tensors")
	}
	mine := run.Take("h.1.resid_pre")
	if run.Captured("h.0") != nil || run.Take("h.0") != nil {
		t.Error("it is still there after Take")
	}
	for range 2 {
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "taken, after Close", values(t, mine), 5)
	mine.Close()
	if _, err := torch.Values[float32](run.Results[0]); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("a result after Close: %v", err)
	}
}

// TestPointsWithoutPart: a hook that nothing reached is an error.
func TestPointsWithoutPart(t *testing.T) {
	m := newModel(t)
	x := m.tensor([]float32{1}, 1)
	for name, c := range map[string]struct{ method, point, says string }{
		"not in the model's forward": {"forward", "spare", "hooks: the point spare has no part in forward: nothing ran there"},
		"not in this method":         {"first", "transformer.h.1:in", "hooks: the point h.1:in has no part in first: nothing ran there"},
	} {
		t.Run(name, func(t *testing.T) {
			live := torch.Live()
			for _, add := range []func(*hooks.Registry){
				func(r *hooks.Registry) { r.Capture(c.point) },
				func(r *hooks.Registry) { r.Add(c.point, hooks.Func("f", add(1))) },
			} {
				var r hooks.Registry
				r.Capture("h.0")
				add(&r)
				run, err := m.Call(c.method, &r, x)
				if err == nil || err.Error() != c.says || run != nil {
					t.Errorf("got %v, want %s", err, c.says)
				}
			}
			if n := torch.Live() - live; n != 0 {
				t.Errorf("%d objects were left", n)
			}
		})
	}
	run := must(m.Call("first", nil, x))(t)
	equal(t, "first", values(t, run.Results[0]), 5)
	run.Close()
	if _, err := m.Call("nope", nil, x); err == nil {
		t.Error("a method that is not there ran")
	}
}

// TestClosedPoints: the points own the modules.
func TestClosedPoints(t *testing.T) {
	m := newModel(t)
	m.Points.Close()
	x := m.tensor([]float32{1}, 1)
	var r hooks.Registry
	r.Capture("h.0")
	if _, err := m.Call("forward", &r, x); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
