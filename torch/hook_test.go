package torch_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/golens/golens/torch"
)

// hooked is a model of two blocks h.0 (x*2) and h.1 (x*3), then + 1, ready for hooks.
type hooked struct {
	*bench
	model, h0, h1 *torch.Module
	x             *torch.Tensor // [5]
	ops           *torch.Module // methods for steps
}

func newHooked(t *testing.T) *hooked {
	b := work(t)
	h := &hooked{bench: b, model: tree(b), x: b.tensor([]float32{5}, 1)}
	h.h0, h.h1 = keep(b, must(h.model.Child("h.0"))(t)), keep(b, must(h.model.Child("h.1"))(t))
	if err := h.model.Interpose(); err != nil {
		t.Fatal(err)
	}
	h.ops = b.module(`
def plus(self, x: Tensor, n: float) -> Tensor:
    return x + n

def times(self, x: Tensor, y: Tensor) -> Tensor:
    return x * y

def both(self, x: Tensor, ys: List[Tensor], ns: List[int]) -> Tensor:
    return x + ys[0] * ns[0] + ys[1] * ns[1]

def overwrite(self, x: Tensor) -> Tensor:
    return x.fill_(7)

def size(self, x: Tensor) -> int:
    return x.numel()
`)
	return h
}

// run runs the model with steps and returns what came of it.
func (h *hooked) run(steps ...torch.Step) *torch.Outcome {
	h.Helper()
	return keep(h.bench, must(h.model.CallWith("forward", steps, h.x))(h))
}

// fails runs the model with steps that fail, and checks that the model is as before.
func (h *hooked) fails(steps ...torch.Step) error {
	h.Helper()
	live := torch.Live()
	o, err := h.model.CallWith("forward", steps, h.x)
	if err == nil || o != nil {
		h.Fatalf("a run that must fail brought %v and the error %v", o, err)
	}
	if n := torch.Live(); n != live {
		h.Errorf("a run that failed left %d objects", n-live)
	}
	equal(h, "the next run", values[float32](h, h.run().Results[0]), 31)
	return err
}

// add is a hook that adds n.
func add(n float32) torch.HookFunc {
	return func(x *torch.Tensor) (*torch.Tensor, error) {
		v, err := torch.Values[float32](x)
		if err != nil {
			return nil, err
		}
		for i := range v {
			v[i] += n
		}
		return torch.New(v, x.Shape()...)
	}
}

