package torch_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"testing"

	"github.com/golens/golens/torch"
)

type ownError struct{ code int }

func (e *ownError) Error() string { return fmt.Sprint("code ", e.code, "\nand a second line") }

func TestHookErrors(t *testing.T) {
	h := newHooked(t)
	capture := torch.Step{At: h.h0, Capture: true} // made before the failure, and given back
	goes := func(f torch.HookFunc) torch.Step { return torch.Step{At: h.h1, Func: f} }

	err := h.fails(capture, goes(func(*torch.Tensor) (*torch.Tensor, error) { return nil, fmt.Errorf("looking: %w", fs.ErrNotExist) }))
	failed(t, err, "torch: run forward: looking: file does not exist")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("errors.Is does not find the hook's error in %v", err)
	}
	err = h.fails(capture, goes(func(*torch.Tensor) (*torch.Tensor, error) { return nil, &ownError{42} }))
	if own := (*ownError)(nil); !errors.As(err, &own) || own.code != 42 {
		t.Errorf("errors.As does not find the hook's error in %v", err)
	}
	err = h.fails(capture, goes(func(x *torch.Tensor) (*torch.Tensor, error) {
		y, _ := x.Clone()
		y.Close()
		return y, nil
	}))
	if !errors.Is(err, torch.ErrClosed) {
		t.Errorf("a closed result: %v", err)
	}
	err = h.fails(goes(func(x *torch.Tensor) (*torch.Tensor, error) { x.Close(); return x, nil }))
	if !errors.Is(err, torch.ErrClosed) {
		t.Errorf("the argument, closed: %v", err)
	}
	err = h.fails(goes(func(x *torch.Tensor) (*torch.Tensor, error) { _, err := x.Select(5, 0); return nil, err }))
	failed(t, err, "run forward: torch: select from tensor: Dimension out of range")

	// An error is the last thing that happens, and in an inner call it is that call's.
	ran := false
	h.fails(goes(func(*torch.Tensor) (*torch.Tensor, error) { return nil, errors.New("stop") }),
		goes(func(*torch.Tensor) (*torch.Tensor, error) { ran = true; return nil, nil }))
	if ran {
		t.Error("a hook ran after one that failed")
	}
}

func TestStepErrors(t *testing.T) {
	h := newHooked(t)
	closed := h.tensor([]float32{1}, 1)
	closed.Close()
	gone := keep(h.bench, must(h.model.Child("h"))(t))
	gone.Close()
	unready := tree(h.bench)
	for says, s := range map[string]torch.Step{
		"a step does nothing: set Capture, Fn or Func": {At: h.h0},
		"hook: it was closed":                          {Capture: true},
		"run forward: hook: it was closed":             {At: gone, Capture: true},
		"hook: it was closed ":                         {At: h.h0, Fn: gone, Method: "plus"},
		"hook: it was closed  ":                        {At: h.h0, Fn: h.ops, Method: "times", Args: []any{closed}},
		"a string cannot be handed":                    {At: h.h0, Fn: h.ops, Method: "plus", Args: []any{"1"}},
		"Method 'nope' is not defined":                 {At: h.h0, Fn: h.ops, Method: "nope"},
		"plus() is missing value for argument 'n'":     {At: h.h0, Fn: h.ops, Method: "plus"},
		"Expected a value of type 'float'":             {At: h.h0, Fn: h.ops, Method: "plus", Args: []any{h.x}},
		"size at a hook must return a tensor":          {At: h.h0, Fn: h.ops, Method: "size"},
		"was not made ready for hooks":                 {At: unready, Capture: true},
		"The size of tensor a (3) must match":          {At: h.h0, Fn: h.ops, Method: "both", Args: []any{[]*torch.Tensor{h.tensor(make([]float32, 3), 3), h.tensor(make([]float32, 4), 4)}, []int64{1, 1}}},
	} {
		failed(t, h.fails(torch.Step{At: h.h0, Capture: true}, s), strings.TrimRight(says, " "))
	}
	// A result that what comes behind cannot take.
	err := h.fails(torch.Step{At: h.h0, Func: func(*torch.Tensor) (*torch.Tensor, error) { return torch.New([]bool{true}, 1) }},
		torch.Step{At: h.h1, Fn: h.ops, Method: "both", Args: []any{[]*torch.Tensor{h.x}, []int64{1}}})
	failed(t, err, "out of range")
}

func TestHookPanics(t *testing.T) {
	h := newHooked(t)
	var list []int
	for says, f := range map[string]func(){
		"a hook panicked: at once":                       func() { panic("at once") },
		"a hook panicked: code 7":                        func() { panic(&ownError{7}) },
		"a hook panicked: runtime error: index out of r": func() { list[len(list)] = 1 },
		"a hook panicked: runtime error: invalid memory": func() { var t *torch.Outcome; t.Hits[0] = 1 },
		"a hook panicked: panic called with nil":         func() { panic(nil) },
	} {
		err := h.fails(torch.Step{At: h.h0, Capture: true}, torch.Step{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { f(); return nil, nil }})
		e := failed(t, &torch.Error{Op: "x", Msg: strings.Split(err.Error(), "\n")[0]}, says)
		if !errors.As(err, &e) || !strings.Contains(e.Trace, "TestHookPanics") {
			t.Errorf("the trace does not say where it panicked: %q", e.Trace)
		}
	}
	err := h.fails(torch.Step{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { panic(&ownError{7}) }})
	if own := (*ownError)(nil); !errors.As(err, &own) {
		t.Errorf("errors.As does not find what the hook panicked with in %v", err)
	}
	err = h.fails(torch.Step{At: h.h1, Func: func(*torch.Tensor) (*torch.Tensor, error) { list[0] = 1; return nil, nil }})
	if own := runtime.Error(nil); !errors.As(err, &own) {
		t.Errorf("errors.As does not find the runtime's error in %v", err)
	}
}
