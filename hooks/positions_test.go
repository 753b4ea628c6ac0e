package hooks_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

func TestPositions(t *testing.T) {
	for text, want := range map[string][]int{
		"all": {0, 1, 2, 3, 4}, "last": {4}, "0,3": {0, 3}, "-2..": {3, 4}, "2..": {2, 3, 4}, "1..3": {1, 2, 3}, "-3..-2": {2, 3},
		"3,0,3": {3, 0}, "0..-2": {0, 1, 2, 3}, "4": {4}, "-5": {0}, "0..4,-1": {0, 1, 2, 3, 4},
		"..": {0, 1, 2, 3, 4}, "..3": {0, 1, 2, 3}, " 1": {1}, "0, 3": {0, 3},
	} {
		p, err := hooks.ParsePositions(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := p.Resolve(5)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %v (%v), want %v", text, got, err, want)
		}
		if p.String() != text || p.All() != (text == "all") {
			t.Errorf("%s is written %s", text, p)
		}
	}
	for _, text := range []string{"", ",", "a", "1,", "5..2", "-1..-3", "-1..2", "1...3", "1.5", "0x3", "99999999999", "1 2"} {
		_, err := hooks.ParsePositions(text)
		if e := (*hooks.PositionsError)(nil); !errors.As(err, &e) || e.Text != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, says := range map[string]string{"5": "there is no position 5: the run has 5", "-6": "no position -6", "3..7": "no position 7", "4..-3": "a range is empty"} {
		p, err := hooks.ParsePositions(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Resolve(5)
		mustSay(t, text, err, says)
	}
	if s := hooks.At(2, -1).String(); s != "2,-1" {
		t.Errorf("At is written %s", s)
	}
}

func mustSay(t *testing.T, what string, err error, words string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	says(t, err, words)
}

// TestPart: an action at some positions and rows of a batch keeps the bits of all else.
func TestPart(t *testing.T) {
	m := newModel(t)
	const B, T, C = 3, 4, 2
	v := make([]float32, B*T*C)
	for i := range v {
		v[i] = float32(i) + 0.25
	}
	x := m.tensor(v, B, T, C)
	apply := func(a hooks.Action) []float32 {
		t.Helper()
		return values(t, torch.Keep(&m.Scope, must(a.Apply(x))(t)))
	}
	for _, c := range []struct {
		action  hooks.Action
		text    string
		changed func(b, p int) bool
	}{
		{hooks.Scale(2).At(hooks.At(0, -1)), "scale 2 at 0,-1", func(_, p int) bool { return p == 0 || p == 3 }},
		{hooks.Scale(2).Rows(1), "scale 2 in rows 1", func(b, _ int) bool { return b == 1 }},
		{hooks.Scale(2).Rows(2, 0).At(hooks.Last), "scale 2 at last in rows 2,0", func(b, p int) bool { return b != 1 && p == 3 }},
		{hooks.Func("double", func(x *torch.Tensor) (*torch.Tensor, error) { return hooks.Scale(2).Apply(x) }).At(hooks.At(1)).Rows(0), "double at 1 in rows 0",
			func(b, p int) bool { return b == 0 && p == 1 }},
	} {
		got := apply(c.action)
		for i := range v {
			want := v[i]
			if c.changed(i/(T*C), i/C%T) {
				want *= 2
			}
			if got[i] != want {
				t.Errorf("%s: element %d is %v, want %v", c.action, i, got[i], want)
			}
		}
		if c.action.String() != c.text {
			t.Errorf("it is called %q, want %q", c.action, c.text)
		}
	}
	equal(t, "x", values(t, x), v...)
	for _, a := range []hooks.Action{hooks.Scale(1).Rows(0, 0), hooks.Scale(1).Rows(-1), hooks.Skip(), {}} {
		if y, err := a.Apply(x); err == nil || y != nil {
			t.Errorf("%s was applied", a)
		}
	}
}

// TestFrom: in a run that goes on an earlier one, positions count from the text's beginning.
func TestFrom(t *testing.T) {
	m := newModel(t)
	for _, c := range []struct {
		at    string
		first int
		want  []float32 // of h.0, on 1, 1, 1
	}{
		{"all", 4, []float32{10, 10, 10}}, {"last", 4, []float32{5, 5, 10}}, {"5", 4, []float32{5, 10, 5}}, {"0,3", 4, []float32{5, 5, 5}},
		{"3..4", 4, []float32{10, 5, 5}}, {"-2..", 4, []float32{5, 10, 10}}, {"9..", 4, []float32{5, 5, 5}}, {"1..", 0, []float32{5, 10, 10}}, {"3", 0, []float32{5, 5, 5}},
	} {
		p, err := hooks.ParsePositions(c.at)
		if err != nil {
			t.Fatal(err)
		}
		var r hooks.Registry
		r.Add("h.0", hooks.Scale(2).At(p))
		r.Capture("h.0")
		run := must(m.Call("forward", r.From(c.first), m.tensor([]float32{1, 1, 1}, 1, 3, 1)))(t)
		equal(t, c.at, values(t, run.Captured("h.0")), c.want...)
		run.Close()
	}
	var r hooks.Registry
	r.Add("h.0", hooks.Scale(2).At(hooks.At(3)))
	_, err := m.Call("forward", &r, m.tensor([]float32{1, 1, 1}, 1, 3, 1))
	says(t, err, "there is no position 3: the run has 3, counted from 0 or from -1 back")
}

// TestPatch: positions of one run take the place of positions of another.
func TestPatch(t *testing.T) {
	m := newModel(t)
	x := m.tensor([]float32{1, 2, 3, 4}, 1, 4, 1)
	other := m.tensor([]float32{50, 60, 70}, 1, 3, 1)
	p := func(text string) hooks.Positions { return must(hooks.ParsePositions(text))(t) }
	for _, c := range []struct {
		from, at string
		want     []float32
		text     string
	}{
		{"all", "0..2", []float32{50, 60, 70, 4}, "patch other at 0..2"},
		{"all", "1", []float32{1, 60, 3, 4}, "patch other at 1"},
		{"last", "last", []float32{1, 2, 3, 70}, "patch other from last at last"},
		{"all", "last", []float32{1, 2, 3, 70}, "patch other at last"}, // the last of each
		{"all", "-2..", []float32{1, 2, 60, 70}, "patch other at -2.."},
		{"all", "0,-1", []float32{50, 2, 3, 70}, "patch other at 0,-1"},
		{"all", "-1,1..2", []float32{1, 60, 70, 70}, "patch other at -1,1..2"},
		{"1,1", "0,2", []float32{60, 2, 60, 4}, "patch other from 1,1 at 0,2"},
		{"0,1", "3,0", []float32{60, 2, 3, 50}, "patch other from 0,1 at 3,0"},
	} {
		a := hooks.Patch("other", other, p(c.from), p(c.at))
		y := torch.Keep(&m.Scope, must(a.Apply(x))(t))
		equal(t, a.String(), values(t, y), c.want...)
		if a.String() != c.text {
			t.Errorf("it is called %q, want %q", a, c.text)
		}
	}
	for _, c := range []struct{ from, at, says string }{
		{"all", "all", "the other run has 3 positions, and this one 4: say which take the place of which"},
		{"0,1", "all", "2 positions of the other run cannot take the place of 4"},
		{"all", "3", "the other run has no position 3: it has 3"},
		{"all", "1..-1", "2 positions of the other run cannot take the place of 3"},
		{"all", "-4", "the other run has no position -4: it has 3"},
		{"7", "0", "the other run has no position 7: it has 3"},
		{"0", "4", "there is no position 4: the run has 4"},
	} {
		_, err := hooks.Patch("other", other, p(c.from), p(c.at)).Apply(x)
		mustSay(t, c.from+" at "+c.at, err, c.says)
		mustSay(t, c.from+" at "+c.at+" by itself", hooks.CheckPatch(p(c.from), p(c.at), 4, 3), c.says)
	}
	if err := hooks.CheckPatch(p("all"), p("-2.."), 4, 3); err != nil {
		t.Error(err)
	}
}

// TestPatchInSteps: of a text that is read in steps, each step has the pairs of its own
// positions.
func TestPatchInSteps(t *testing.T) {
	m := newModel(t)
	other := m.tensor([]float32{50, 60, 70}, 1, 3, 1)
	p := func(text string) hooks.Positions { return must(hooks.ParsePositions(text))(t) }
	for _, c := range []struct {
		from, at string
		steps    [3][]float32 // of two tokens, and of one and one behind them
	}{
		{"0", "1", [3][]float32{{1, 50}, {3}, {4}}},
		{"1..2", "0..1", [3][]float32{{60, 70}, {3}, {4}}},
		{"0,2", "1,3", [3][]float32{{1, 50}, {3}, {70}}}, // 3 is a token that is written
		{"all", "last", [3][]float32{{1, 70}, {70}, {70}}},
		{"2", "last", [3][]float32{{1, 70}, {70}, {70}}},
		{"all", "-2..", [3][]float32{{60, 70}, {70}, {70}}},
		{"1..2", "all", [3][]float32{{60, 70}, {3}, {4}}},
		{"1..2", "0..", [3][]float32{{60, 70}, {3}, {4}}},
	} {
		for step, x := range [][]float32{{1, 2}, {3}, {4}} {
			first := []int{0, 2, 3}[step]
			var r hooks.Registry
			r.Add("h.0:in", hooks.Patch("other", other, p(c.from), p(c.at)))
			r.Capture("h.0:in")
			run := must(m.Call("forward", r.From(first), m.tensor(x, 1, int64(len(x)), 1)))(t)
			equal(t, fmt.Sprintf("%s from %s, step %d", c.at, c.from, step), values(t, run.Captured("h.0:in")), c.steps[step]...)
			run.Close()
		}
	}
	// A model without a cache reads the text again. What was read before keeps its pairs.
	var r hooks.Registry
	r.Add("h.0:in", hooks.Patch("other", other, p("1..2"), p("all")))
	r.Capture("h.0:in")
	run := must(m.Call("forward", r.Again(2), m.tensor([]float32{1, 2, 3}, 1, 3, 1)))(t)
	defer run.Close()
	equal(t, "again", values(t, run.Captured("h.0:in")), 60, 70, 3)
}

// TestStepWithoutPosition: an action does nothing in a step that holds none of its
// positions, whatever its kind.
func TestStepWithoutPosition(t *testing.T) {
	m := newModel(t)
	v, grid := m.tensor([]float32{9}, 1), m.tensor([]float32{8, 9}, 2, 1)
	for _, a := range []hooks.Action{hooks.Scale(3), hooks.Zero(), hooks.Mean(), hooks.Add("v", v), hooks.Set("v", v), hooks.Set("grid", grid), hooks.Add("grid", grid), hooks.Noise(2, 1), hooks.ProjectOut("v", v),
		hooks.Patch("v", m.tensor([]float32{5, 6, 7}, 1, 3, 1), hooks.At(0, 2), hooks.At(1, 4)), hooks.Skip(),
		hooks.Func("panic", func(*torch.Tensor) (*torch.Tensor, error) { panic("it was called") })} {
		if !strings.HasPrefix(a.String(), "patch") {
			a = a.At(hooks.At(1, 4))
		}
		var r hooks.Registry
		r.Add("h.0", a)
		r.Capture("h.0")
		run, err := m.Call("forward", r.From(2), m.tensor([]float32{1, 2}, 1, 2, 1))
		if err != nil {
			t.Errorf("%s: %v", a, err)
			continue
		}
		equal(t, a.String(), values(t, run.Captured("h.0")), 5, 10)
		run.Close()
	}
}

func FuzzPositions(f *testing.F) {
	for _, s := range []string{"all", "last", "0,3", "-2..", "1..4,-1"} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, text string, T int) {
		p, err := hooks.ParsePositions(text)
		if err != nil {
			return
		}
		if again, err := hooks.ParsePositions(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%q is written %q, which reads %q (%v)", text, p, again, err)
		}
		T %= 64
		got, err := p.Resolve(T)
		if err != nil {
			return
		}
		for i, at := range got {
			if at < 0 || at >= T || slices.Contains(got[:i], at) {
				t.Fatalf("%q in %d is %v", text, T, got)
			}
		}
	})
}