func TestSteps(t *testing.T) {
	h := newHooked(t)
	two := h.tensor([]float32{2}, 1)
	plus := func(m *torch.Module, n float64) torch.Step {
		return torch.Step{At: m, Fn: h.ops, Method: "plus", Args: []any{n}}
	}
	in := func(s torch.Step) torch.Step { s.Input = true; return s }
	capture := func(m *torch.Module) torch.Step { return torch.Step{At: m, Capture: true} }
	goes := func(m *torch.Module, f torch.HookFunc) torch.Step { return torch.Step{At: m, Func: f} }
	for name, c := range map[string]struct {
		steps    []torch.Step
		want     float32
		captures []float32 // of the steps that capture
	}{
		"none":                        {nil, 31, nil},
		"a method at an output":       {[]torch.Step{plus(h.h0, 1)}, 34, nil},
		"a method at an input":        {[]torch.Step{in(plus(h.h0, 1))}, 37, nil},
		"a method with a tensor":      {[]torch.Step{{At: h.h1, Fn: h.ops, Method: "times", Args: []any{two}}}, 61, nil},
		"a method with lists":         {[]torch.Step{{At: h.h1, Fn: h.ops, Method: "both", Args: []any{[]*torch.Tensor{two, two}, []int64{1, 2}}}}, 37, nil},
		"a function":                  {[]torch.Step{goes(h.h1, add(100))}, 131, nil},
		"a function at an input":      {[]torch.Step{in(goes(h.h1, add(100)))}, 331, nil},
		"a function that only looks":  {[]torch.Step{goes(h.h1, func(*torch.Tensor) (*torch.Tensor, error) { return nil, nil })}, 31, nil},
		"its own argument":            {[]torch.Step{goes(h.h1, func(x *torch.Tensor) (*torch.Tensor, error) { return x, nil })}, 31, nil},
		"at the model itself":         {[]torch.Step{plus(h.model, 1), in(plus(h.model, 1))}, 38, nil},
		"in their order":              {[]torch.Step{goes(h.h0, double), plus(h.h0, 1)}, 64, nil},
		"in the other order":          {[]torch.Step{plus(h.h0, 1), goes(h.h0, double)}, 67, nil},
		"captures":                    {[]torch.Step{capture(h.h0), in(capture(h.h1)), capture(h.h1), capture(h.model), in(capture(h.model))}, 31, []float32{10, 10, 30, 31, 5}},
		"captures where they stand":   {[]torch.Step{capture(h.h0), plus(h.h0, 1), capture(h.h0), goes(h.h0, double), capture(h.h0)}, 67, []float32{10, 11, 22}},
		"inputs come before":          {[]torch.Step{capture(h.h0), in(plus(h.h0, 1)), in(capture(h.h0))}, 37, []float32{12, 6}},
		"all three, at both modules":  {[]torch.Step{plus(h.h1, 1), goes(h.h0, add(1)), capture(h.h1), capture(h.h0)}, 35, []float32{34, 11}},
		"a result of the wrong shape": {[]torch.Step{goes(h.h0, func(*torch.Tensor) (*torch.Tensor, error) { return torch.New([]float32{1}) })}, 4, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := h.run(c.steps...)
			equal(t, "result", values[float32](t, o.Results[0]), c.want)
			var got []float32
			for _, x := range o.Captures {
				if x != nil {
					got = append(got, values[float32](t, x)...)
				}
			}
			equal(t, "captures", got, c.captures...)
			for i, n := range o.Hits {
				if n != 1 {
					t.Errorf("the module of step %d ran %d times", i, n)
				}
			}
			equal(t, "the next run, without hooks", values[float32](t, h.run().Results[0]), 31)
		})
	}
}

// TestCaptureIsACopy: what comes later does not change it, nor does it keep the model.
func TestCaptureIsACopy(t *testing.T) {
	h := newHooked(t)
	o := h.run(torch.Step{At: h.h0, Capture: true}, torch.Step{At: h.h0, Fn: h.ops, Method: "overwrite"})
	equal(t, "result", values[float32](t, o.Results[0]), 22)
	equal(t, "captured before", values[float32](t, o.Captures[0]), 10)
	h.model.Close()
	h.h0.Close()
	equal(t, "captured, when the model is closed", values[float32](t, o.Captures[0]), 10)
}

// TestInstancesAreApart: blocks share a class, and each has its own hooks.
func TestInstancesAreApart(t *testing.T) {
	h := newHooked(t)
	if c := classes(t, h.model); c[2] != c[3] {
		t.Fatalf("the blocks have the classes %v", c[2:])
	}
	o := h.run(torch.Step{At: h.h1, Func: add(1)}, torch.Step{At: h.h1, Capture: true})
	equal(t, "result", values[float32](t, o.Results[0]), 32)
	equal(t, "captured", values[float32](t, o.Captures[1]), 31)
	other := keep(h.bench, must(h.model.Child("h.1"))(t)) // another handle of the same module
	o = h.run(torch.Step{At: other, Func: add(1)})
	equal(t, "by another handle", values[float32](t, o.Results[0]), 32)
}

