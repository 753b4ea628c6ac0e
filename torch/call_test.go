package torch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
)

const kinds = `
def tensor(self, x: Tensor) -> Tensor:
    return x + 1

def optional(self, x: Optional[Tensor]) -> int:
    if x is None:
        return -1
    return x.numel()

def numbers(self, i: int, f: float, b: bool) -> float:
    return float(i) * f if b else 0.0

def tensors(self, xs: List[Tensor]) -> Tensor:
    return torch.cat(xs)

def ints(self, ns: List[int]) -> int:
    n = len(ns)
    for i in ns:
        n = n * 10 + i
    return n

def mixed(self, xs: List[Tensor], ns: List[int], x: Tensor) -> Tensor:
    return torch.stack(xs).sum() + float(ns[-1]) + x

def pair(self, x: Tensor) -> Tuple[Tensor, int]:
    return x, x.numel()

def nested(self, x: Tensor) -> Tuple[Tensor, Tuple[Tensor, List[Tensor]], Optional[Tensor]]:
    return x, (x + 1, [x + 2, x + 3]), None

def lists(self, x: Tensor) -> List[Tuple[Tensor, Tensor]]:
    return [(x, x + 1), (x + 2, x + 3)]

def table(self, x: Tensor) -> Dict[str, Tensor]:
    return {"a": x, "b": x + 1}

def nothing(self) -> None:
    pass

def same(self, x: Tensor) -> Tensor:
    return x

def text(self) -> str:
    return "text"

def sparse(self, x: Tensor) -> Tuple[Tensor, Tensor]:
    return x, x.to_sparse()

def large(self) -> Tensor:
    return torch.zeros([1125899906842624])

def asserts(self) -> None:
    assert 1 > 2

def divide(self, a: int, b: int) -> int:
    return a // b
`

func TestArguments(t *testing.T) {
	b := work(t)
	m := b.module(kinds)
	x, y := b.tensor([]float32{1, 2}, 2), b.tensor([]float32{3}, 1)
	equal(t, "tensor", b.one(m, "tensor", x), 2, 3)
	equal(t, "list of tensors", b.one(m, "tensors", []*torch.Tensor{x, y, x}), 1, 2, 3, 1, 2)
	equal(t, "lists among others", b.one(m, "mixed", []*torch.Tensor{y, y}, []int64{4, 5}, x), 12, 13)
	for _, c := range []struct {
		method string
		args   []any
		want   int64
	}{
		{"optional", []any{nil}, -1},
		{"optional", []any{x}, 2},
		{"ints", []any{[]int64{7, 8}}, 278},
		{"ints", []any{[]int64{}}, 0},
		{"ints", []any{[]int64(nil)}, 0},
		{"divide", []any{7, int64(2)}, 3},
		{"divide", []any{-7, 2}, -4},
	} {
		out := must(m.Call(c.method, c.args...))(t)
		equal(t, c.method, values[int64](t, keep(b, out[0])), c.want)
		if s := out[0].Shape(); len(s) != 0 {
			t.Errorf("a number came as a tensor of shape %v", s)
		}
	}
	for on, want := range map[bool]float64{true: 5, false: 0} {
		out := must(m.Call("numbers", 2, 2.5, on))(t)
		equal(t, "numbers", values[float64](t, keep(b, out[0])), want)
	}
}

func TestResults(t *testing.T) {
	b := work(t)
	m := b.module(kinds)
	x := b.tensor([]float32{1}, 1)
	flat := func(method string, args ...any) []float32 {
		var out []float32
		for _, r := range must(m.Call(method, args...))(t) {
			wide := keep(b, must(keep(b, r).To(torch.Float32, torch.CPU))(t))
			out = append(out, values[float32](t, wide)...)
		}
		return out
	}
	equal(t, "pair", flat("pair", x), 1, 1)
	equal(t, "tuples, lists and None", flat("nested", x), 1, 2, 3, 4)
	equal(t, "list of tuples", flat("lists", x), 1, 2, 3, 4)
	equal(t, "dictionary", flat("table", x), 1, 2)
	equal(t, "None", flat("nothing"))

	same := keep(b, must(m.Call("same", x))(t)[0])
	if !same.SharesStorage(x) || same == x {
		t.Error("a method that returns its argument made a copy")
	}
	x.Close()
	equal(t, "after the argument was closed", values[float32](t, same), 1)
}

func TestCallErrors(t *testing.T) {
	b := work(t)
	m := b.module(kinds)
	x := b.tensor([]float32{1}, 1)
	closed := b.tensor([]float32{1}, 1)
	closed.Close()
	var none *torch.Tensor
	for name, c := range map[string]struct {
		method string
		args   []any
		says   string
		is     error
	}{
		"no such method":       {"nope", nil, "run nope: Method 'nope' is not defined", nil},
		"too few":              {"tensor", nil, "missing value for argument 'x'", nil},
		"too many":             {"tensor", []any{x, x}, "Expected at most 2 argument(s)", nil},
		"a number":             {"tensor", []any{1}, "Expected a value of type 'Tensor' for argument 'x' but instead found type 'int'", nil},
		"None":                 {"tensor", []any{nil}, "found type 'NoneType'", nil},
		"a float for an int":   {"divide", []any{1.0, 1}, "Expected a value of type 'int' for argument 'a'", nil},
		"a list of ints":       {"tensors", []any{[]int64{1}}, "'List[Tensor]' for argument 'xs'", nil},
		"a string":             {"tensor", []any{"x"}, "run tensor: argument 0: a string cannot be handed to TorchScript", nil},
		"a float32":            {"tensor", []any{float32(1)}, "a float32 cannot be handed", nil},
		"a closed tensor":      {"tensor", []any{closed}, "run tensor: argument 0: it was closed", torch.ErrClosed},
		"a closed one in many": {"tensors", []any{[]*torch.Tensor{x, closed}}, "it was closed", torch.ErrClosed},
		"a nil tensor":         {"optional", []any{none}, "a nil *torch.Tensor", nil},
		"a text":               {"text", nil, "a method returned a String", nil},
		"a sparse tensor":      {"sparse", []any{x}, "only plain tensors can be handed to Go", nil},
		"no memory":            {"large", nil, "can't allocate memory: you tried to allocate 4503599627370496 bytes", nil},
		"an assertion":         {"asserts", nil, "it failed, and libtorch gives no reason", nil},
		"division":             {"divide", []any{1, 0}, "division by 0", nil},
	} {
		t.Run(name, func(t *testing.T) {
			balanced(t)
			out, err := m.Call(c.method, c.args...)
			failed(t, err, c.says)
			if out != nil {
				t.Error("results came with the error")
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("the cause is %v", errors.Unwrap(err))
			}
		})
	}
}

// TestTrace: the traceback of TorchScript is kept, apart from the cause.
func TestTrace(t *testing.T) {
	b := work(t)
	m := b.module("def forward(self, x: Tensor, y: Tensor) -> Tensor:\n    return x + y\n")
	_, err := m.Call("forward", b.tensor(make([]float32, 3), 3), b.tensor(make([]float32, 4), 4))
	e := failed(t, err, "torch: run forward: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0")
	for _, part := range []string{"Traceback of TorchScript", "return x + y\n           ~~~~~ <--- HERE"} {
		if !strings.Contains(e.Trace, part) {
			t.Errorf("the trace lacks %q:\n%s", part, e.Trace)
		}
	}
}
