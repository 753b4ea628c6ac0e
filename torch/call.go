package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"runtime/cgo"
	"runtime/debug"
	"sync/atomic"
	"unsafe"
)

// A HookFunc sees the tensor at a hook point and returns what takes its place;
// nil leaves it as it is. Both are closed when the call has them: keep a Clone of
// the argument, and return a Clone of what is to be used again. The shape of the
// result is not looked at here; what comes behind takes it or fails.
//
// The function runs inside the model's own call, on its thread: it may use tensors and
// modules, but must not end its goroutine (runtime.Goexit, and so testing's FailNow). To
// start a run that waits for the device is a HeldError. A panic becomes an error.
type HookFunc func(x *Tensor) (*Tensor, error)

// A Step is one thing that happens at a module while a method runs: exactly one
// of Capture, Method and Func is set. Steps at one module act in their order.
type Step struct {
	At    *Module
	Input bool // at the first argument before the module runs, not at what it returns

	Capture bool // a copy of the tensor is kept

	Fn     *Module // Fn.Method(x, Args...) takes the tensor's place
	Method string
	Args   []any

	Func HookFunc // a function of Go
}

// Outcome is what a call with hooks brings back.
type Outcome struct {
	Results  []*Tensor // what the method returned; tuples and lists one after the other
	Captures []*Tensor // one for each step, nil where it was no capture or the module did not run
	Hits     []int64   // how often each step's module ran
}

// Close closes every tensor of the outcome.
func (o *Outcome) Close() error {
	closeAll(o.Results)
	closeAll(o.Captures)
	return nil
}

// Call runs a method and returns its results: the elements of tuples and lists one
// after the other, numbers as tensors without a dimension, nothing for None.
// Arguments are *Tensor, int, int64, float64, bool, []*Tensor, []int64 and nil (None).
func (m *Module) Call(method string, args ...any) ([]*Tensor, error) {
	o, err := m.CallWith(method, nil, args...)
	if err != nil {
		return nil, err
	}
	return o.Results, nil
}

// CallWith runs a method with hooks, which act in this call only. The module must
// have been made ready by Interpose.
func (m *Module) CallWith(method string, steps []Step, args ...any) (*Outcome, error) {
	return m.CallUsing(nil, method, steps, args...)
}

// CallUsing is CallWith with modules that kernels compute, nil for none.
func (m *Module) CallUsing(by *Products, method string, steps []Step, args ...any) (*Outcome, error) {
	return m.CallUntil(context.Background(), by, method, steps, args...)
}

// CallUntil is CallUsing until ctx is done: then the call ends before the next module that
// was made ready by Interpose, with ctx's error.
func (m *Module) CallUntil(ctx context.Context, by *Products, method string, steps []Step, args ...any) (*Outcome, error) {
	op := "run " + method
	if err := ctx.Err(); err != nil {
		return nil, stopped(op, err)
	}
	if m.gone() {
		return nil, closed(op)
	}
	var keep cstrings
	defer keep.free()
	defer runtime.KeepAlive(m)
	defer runtime.KeepAlive(by)
	defer runtime.KeepAlive(steps)
	defer runtime.KeepAlive(args)

	var in, values []C.golens_value
	for i, a := range args {
		v, err := valuesOf(fmt.Sprintf("%s: argument %d", op, i), a)
		if err != nil {
			return nil, err
		}
		in = append(in, v...)
	}
	products, err := by.handle(op)
	if err != nil {
		return nil, err
	}
	run := &running{}
	plan := make([]C.golens_step, len(steps))
	for i, s := range steps {
		if s.At.gone() {
			return nil, closed(op + ": hook")
		}
		plan[i] = C.golens_step{at: s.At.c, kind: C.GOLENS_GO, index: C.int(i), first: C.int(len(values))}
		if s.Input {
			plan[i].input = 1
		}
		switch {
		case s.Capture:
			plan[i].kind = C.GOLENS_CAPTURE
		case s.Fn != nil:
			if s.Fn.gone() {
				return nil, closed(op + ": hook")
			}
			plan[i].kind, plan[i].fn, plan[i].method = C.GOLENS_CALL, s.Fn.c, keep.add(s.Method)
			for _, a := range s.Args {
				v, err := valuesOf(op+": hook", a)
				if err != nil {
					return nil, err
				}
				values = append(values, v...)
			}
			plan[i].count = C.int(len(values)) - plan[i].first
		case s.Func == nil:
			return nil, &Error{Op: op, Msg: "a step does nothing: set Capture, Fn or Func"}
		default:
			run.funcs = append(run.funcs, s.Func)
			plan[i].index = C.int(len(run.funcs) - 1)
		}
	}
	stop, release := stopOf(ctx)
	defer release()
	handle := cgo.NewHandle(run)
	defer handle.Delete()

	captures := make([]*C.golens_tensor, len(steps))
	hits := make([]int64, len(steps))
	var results **C.golens_tensor
	var n C.int
	err = check(op, C.golens_module_call(m.c, keep.add(method), unsafe.SliceData(in), C.int(len(in)), products, (*C.int32_t)(stop),
		unsafe.SliceData(plan), C.int(len(plan)), unsafe.SliceData(values), C.int(len(values)), C.uintptr_t(handle),
		unsafe.SliceData(captures), dims(hits), &results, &n))

	o := &Outcome{Captures: make([]*Tensor, len(steps)), Hits: hits}
	for i, c := range captures {
		if c != nil {
			o.Captures[i] = ownTensor(c)
		}
	}
	if err != nil {
		o.Close()
		if stop != nil && atomic.LoadInt32(stop) != 0 {
			return nil, stopped(op, ctx.Err())
		}
		if run.err != nil {
			return nil, &Error{Op: op, Msg: run.err.Error(), Trace: run.trace, Err: run.err}
		}
		return nil, err
	}
	defer C.free(unsafe.Pointer(results))
	for _, c := range unsafe.Slice(results, int(n)) {
		o.Results = append(o.Results, ownTensor(c))
	}
	return o, nil
}

// stopOf returns a number that is not 0 once ctx is done, and what ends watching it; nil
// where ctx is never done.
func stopOf(ctx context.Context) (stop *int32, release func()) {
	if ctx.Done() == nil {
		return nil, func() {}
	}
	stop = new(int32)
	unwatch := context.AfterFunc(ctx, func() { atomic.StoreInt32(stop, 1) })
	return stop, func() { unwatch() }
}

func stopped(op string, err error) error { return &Error{Op: op, Msg: err.Error(), Err: err} }

// running is a call's Go side: its hooks, and the error of the one that failed.
type running struct {
	funcs []HookFunc
	err   error
	trace string // where it panicked
}

// do runs hook number i. A panic must not unwind through C++ and becomes an error.
func (r *running) do(i int, x *Tensor) (y *Tensor, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		r.trace = string(debug.Stack())
		if e, ok := p.(error); ok {
			err = fmt.Errorf("a hook panicked: %w", e)
		} else {
			err = fmt.Errorf("a hook panicked: %v", p)
		}
	}()
	y, err = r.funcs[i](x)
	if err == nil && y != nil && y.c == nil {
		err = closed("take a hook's result")
	}
	return y, err
}