func TestHits(t *testing.T) {
	b := work(t)
	u := b.unit()
	part := b.define(u, "Part", "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n\ndef forward_twice(self, x: Tensor) -> Tensor:\n    return self.forward(self.forward(x))\n\ndef helper(self, x: Tensor) -> Tensor:\n    return x - 1\n")
	m := b.define(u, "Model", `
def forward(self, x: Tensor, n: int) -> Tensor:
    for i in range(n):
        x = self.part.forward(x)
    return x

def other(self, x: Tensor) -> Tensor:
    return self.part.helper(x)

def twice(self, x: Tensor) -> Tensor:
    return self.part.forward_twice(x)
`, torch.Slot{Name: "part", Value: part})
	if err := m.Interpose(); err != nil {
		t.Fatal(err)
	}
	x := b.tensor([]float32{0}, 1)
	calls := 0
	steps := []torch.Step{{At: part, Capture: true}, {At: part, Func: func(*torch.Tensor) (*torch.Tensor, error) { calls++; return nil, nil }}}
	for n, want := range map[int]string{0: "[0 0]", 1: "[1 1]", 5: "[5 5]"} {
		calls = 0
		o := keep(b, must(m.CallWith("forward", steps, x, n))(t))
		if got := fmt.Sprint(o.Hits); got != want || calls != n {
			t.Errorf("%d runs: hits %v, %d calls", n, got, calls)
		}
		if n == 0 {
			if o.Captures[0] != nil {
				t.Error("a tensor was captured where nothing ran")
			}
			continue
		}
		equal(t, "the last captured", values[float32](t, o.Captures[0]), float32(n))
	}
	// Other methods than forward... are no hook points; those are, also within each other.
	o := keep(b, must(m.CallWith("other", steps, x))(t))
	equal(t, "hits of a helper", o.Hits, 0, 0)
	o = keep(b, must(m.CallWith("twice", steps, x))(t))
	equal(t, "hits of forward_twice and of forward within", o.Hits, 3, 3)
	equal(t, "result", values[float32](t, o.Results[0]), 2)
}

func TestTupleOutputs(t *testing.T) {
	b := work(t)
	u := b.unit()
	attn := b.define(u, "Attn", "def forward(self, x: Tensor) -> Tuple[Tensor, Tensor]:\n    return x * 2, x * 100\n")
	odd := b.define(u, "Odd", "def forward(self, x: Tensor) -> Tuple[int, Tensor]:\n    return 1, x\n")
	list := b.define(u, "Listing", "def forward(self, x: Tensor) -> List[Tensor]:\n    return [x]\n")
	bare := b.define(u, "Bare", "def forward(self) -> int:\n    return 1\n")
	maybe := b.define(u, "Maybe", "def forward(self, x: Optional[Tensor]) -> int:\n    return 1\n")
	pair := b.define(u, "Pair", "def forward(self, xs: Tuple[Tensor, Tensor]) -> Tensor:\n    return xs[0] + xs[1]\n")
	m := b.define(u, "Model", `
def forward(self, x: Tensor) -> Tensor:
    y, cache = self.attn.forward(x)
    n, z = self.odd.forward(y)
    zs = self.list.forward(z)
    return self.pair.forward((zs[0] + cache + float(self.bare.forward() + self.maybe.forward(None)), x))
`, torch.Slot{Name: "attn", Value: attn}, torch.Slot{Name: "odd", Value: odd}, torch.Slot{Name: "list", Value: list},
		torch.Slot{Name: "bare", Value: bare}, torch.Slot{Name: "maybe", Value: maybe}, torch.Slot{Name: "pair", Value: pair})
	if err := m.Interpose(); err != nil {
		t.Fatal(err)
	}
	x := b.tensor([]float32{1}, 1)
	run := func(steps ...torch.Step) *torch.Outcome {
		return keep(b, must(m.CallWith("forward", steps, x))(t))
	}
	equal(t, "plain", values[float32](t, run().Results[0]), 105)
	o := run(torch.Step{At: attn, Func: add(10)}, torch.Step{At: attn, Capture: true})
	equal(t, "first element changed", values[float32](t, o.Results[0]), 115)
	equal(t, "first element captured", values[float32](t, o.Captures[1]), 12)
	o = run(torch.Step{At: pair, Input: true, Func: add(10)})
	equal(t, "first element of an argument", values[float32](t, o.Results[0]), 115)

	for says, s := range map[string]torch.Step{
		"this point has a Int":                      {At: odd, Capture: true},
		"this point has a GenericList":              {At: list, Capture: true},
		"this point has a None":                     {At: maybe, Input: true, Capture: true},
		"needs an argument, and this module takes ": {At: bare, Input: true, Capture: true},
	} {
		_, err := m.CallWith("forward", []torch.Step{s}, x)
		failed(t, err, says)
	}
}

