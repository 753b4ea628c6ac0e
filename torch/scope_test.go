package torch_test

import (
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/golens/golens/torch"
)

var (
	_ io.Closer = (*torch.Tensor)(nil)
	_ io.Closer = (*torch.Module)(nil)
	_ io.Closer = (*torch.File)(nil)
	_ io.Closer = (*torch.Scope)(nil)
	_ io.Closer = (*torch.Outcome)(nil)
)

type closer struct {
	name string
	log  *[]string
}

func (c closer) Close() error { *c.log = append(*c.log, c.name); return nil }

func TestScope(t *testing.T) {
	balanced(t)
	var log []string
	var outer torch.Scope
	torch.Keep(&outer, closer{"first", &log})
	inner := torch.Keep(&outer, new(torch.Scope))
	torch.Keep(&outer, closer{"last", &log})
	torch.Keep(inner, closer{"inner 1", &log})
	torch.Keep(inner, closer{"inner 2", &log})
	x := torch.Keep(&outer, must(torch.New([]float32{1}, 1))(t))
	for range 2 { // the second time there is nothing left to close
		if err := outer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"last", "inner 2", "inner 1", "first"}; !slices.Equal(log, want) {
		t.Errorf("closed %v, want %v", log, want)
	}
	if _, err := x.Clone(); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("a kept tensor after Close: %v", err)
	}
	y := torch.Keep(&outer, must(torch.New([]float32{1}, 1))(t)) // a scope may be used again
	outer.Close()
	if y.Shape() != nil {
		t.Error("what was kept after Close is open")
	}
}

func TestLive(t *testing.T) {
	balanced(t)
	start := torch.Live()
	count := func(what string, want int64) {
		t.Helper()
		if n := torch.Live() - start; n != want {
			t.Errorf("%s: %d are live, want %d", what, n, want)
		}
	}
	x := must(torch.New([]float32{1}, 1))(t)
	y := must(x.Narrow(0, 0, 1))(t)
	count("a tensor and a view", 2)
	u := must(torch.NewUnit())(t)
	m := must(u.Define("M", "def forward(self, x: Tensor) -> Tensor:\n    return x\n", torch.Slot{Name: "w", Value: x}))(t)
	count("a module", 3)
	out := must(m.Call("forward", x))(t)
	count("a result", 4)
	f := must(torch.Map(numbers(t, 1)))(t)
	count("a file", 5)
	for _, c := range []io.Closer{x, y, m, f, out[0]} {
		c.Close()
		c.Close()
	}
	count("all closed", 0)
}
