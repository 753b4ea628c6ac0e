package hooks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// model is two blocks that double and add what their mlp makes, x*weight, and a
// norm that adds 1. For x: h.0 gives 2x + 3x, h.1 the sevenfold of that, ln_f one more.
type model struct {
	testing.TB
	torch.Scope
	*hooks.Points
}

func newModel(t testing.TB) *model {
	t.Helper()
	m := &model{TB: t}
	before := torch.Live()
	u := must(torch.NewUnit())(t)
	define := func(role, text string, slots ...torch.Slot) *torch.Module {
		t.Helper()
		return torch.Keep(&m.Scope, must(u.Define(role, text, slots...))(t))
	}
	block := func(w float32) (block, mlp *torch.Module) {
		weight := m.tensor([]float32{w}, 1)
		mlp = define("MLP", "def forward(self, x: Tensor) -> Tensor:\n    return x * self.weight\n", torch.Slot{Name: "weight", Value: weight})
		return define("Block", "def forward(self, x: Tensor) -> Tuple[Tensor, int]:\n    return x * 2 + self.mlp.forward(x), 1\n", torch.Slot{Name: "mlp", Value: mlp}), mlp
	}
	h0, mlp0 := block(3)
	h1, mlp1 := block(5)
	norm := define("Norm", "def forward(self, x: Tensor) -> Tensor:\n    return x + 1\n")
	spare := define("Spare", "def forward(self, x: Tensor) -> Tensor:\n    return x\n")
	root := define("Model", `
def forward(self, x: Tensor) -> Tensor:
    x, n = self.h0.forward(x)
    x, n = self.h1.forward(x)
    return self.ln_f.forward(x)

def first(self, x: Tensor) -> Tensor:
    return self.h0.forward(x)[0]
`, torch.Slot{Name: "h0", Value: h0}, torch.Slot{Name: "h1", Value: h1}, torch.Slot{Name: "ln_f", Value: norm}, torch.Slot{Name: "spare", Value: spare})
	if err := root.Interpose(); err != nil {
		t.Fatal(err)
	}
	p := hooks.NewPoints(root)
	p.Add("h.0", h0)
	p.Add("h.0.mlp", mlp0)
	p.Add("h.1", h1)
	p.Add("h.1.mlp", mlp1)
	p.Add("ln_f", norm)
	p.Add("spare", spare)
	p.Alias("h.1.resid_pre", "h.0")
	p.Alias("h.1.resid_post", "h.1")
	m.Points = p
	t.Cleanup(func() {
		p.Close()
		m.Scope.Close()
		// The actions are compiled once, into one module that stays.
		if n := torch.Live() - before; n != 0 && n != 1 {
			t.Errorf("%d objects were left", n)
		}
	})
	return m
}

func (m *model) tensor(values []float32, shape ...int64) *torch.Tensor {
	m.Helper()
	return torch.Keep(&m.Scope, must(torch.New(values, shape...))(m))
}

// run calls forward on x with hooks.
func (m *model) run(h *hooks.Registry, x ...float32) *hooks.Run {
	m.Helper()
	t := m.tensor(x, 1, 1, int64(len(x)))
	return torch.Keep(&m.Scope, must(m.Call("forward", h, t))(m))
}

// gives checks the result of forward on the number 1.
func (m *model) gives(h *hooks.Registry, want float32) *hooks.Run {
	m.Helper()
	r := m.run(h, 1)
	equal(m, "result", values(m, r.Results[0]), want)
	return r
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func values(t testing.TB, x *torch.Tensor) []float32 {
	t.Helper()
	return must(torch.Values[float32](x))(t)
}

func equal[T comparable](t testing.TB, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// says checks that an error is one line with these words.
func says(t testing.TB, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %v, want %q", err, words)
	}
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
