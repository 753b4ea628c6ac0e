package torch

import (
	"fmt"
	"sync"
)

// A Program is a TorchScript text that is compiled when it is first called: a class without
// parameters, whose methods are functions. It is for the process and is never closed.
type Program struct{ module func() (*Module, error) }

// NewProgram returns the program of a source text, the methods of a class without its head
// (see Unit.Define). The name is for errors.
func NewProgram(name, source string) *Program {
	return &Program{sync.OnceValues(func() (*Module, error) {
		u, err := NewUnit()
		if err != nil {
			return nil, err
		}
		return u.Define(name, source)
	})}
}

// Module returns the program's module, which stays the program's.
func (p *Program) Module() (*Module, error) {
	if p == nil || p.module == nil {
		return nil, &Error{Op: "compile a program", Msg: "it has no text: NewProgram makes one"}
	}
	return p.module()
}

// Call runs a method, as Module.Call does.
func (p *Program) Call(method string, args ...any) ([]*Tensor, error) {
	m, err := p.Module()
	if err != nil {
		return nil, err
	}
	return m.Call(method, args...)
}

// One returns the only tensor that a call returned. Another number of them is an error, and
// closes them.
func One(out []*Tensor, err error) (*Tensor, error) {
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		closeAll(out)
		return nil, &Error{Op: "take the result of a method", Msg: fmt.Sprintf("it returned %d tensors where one was expected", len(out))}
	}
	return out[0], nil
}

// Fill copies the tensors that a call returned to slices, which are *[]T of an Element
// without a name of its own, one for each tensor and of its type. It closes the tensors.
func Fill(out []*Tensor, to ...any) error {
	defer closeAll(out)
	const op = "read the results of a method"
	if len(out) != len(to) {
		return &Error{Op: op, Msg: fmt.Sprintf("it returned %d tensors for %d slices", len(out), len(to))}
	}
	for i, p := range to {
		var err error
		switch p := p.(type) {
		case *[]float32:
			*p, err = Values[float32](out[i])
		case *[]float64:
			*p, err = Values[float64](out[i])
		case *[]int64:
			*p, err = Values[int64](out[i])
		case *[]int32:
			*p, err = Values[int32](out[i])
		case *[]uint8:
			*p, err = Values[uint8](out[i])
		case *[]bool:
			*p, err = Values[bool](out[i])
		default:
			err = &Error{Op: op, Msg: fmt.Sprintf("a %T takes no tensor", p)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func closeAll(ts []*Tensor) {
	for _, t := range ts {
		t.Close()
	}
}