// TestHookResultIsGivenAway: what a hook returns is closed with the call.
func TestHookResultIsGivenAway(t *testing.T) {
	h := newHooked(t)
	kept := must(torch.New([]float32{100}, 1))(t)
	give := torch.Step{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { return kept, nil }}
	equal(t, "result", values[float32](t, h.run(give).Results[0]), 101)
	if _, err := torch.Values[float32](kept); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("reading what was given away: %v", err)
	}
	if err := h.fails(give); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("giving it away again: %v", err)
	}
	// A clone each time is the way, and the argument is the model's own memory.
	again := h.tensor([]float32{100}, 1)
	for range 2 {
		o := h.run(torch.Step{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { return again.Clone() }})
		equal(t, "result", values[float32](t, o.Results[0]), 101)
	}
	var late *torch.Tensor
	h.run(torch.Step{At: h.h1, Func: func(x *torch.Tensor) (*torch.Tensor, error) { late = x; return nil, nil }})
	if _, err := torch.Values[float32](late); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("the argument, after the run: %v", err)
	}
}

// TestHooksCallModules: a hook may run modules, the hooked model among them; its
// hooks do not act there, but those given for the inner call do.
func TestHooksCallModules(t *testing.T) {
	h := newHooked(t)
	depth, inner := 0, []float32{}
	f := func(x *torch.Tensor) (*torch.Tensor, error) {
		if depth++; depth > 3 {
			return nil, errors.New("the hook was called by its own call")
		}
		plain, err := h.model.Call("forward", x) // 15*... without hooks
		if err != nil {
			return nil, err
		}
		defer plain[0].Close()
		o, err := h.model.CallWith("forward", []torch.Step{{At: h.h0, Func: add(1)}, {At: h.h1, Capture: true}}, plain[0])
		if err != nil {
			return nil, err
		}
		defer o.Close()
		for _, t := range []*torch.Tensor{plain[0], o.Results[0], o.Captures[1]} {
			v, err := torch.Values[float32](t)
			if err != nil {
				return nil, err
			}
			inner = append(inner, v...)
		}
		return o.Results[0].Clone()
	}
	o := h.run(torch.Step{At: h.h0, Func: f}, torch.Step{At: h.h1, Capture: true}, torch.Step{At: h.h0, Capture: true})
	// h.0 gives 10; the model makes 61 of that; then (61*2+1)*3 = 369, +1.
	equal(t, "within", inner, 61, 370, 369)
	equal(t, "result", values[float32](t, o.Results[0]), 1111)
	equal(t, "captures", slices.Concat(values[float32](t, o.Captures[2]), values[float32](t, o.Captures[1])), 370, 1110)
	equal(t, "hits", o.Hits, 1, 1, 1)

	// An error of an inner call that the hook takes for itself leaves the outer one as it was.
	o = h.run(torch.Step{At: h.h0, Func: func(x *torch.Tensor) (*torch.Tensor, error) {
		_, err := h.model.CallWith("forward", []torch.Step{{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { panic("inner") }}}, x)
		if err == nil {
			return nil, errors.New("the inner call did not fail")
		}
		return nil, nil
	}}, torch.Step{At: h.h1, Func: add(1)})
	equal(t, "after an inner error", values[float32](t, o.Results[0]), 32)
}

// TestGoexitInHook: a hook that ends its goroutine, as testing's FailNow does, ends
// the call, of which some memory is lost, and no other.
func TestGoexitInHook(t *testing.T) {
	if instrumented {
		t.Skip("a sanitizer finds the lost memory")
	}
	h := newHooked(t)
	done := make(chan bool)
	go func() {
		defer close(done)
		h.model.CallWith("forward", []torch.Step{{At: h.h0, Func: func(*torch.Tensor) (*torch.Tensor, error) { runtime.Goexit(); return nil, nil }}}, h.x)
		t.Error("the call went on")
	}()
	<-done
	for range 100 {
		equal(t, "the next run", values[float32](t, h.run(torch.Step{At: h.h1, Func: add(1)}).Results[0]), 32)
	}
}
