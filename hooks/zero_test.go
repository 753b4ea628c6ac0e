package hooks_test

import (
	"errors"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// TestZeroValues: they mean something, or an error says that they do not.
func TestZeroValues(t *testing.T) {
	var p hooks.Points
	if _, err := p.Call("forward", nil); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("a run of no points: %v", err)
	}
	if _, err := p.Module("h.0"); err == nil {
		t.Error("no points have a module")
	}
	p.Alias("b", "a")
	p.AddHeads("a", hooks.HeadOut, hooks.Heads{Module: "c", Input: true, N: 2, Dim: 3, Step: 3})
	p.Add("a", nil)
	if c, err := p.Canonical("b"); c != "a" || err != nil || p.Heads("b", hooks.HeadOut) != 2 {
		t.Errorf("b is %q with %d heads: %v", c, p.Heads("b", hooks.HeadOut), err)
	}
	for _, r := range []*hooks.Run{nil, {}} {
		if r.Captured("a") != nil || r.Take("a") != nil || r.Close() != nil {
			t.Errorf("%v has a capture", r)
		}
	}
	var h hooks.Handle
	h.Remove()
	if all := (hooks.Positions{}); !all.All() || all.String() != "all" {
		t.Errorf("the zero positions are %v", all)
	}
	if _, err := (hooks.Action{}).Apply(nil); err == nil {
		t.Error("the zero action did something")
	}
}
