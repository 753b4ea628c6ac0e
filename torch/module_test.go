package torch_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
)

const linear = `
def forward(self, x: Tensor) -> Tensor:
    if hasattr(self, "bias"):
        return torch.linear(x, self.weight, self.bias)
    return torch.linear(x, self.weight)
`

func classes(t testing.TB, m *torch.Module) []string {
	t.Helper()
	var out []string
	for _, p := range must(m.Parts())(t) {
		out = append(out, p.Class)
	}
	return out
}

func TestDefine(t *testing.T) {
	b := work(t)
	w := b.tensor([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	m := b.module(linear, torch.Slot{Name: "weight", Value: w})
	x := b.tensor([]float32{1, 0, -1}, 1, 3)
	equal(t, "x @ weight.T", b.one(m, "forward", x), -2, -2)

	// The parameter is the tensor itself, not a copy.
	p := keep(b, must(m.Parameter("weight"))(t))
	if !p.SharesStorage(w) {
		t.Error("the weight was copied")
	}
	w.Close()
	x.Close()
	equal(t, "weight, whose tensor was closed", values[float32](t, p), 1, 2, 3, 4, 5, 6)
}

func TestAttributes(t *testing.T) {
	b := work(t)
	m := b.module(`
def forward(self) -> Tuple[int, float, bool]:
    return self.n, self.eps, self.on
`, torch.Slot{Name: "n", Value: 3}, torch.Slot{Name: "eps", Value: 1e-5}, torch.Slot{Name: "on", Value: true})
	out := must(m.Call("forward"))(t)
	for _, x := range out {
		keep(b, x)
	}
	equal(t, "int", values[int64](t, out[0]), 3)
	equal(t, "float", values[float64](t, out[1]), 1e-5)
	equal(t, "bool", values[bool](t, out[2]), true)
}

// TestClassesAreShared: a class is known by role, text, slots and children, and
// an instance keeps its own weights and numbers.
func TestClassesAreShared(t *testing.T) {
	b := work(t)
	u := b.unit()
	const text = "def forward(self, x: Tensor) -> Tensor:\n    return x * self.weight + self.n\n"
	build := func(role, text string, w float32, n any, more ...torch.Slot) *torch.Module {
		slots := append([]torch.Slot{{Name: "weight", Value: b.tensor([]float32{w}, 1)}, {Name: "n", Value: n}}, more...)
		return b.define(u, role, text, slots...)
	}
	first, second := build("Part", text, 2, 1), build("Part", text, 3, 10)
	x := b.tensor([]float32{5}, 1)
	// A class is made ready for hooks as a whole, by which it is known again.
	parent := func(child *torch.Module) *torch.Module {
		return b.define(u, "Parent", "def forward(self, x: Tensor) -> Tensor:\n    return self.child.forward(x)\n", torch.Slot{Name: "child", Value: child})
	}
	other := build("Other", text, 7, 0)
	p1, p2, p3 := parent(first), parent(second), parent(other)
	cases := map[string]struct {
		m    *torch.Module
		same bool
	}{
		"another instance":      {build("Part", text, 4, 2), true},
		"a value that differs":  {build("Part", text, 2, 99), true},
		"another text":          {build("Part", text+"\n\ndef more(self) -> int:\n    return 1\n", 2, 1), false},
		"another role":          {other, false},
		"another type of slot":  {build("Part", text, 2, 1.5), false},
		"one more slot":         {build("Part", text, 2, 1, torch.Slot{Name: "mark", Value: true}), false},
		"a parent":              {p2, true},
		"a parent of another's": {p3, false},
	}
	if err := p1.Interpose(); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		o, err := c.m.CallWith("forward", []torch.Step{{At: c.m, Capture: true}}, x)
		if (err == nil) != c.same {
			t.Errorf("%s shares the class: %v (%v)", name, !c.same, err)
		}
		if err == nil {
			o.Close()
		}
	}
	equal(t, "through the parents", slices.Concat(b.one(p1, "forward", x), b.one(p2, "forward", x), b.one(p3, "forward", x)), 11, 25, 35)
}

func TestVariantsByHasattr(t *testing.T) {
	b := work(t)
	u := b.unit()
	w, x := b.tensor([]float32{1, 2}, 1, 2), b.tensor([]float32{1, 1}, 1, 2)
	plain := b.define(u, "Linear", linear, torch.Slot{Name: "weight", Value: w})
	biased := b.define(u, "Linear", linear, torch.Slot{Name: "weight", Value: w}, torch.Slot{Name: "bias", Value: b.tensor([]float32{10}, 1)})
	equal(t, "without bias", b.one(plain, "forward", x), 3)
	equal(t, "with bias", b.one(biased, "forward", x), 13)
}

func TestCompileErrors(t *testing.T) {
	b := work(t)
	u := b.unit()
	const head = "def forward(self, x: Tensor) -> Tensor:\n    return "
	for name, c := range map[string]struct{ text, says, trace string }{
		"a name":       {head + "foo(x)\n", "build Module: undefined value foo", "return foo(x)\n"},
		"an attribute": {head + "self.weight\n", "has no attribute or method 'weight'", "return self.weight\n"},
		"an argument":  {head + "torch.linear(x)\n", "Arguments for call are not valid", "Argument weight not provided"},
		"a type":       {head + "1\n", "annotated as having type Tensor but is actually of type int", "return 1\n"},
		"the grammar":  {head + "x +\n", "expected ident but found 'newline' here", "return x +\n"},
		"no methods":   {"garbage (((", "expected def but found 'ident' here", "garbage ((("},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := u.Define("Module", c.text)
			e := failed(t, err, c.says)
			if m != nil {
				t.Error("a module came with the error")
			}
			if !strings.Contains(e.Trace, c.trace) {
				t.Errorf("the trace does not show %q:\n%s", c.trace, e.Trace)
			}
		})
	}
	// The unit is as good as before.
	m := b.define(u, "Module", head+"x * 2\n")
	equal(t, "after the errors", b.one(m, "forward", b.tensor([]float32{4}, 1)), 8)
}

