package torch_test

import (
	"errors"
	"testing"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

func TestProgram(t *testing.T) {
	work(t)
	p := torch.NewProgram("Some", "def two(self, x: Tensor) -> Tuple[Tensor, int]:\n    return x + 1, 5\n\ndef one(self, x: Tensor) -> Tensor:\n    return x * 2\n")
	m := must(p.Module())(t)
	if again := must(p.Module())(t); again != m {
		t.Error("a program was compiled twice")
	}
	defer m.Close() // the test's own: a program is for the process
	x := must(torch.NewOn(torch.CPU, []float32{1, 2}, 2))(t)
	defer x.Close()
	equal(t, "shape", x.Shape(), 2)

	var a []float32
	var n []int64
	if err := torch.Fill(must(p.Call("two", x))(t), &a, &n); err != nil {
		t.Fatal(err)
	}
	equal(t, "a tensor", a, 2, 3)
	equal(t, "a number", n, 5)
	y := must(torch.One(p.Call("one", x)))(t)
	equal(t, "the only result", values[float32](t, y), 2, 4)
	y.Close()

	_, err := torch.One(p.Call("two", x))
	failed(t, err, "it returned 2 tensors where one was expected")
	_, err = torch.One(p.Call("three", x))
	failed(t, err, "run three")
	var texts []string
	type own []float32
	var named own
	for _, c := range []struct {
		to   []any
		says string
	}{
		{[]any{&a}, "2 tensors for 1 slices"},
		{[]any{&a, &n, &n}, "2 tensors for 3 slices"},
		{[]any{&n, &n}, "it holds float32, not int64"},
		{[]any{&a, &texts}, "a *[]string takes no tensor"},
		{[]any{&named, &n}, "takes no tensor"},
		{[]any{a, &n}, "a []float32 takes no tensor"},
		{[]any{nil, &n}, "a <nil> takes no tensor"},
	} {
		failed(t, torch.Fill(must(p.Call("two", x))(t), c.to...), c.says)
	}
	_, err = torch.NewProgram("Broken", "def f(self):\n    return nothing\n").Call("f")
	failed(t, err, "build Broken", "nothing")
	_, err = torch.NewOn(torch.CPU, []float32{1, 2}, 3)
	failed(t, err, "it needs 3 values, not 2")
}

// TestShape: a shape of any number of dimensions.
func TestShape(t *testing.T) {
	b := work(t)
	for _, n := range []int{0, 1, 8, 9, 20} {
		shape := make([]int64, n)
		for i := range shape {
			shape[i] = 1
		}
		if n > 0 {
			shape[n-1] = 3
		}
		x := b.tensor(make([]float32, max(1, 3*min(n, 1))), shape...)
		equal(t, "shape", x.Shape(), shape...)
	}
}

// TestZeroValues: they mean something, or an error says that they do not.
func TestZeroValues(t *testing.T) {
	work(t)
	var p torch.Program
	_, err := p.Call("forward")
	failed(t, err, "it has no text: NewProgram makes one")
	var u torch.Unit
	_, err = u.Define("Some", "")
	failed(t, err, "build Some: the unit was not made: NewUnit makes one")
	var x torch.Tensor
	var m torch.Module
	var f torch.File
	var w torch.Weight
	var by torch.Products
	if x.Shape() != nil || x.Numel() != 0 || x.DType() != -1 || x.Device() != torch.CPU || m.HasMethod("forward") {
		t.Error("the zero tensor or module has something")
	}
	f.Preload(0, 1)
	f.Forget(0, 1)
	for _, err := range []error{second(m.Call("forward")), second(x.Clone()), f.Check(), second(f.Tensor(0, torch.Float32)), by.Linear(&m, &w, nil, 1, 0),
		second(torch.Pack(&x, false)), second(torch.One(nil, torch.ErrClosed))} {
		if !errors.Is(err, torch.ErrClosed) {
			t.Errorf("a zero value: %v", err)
		}
	}
	var d torch.Device
	if d != torch.CPU || d.String() != "cpu" || !d.Host() || !d.Kernels() || d.HasTF32() {
		t.Errorf("the zero device is %v", d)
	}
	var set kernel.Set
	if set.Name() != kernel.Best().Name() || set.GELU([]float32{0})[0] != 0 {
		t.Errorf("the zero set is %v", set.Name())
	}
}
