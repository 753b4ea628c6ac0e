package hooks_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

func TestActions(t *testing.T) {
	m := newModel(t)
	v := m.tensor([]float32{10, 20}, 2)
	row := m.tensor([]float32{10, 20}, 1, 1, 2)
	one := m.tensor([]float32{10}, 1)
	scalar := m.tensor([]float32{10})
	double := torch.Keep(&m.Scope, must(v.To(torch.Float64, torch.CPU))(t))
	whole := torch.Keep(&m.Scope, must(v.To(torch.Int64, torch.CPU))(t))
	brain := torch.Keep(&m.Scope, must(v.To(torch.BFloat16, torch.CPU))(t))
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	odd := m.tensor([]float32{nan, inf}, 2)
	for text, c := range map[string]struct {
		a    hooks.Action
		want [2]float32 // at h.0, which gives 5 and 10
	}{
		"scale 0.5":        {hooks.Scale(0.5), [2]float32{2.5, 5}},
		"scale -1e+20":     {hooks.Scale(-1e20), [2]float32{-5e20, -1e21}},
		"scale 0":          {hooks.Scale(0), [2]float32{0, 0}},
		"scale 0.1":        {hooks.Scale(0.1), [2]float32{0.5, 1}},
		"scale NaN":        {hooks.Scale(math.NaN()), [2]float32{nan, nan}},
		"scale +Inf":       {hooks.Scale(math.Inf(1)), [2]float32{inf, inf}},
		"zero":             {hooks.Zero(), [2]float32{0, 0}},
		"add a vector":     {hooks.Add("a vector", v), [2]float32{15, 30}},
		"add a row":        {hooks.Add("a row", row), [2]float32{15, 30}},
		"add one":          {hooks.Add("one", one), [2]float32{15, 20}},
		"add a scalar":     {hooks.Add("a scalar", scalar), [2]float32{15, 20}},
		"add float64":      {hooks.Add("float64", double), [2]float32{15, 30}},
		"add int64":        {hooks.Add("int64", whole), [2]float32{15, 30}},
		"add bfloat16":     {hooks.Add("bfloat16", brain), [2]float32{15, 30}},
		"add NaN and Inf":  {hooks.Add("NaN and Inf", odd), [2]float32{nan, inf}},
		"set a vector":     {hooks.Set("a vector", v), [2]float32{10, 20}},
		"set a row":        {hooks.Set("a row", row), [2]float32{10, 20}},
		"set one":          {hooks.Set("one", one), [2]float32{10, 10}},
		"set a scalar":     {hooks.Set("a scalar", scalar), [2]float32{10, 10}},
		"set float64":      {hooks.Set("float64", double), [2]float32{10, 20}},
		"set int64":        {hooks.Set("int64", whole), [2]float32{10, 20}},
		"set NaN and Inf":  {hooks.Set("NaN and Inf", odd), [2]float32{nan, inf}},
		"a function of Go": {hooks.Func("a function of Go", add(1)), [2]float32{6, 11}},
	} {
		t.Run(text, func(t *testing.T) {
			if c.a.String() != text {
				t.Errorf("it is called %q", c.a)
			}
			var r hooks.Registry
			r.Add("h.0", c.a)
			r.Capture("h.0")
			run := m.run(&r, 1, 2)
			x := run.Captured("h.0")
			if x.DType() != torch.Float32 {
				t.Errorf("it is %v", x.DType())
			}
			got, out := values(t, x), values(t, run.Results[0])
			for i, want := range c.want {
				if !same(got[i], want) || !same(out[i], want*7+1) {
					t.Errorf("element %d is %v and gives %v, want %v and %v", i, got[i], out[i], want, want*7+1)
				}
			}
		})
	}
	equal(t, "the vector", values(t, v), 10, 20) // which nobody wrote to
}

func same(a, b float32) bool { return a == b || (a != a && b != b) }

// TestZeroKeepsNothing: zero ablation gives zeros where the state is NaN or infinite.
func TestZeroKeepsNothing(t *testing.T) {
	m := newModel(t)
	var r hooks.Registry
	r.Add("h.0", hooks.Scale(math.NaN()))
	r.Add("h.0", hooks.Zero())
	m.gives(&r, 1)
}

func TestShapesThatDoNotFit(t *testing.T) {
	m := newModel(t)
	for name, c := range map[string]struct {
		shape []int64
		says  string
	}{
		"too wide":           {[]int64{3}, "a tensor of shape [3] does not fit this point, which has the shape [1, 1, 2]"},
		"wrong rows":         {[]int64{1, 4, 2}, "a tensor of shape [1, 4, 2] does not fit this point, which has the shape [1, 1, 2]"},
		"too many":           {[]int64{1, 1, 1, 2}, "a tensor of shape [1, 1, 1, 2] does not fit this point, which has the shape [1, 1, 2]"},
		"empty":              {[]int64{0}, "a tensor of shape [0] does not fit this point, which has the shape [1, 1, 2]"},
		"the other way":      {[]int64{2, 1}, "a tensor of shape [2, 1] does not fit this point, which has the shape [1, 1, 2]"},
		"many of many (big)": {[]int64{2, 1, 2}, "a tensor of shape [2, 1, 2] does not fit this point, which has the shape [1, 1, 2]"},
	} {
		t.Run(name, func(t *testing.T) {
			n := int64(1)
			for _, s := range c.shape {
				n *= s
			}
			v := m.tensor(make([]float32, n), c.shape...)
			x := m.tensor([]float32{1, 2}, 1, 1, 2)
			for _, a := range []hooks.Action{hooks.Add("v", v), hooks.Set("v", v)} {
				var r hooks.Registry
				r.Add("h.0", a)
				_, err := m.Call("forward", &r, x)
				if want := "torch: run forward: " + c.says; err == nil || err.Error() != want {
					t.Errorf("%v: got %v, want %s", a, err, want)
				}
			}
		})
	}
}

func TestActionErrors(t *testing.T) {
	m := newModel(t)
	x := m.tensor([]float32{1}, 1)
	gone := m.tensor([]float32{1}, 1)
	gone.Close()
	fails := func(a hooks.Action) error {
		t.Helper()
		live := torch.Live()
		var r hooks.Registry
		r.Capture("h.0")
		r.Add("h.1", a)
		run, err := m.Call("forward", &r, x)
		if err == nil || run != nil {
			t.Fatalf("%v: a run that must fail brought %v", a, run)
		}
		if n := torch.Live() - live; n != 0 && n != 1 {
			t.Errorf("%v: %d objects were left", a, n)
		}
		return err
	}
	if err := fails(hooks.Add("gone", gone)); !errors.Is(err, torch.ErrClosed) {
		t.Errorf("a closed vector: %v", err)
	}
	says(t, fails(hooks.Set("nil", nil)), "a nil *torch.Tensor")
	says(t, fails(hooks.Action{}), "the zero Action does nothing: use Scale, Zero, Add, Set or Func")
	says(t, fails(hooks.Func("nil", nil)), "does nothing")
	if err := fails(hooks.Func("eof", func(*torch.Tensor) (*torch.Tensor, error) { return nil, io.EOF })); !errors.Is(err, io.EOF) {
		t.Errorf("the hook's error does not survive in %v", err)
	}
	if err := fails(hooks.Func("panic", func(*torch.Tensor) (*torch.Tensor, error) { panic("no") })); !strings.Contains(err.Error(), "a hook panicked: no") {
		t.Errorf("a panic: %v", err)
	}
	m.gives(nil, 36)
}
