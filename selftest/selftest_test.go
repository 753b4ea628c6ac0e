package selftest_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/selftest"
	"github.com/golens/golens/torch"
)

// TestDefault: the model in the program is well.
func TestDefault(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	selftest.Run(context.Background(), m) // what the first one makes stays: modules, and the model's own products
	live := torch.Live()
	checks := selftest.Run(context.Background(), m)
	if len(checks) != 5 {
		t.Errorf("there are %d checks", len(checks))
	}
	for _, k := range checks {
		if k.Status != selftest.OK || k.Text == "" || k.Remedy != "" {
			t.Errorf("%+v", k)
		}
	}
	if n := torch.Live(); n > live {
		t.Errorf("%d tensors and modules are left", n-live)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if checks := selftest.Run(stopped, m); len(checks) != 1 || checks[0].Status != selftest.Warn {
		t.Errorf("interrupted: %+v", checks)
	}
}

// broken opens a small archive whose stream goes through body: x is the embedding
// [1,T,C], and y is to become what the final norm gets.
func broken(t *testing.T, body string, weight float32) *model.Model {
	t.Helper()
	u, err := torch.NewUnit()
	if err != nil {
		t.Fatal(err)
	}
	var sc torch.Scope
	defer sc.Close()
	define := func(role, text string, slots ...torch.Slot) *torch.Module {
		m, err := u.Define(role, text, slots...)
		if err != nil {
			t.Fatal(err)
		}
		return torch.Keep(&sc, m)
	}
	const V, C = 17, 3
	values := make([]float32, V*C)
	for i := range values {
		values[i] = float32(i%7) - 2
	}
	values[4] = weight
	w, err := torch.New(values, V, C)
	if err != nil {
		t.Fatal(err)
	}
	torch.Keep(&sc, w)
	const same = "def forward(self, x: Tensor) -> Tensor:\n    return x\n"
	const block = "def forward(self, x: Tensor) -> Tensor:\n    return x + torch.tanh(x)\n"
	root := define("Model", "def forward(self, ids: Tensor) -> Tensor:\n"+
		"    x = self.drop.forward(torch.embedding(self.head.weight, ids))\n    "+body+"\n"+
		"    return self.head.forward(self.norm.forward(y))\n",
		torch.Slot{Name: "drop", Value: define("Drop", same)},
		torch.Slot{Name: "blocks", Value: define("Holder", "", torch.Slot{Name: "0", Value: define("Block", block)})},
		torch.Slot{Name: "norm", Value: define("Norm", same)},
		torch.Slot{Name: "head", Value: define("Head", "def forward(self, x: Tensor) -> Tensor:\n    return torch.linear(x, self.weight)\n", torch.Slot{Name: "weight", Value: w})})
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := root.Save(path); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(path, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestBroken: each check fails on a model that is made to fail it, and on no other.
func TestBroken(t *testing.T) {
	const run = `y = getattr(self.blocks, "0").forward(x)`
	for _, c := range []struct {
		name, body string
		weight     float32
		fails      string
		want       string
	}{
		{"a sound one", run, 1, "", ""},
		{"no number in a weight", run, float32(math.NaN()), "last row", "hold no numbers"},
		{"a way past the block", run + " + x", 1, "parts", "resumed from the state at blocks.0"},
		{"a block that counts for nothing", run + " * 0.0", 1, "hooks", "changes no logit"},
	} {
		for _, k := range selftest.Run(context.Background(), broken(t, c.body, c.weight)) {
			switch {
			case k.Name == "tokenizer":
				if k.Status != selftest.Warn || !strings.Contains(k.Remedy, "name the folder of another") {
					t.Errorf("%s: %+v", c.name, k)
				}
			case k.Name == c.fails:
				if k.Status != selftest.Fail || !strings.Contains(k.Text, c.want) || k.Remedy == "" {
					t.Errorf("%s: %+v, want %q", c.name, k, c.want)
				}
			case k.Status != selftest.OK:
				t.Errorf("%s: %+v", c.name, k)
			}
		}
	}
}