func TestDefineRefuses(t *testing.T) {
	b := work(t)
	u := b.unit()
	gone := b.module("def forward(self):\n    return 1\n")
	gone.Close()
	closed := b.tensor([]float32{1}, 1)
	closed.Close()
	var none *torch.Tensor
	for name, c := range map[string]struct {
		slots []torch.Slot
		says  string
		is    error
	}{
		"a closed child":       {[]torch.Slot{{Name: "a", Value: gone}}, "build M: child a: it was closed", torch.ErrClosed},
		"no child":             {[]torch.Slot{{Name: "a", Value: (*torch.Module)(nil)}}, "child a", torch.ErrClosed},
		"a closed tensor":      {[]torch.Slot{{Name: "a", Value: closed}}, "build M: a: it was closed", torch.ErrClosed},
		"a nil tensor":         {[]torch.Slot{{Name: "a", Value: none}}, "nil *torch.Tensor", nil},
		"a string":             {[]torch.Slot{{Name: "a", Value: "text"}}, "a string cannot be handed to TorchScript", nil},
		"a list":               {[]torch.Slot{{Name: "a", Value: []int64{1}}}, "build M: a: a []int64 cannot be an attribute", nil},
		"a slot twice":         {[]torch.Slot{{Name: "a", Value: 1}, {Name: "a", Value: 2}}, `slot "a"`, nil},
		"a slot without name":  {[]torch.Slot{{Value: 1}}, `slot ""`, nil},
		"a slot of each class": {[]torch.Slot{{Name: "training", Value: true}}, `slot "training"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := u.Define("M", "def forward(self):\n    return 1\n", c.slots...)
			failed(t, err, c.says)
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("the cause is %v", errors.Unwrap(err))
			}
		})
	}
}

// tree builds a module of two blocks in a list, as GPT-2 has them.
func tree(b *bench) *torch.Module {
	u := b.unit()
	const block = "def forward(self, x: Tensor) -> Tensor:\n    return x * self.weight\n"
	made := func(w float32) *torch.Module {
		return b.define(u, "Block", block, torch.Slot{Name: "weight", Value: b.tensor([]float32{w}, 1)})
	}
	list := b.define(u, "List", "", torch.Slot{Name: "0", Value: made(2)}, torch.Slot{Name: "1", Value: made(3)})
	return b.define(u, "Model", `
def forward(self, x: Tensor) -> Tensor:
    x = getattr(self.h, "0").forward(x)
    x = getattr(self.h, "1").forward(x)
    return x + self.shift

def helper(self) -> Tensor:
    return self.shift
`, torch.Slot{Name: "h", Value: list}, torch.Slot{Name: "shift", Value: b.tensor([]float32{1}, 1)}, torch.Slot{Name: "n", Value: 2})
}

func TestParts(t *testing.T) {
	b := work(t)
	m := tree(b)
	want := []torch.Part{
		{Path: "", Class: "Model", Tensors: []string{"shift"}},
		{Path: "h", Class: "List"},
		{Path: "h.0", Class: "Block", Tensors: []string{"h.0.weight"}},
		{Path: "h.1", Class: "Block", Tensors: []string{"h.1.weight"}},
	}
	got := must(m.Parts())(t)
	if !slices.EqualFunc(got, want, func(a, b torch.Part) bool {
		return a.Path == b.Path && a.Class == b.Class && slices.Equal(a.Tensors, b.Tensors)
	}) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, p := range got {
		m := keep(b, must(m.Child(p.Path))(t))
		if c := classes(t, m)[0]; c != p.Class {
			t.Errorf("the child %q is a %s, want %s", p.Path, c, p.Class)
		}
	}
	second := keep(b, must(m.Child("h.1"))(t))
	equal(t, "a child alone", b.one(second, "forward", b.tensor([]float32{5}, 1)), 15)
	w := keep(b, must(m.Parameter("h.1.weight"))(t))
	equal(t, "a child's weight", values[float32](t, w), 3)

	for path, says := range map[string]string{
		"no": "there is no module no", "h.2": "there is no module h.2", "h.0.more.yet": "there is no module h.0.more",
		"shift": "there is no module shift", "n": "there is no module n", ".": "there is no module", "h..0": "there is no module h",
	} {
		_, err := m.Child(path)
		failed(t, err, says)
	}
	for path, says := range map[string]string{
		"no": "there is no tensor no", "h.0": "there is no tensor h.0", "h.2.weight": "there is no module h.2", "": "there is no tensor", "n": "there is no tensor n",
	} {
		_, err := m.Parameter(path)
		failed(t, err, says)
	}
	for name, want := range map[string]bool{"forward": true, "helper": true, "h": false, "": false, "no": false} {
		if got := m.HasMethod(name); got != want {
			t.Errorf("has the method %q: %v", name, got)
		}
	}
}

func TestClosedModule(t *testing.T) {
	b := work(t)
	m := tree(b)
	m.Close()
	m.Close()
	var none *torch.Module
	none.Close()
	for _, m := range []*torch.Module{m, none} {
		if m.HasMethod("forward") {
			t.Error("a closed module has a method")
		}
		for name, f := range map[string]func() error{
			"Call":      func() error { _, err := m.Call("forward"); return err },
			"Child":     func() error { _, err := m.Child("h"); return err },
			"Parameter": func() error { _, err := m.Parameter("shift"); return err },
			"Parts":     func() error { _, err := m.Parts(); return err },
			"Save":      func() error { return m.Save("x.pt") },
			"Interpose": func() error { return m.Interpose() },
		} {
			if err := f(); !errors.Is(err, torch.ErrClosed) {
				t.Errorf("%s of a closed module: %v", name, err)
			}
		}
	}
}
