package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// A Module is a TorchScript module: parameters, children and methods.
type Module struct {
	c       *C.golens_module
	cleanup runtime.Cleanup
}

func ownModule(c *C.golens_module) *Module {
	m := &Module{c: c}
	m.cleanup = runtime.AddCleanup(m, func(c *C.golens_module) { C.golens_module_free(c) }, c)
	return m
}

// gone reports whether there is no module (any more).
func (m *Module) gone() bool { return m == nil || m.c == nil }

// Close frees the handle. The module itself lives on in its parent.
func (m *Module) Close() error {
	if !m.gone() {
		m.cleanup.Stop()
		C.golens_module_free(m.c)
		m.c = nil
	}
	return nil
}

// A Unit holds the classes of modules that are built together; NewUnit makes one. Modules of the
// same role, text and slots share one class, as the blocks of a model do.
type Unit struct {
	c       *C.golens_unit
	cleanup runtime.Cleanup
}

// NewUnit returns an empty unit.
func NewUnit() (*Unit, error) {
	u := &Unit{}
	if err := check("new unit", C.golens_unit_new(&u.c)); err != nil {
		return nil, err
	}
	u.cleanup = runtime.AddCleanup(u, func(c *C.golens_unit) { C.golens_unit_free(c) }, u.c)
	return u, nil
}

// A Slot is an attribute of a module under construction: a *Tensor is a
// parameter, a *Module a child, and an int, float64 or bool a plain attribute.
type Slot struct {
	Name  string
	Value any
}

// Define builds a module of the given role from TorchScript source text, the
// methods of a class without its head. Children are built before their parents.
// The text may ask `hasattr(self, "bias")`: that is decided while it is compiled,
// and the branch not taken may name what the module lacks. It sees torch.* and
// the language's own functions only, and calls a child as self.child.forward(x).
func (u *Unit) Define(role, source string, slots ...Slot) (*Module, error) {
	op := "build " + role
	if u == nil || u.c == nil {
		return nil, &Error{Op: op, Msg: "the unit was not made: NewUnit makes one"}
	}
	var keep cstrings
	defer keep.free()
	defer runtime.KeepAlive(u)
	defer runtime.KeepAlive(slots)
	made := make([]C.golens_slot, len(slots))
	seen := map[string]bool{"training": true} // each class has that one
	for i, s := range slots {
		if s.Name == "" || seen[s.Name] {
			return nil, &Error{Op: op, Msg: fmt.Sprintf("the slot %q has no name, or one that is taken", s.Name)}
		}
		seen[s.Name] = true
		made[i].name = keep.add(s.Name)
		if child, ok := s.Value.(*Module); ok {
			if child.gone() {
				return nil, closed(op + ": child " + s.Name)
			}
			made[i].child = child.c
			continue
		}
		v, err := valuesOf(op+": "+s.Name, s.Value)
		if err != nil {
			return nil, err
		}
		if k := v[0].kind; k == C.GOLENS_TENSORS || k == C.GOLENS_INTS {
			return nil, &Error{Op: op + ": " + s.Name, Msg: fmt.Sprintf("a %T cannot be an attribute", s.Value)}
		}
		made[i].value = v[0]
	}
	var out *C.golens_module
	err := check(op, C.golens_module_define(u.c, keep.add(role), keep.add(source), unsafe.SliceData(made), C.int(len(made)), &out))
	if err != nil {
		return nil, err
	}
	return ownModule(out), nil
}

// Load reads a TorchScript archive (.pt) onto a device. An archive can run code
// of its own: load only what you trust.
func Load(path string, on Device) (*Module, error) {
	var keep cstrings
	defer keep.free()
	var out *C.golens_module
	if err := check("load "+path, C.golens_module_load(keep.add(path), keep.add(on.String()), &out)); err != nil {
		return nil, err
	}
	return ownModule(out), nil
}

// Save writes the module as a TorchScript archive. It must come before Interpose.
func (m *Module) Save(path string) error {
	var keep cstrings
	defer keep.free()
	return m.do("save "+path, func() *C.char { return C.golens_module_save(m.c, keep.add(path)) })
}

// Child returns the submodule at a dotted path, such as "h.3.attn"; "" is m itself.
func (m *Module) Child(path string) (*Module, error) {
	var keep cstrings
	defer keep.free()
	var out *C.golens_module
	if err := m.do("find module", func() *C.char { return C.golens_module_child(m.c, keep.add(path), &out) }); err != nil {
		return nil, err
	}
	return ownModule(out), nil
}

// Parameter returns the tensor at a dotted path, such as "h.3.attn.c_attn.weight"; it shares the module's memory.
func (m *Module) Parameter(path string) (*Tensor, error) {
	var keep cstrings
	defer keep.free()
	var out *C.golens_tensor
	if err := m.do("find tensor", func() *C.char { return C.golens_module_parameter(m.c, keep.add(path), &out) }); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

// HasMethod reports whether the module has a method of that name; false for a closed one.
func (m *Module) HasMethod(name string) bool {
	var keep cstrings
	defer keep.free()
	var has C.int
	err := m.do("find method", func() *C.char { return C.golens_module_has_method(m.c, keep.add(name), &has) })
	return err == nil && has != 0
}

// A Part is one module of a tree: its dotted path, its class, and the dotted
// paths of the tensors that it holds itself.
type Part struct {
	Path, Class string
	Tensors     []string
}

// Parts returns the module and everything below it, parents first.
func (m *Module) Parts() ([]Part, error) {
	var text *C.char
	if err := m.do("describe module", func() *C.char { return C.golens_module_describe(m.c, &text) }); err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(text))
	var parts []Part
	for line := range strings.Lines(C.GoString(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] == "module" {
			parts = append(parts, Part{Path: f[1], Class: f[2]})
		} else {
			p := &parts[len(parts)-1]
			p.Tensors = append(p.Tensors, f[1])
		}
	}
	return parts, nil
}

// Interpose makes the module and everything below it ready for hooks, by their
// methods whose names begin with "forward". It must come before the first Call
// of any of these classes, and after any Save.
func (m *Module) Interpose() error {
	return m.do("make ready for hooks", func() *C.char { return C.golens_module_interpose(m.c) })
}

func (m *Module) do(op string, f func() *C.char) error {
	if m.gone() {
		return closed(op)
	}
	defer runtime.KeepAlive(m)
	return check(op, f())
}

// valuesOf puts a Go value into the form in which it crosses the boundary: one
// element, or the head of a list and its items.
func valuesOf(op string, v any) ([]C.golens_value, error) {
	switch v := v.(type) {
	case nil:
		return []C.golens_value{{kind: C.GOLENS_NONE}}, nil
	case *Tensor:
		if v == nil {
			return nil, &Error{Op: op, Msg: "it is a nil *torch.Tensor; None is a nil without a type"}
		}
		if v.c == nil {
			return nil, closed(op)
		}
		return []C.golens_value{{kind: C.GOLENS_TENSOR, t: v.c}}, nil
	case int:
		return []C.golens_value{{kind: C.GOLENS_INT, i: C.int64_t(v)}}, nil
	case int64:
		return []C.golens_value{{kind: C.GOLENS_INT, i: C.int64_t(v)}}, nil
	case float64:
		return []C.golens_value{{kind: C.GOLENS_DOUBLE, d: C.double(v)}}, nil
	case bool:
		b := C.golens_value{kind: C.GOLENS_BOOL}
		if v {
			b.i = 1
		}
		return []C.golens_value{b}, nil
	case []*Tensor:
		out := []C.golens_value{{kind: C.GOLENS_TENSORS, i: C.int64_t(len(v))}}
		for _, t := range v {
			item, err := valuesOf(op, t)
			if err != nil {
				return nil, err
			}
			out = append(out, item...)
		}
		return out, nil
	case []int64:
		out := []C.golens_value{{kind: C.GOLENS_INTS, i: C.int64_t(len(v))}}
		for _, n := range v {
			out = append(out, C.golens_value{kind: C.GOLENS_INT, i: C.int64_t(n)})
		}
		return out, nil
	}
	return nil, &Error{Op: op, Msg: fmt.Sprintf("a %T cannot be handed to TorchScript", v)}
}

// cstrings are C strings that live until free.
type cstrings []*C.char

func (k *cstrings) add(s string) *C.char {
	c := C.CString(s)
	*k = append(*k, c)
	return c
}

func (k *cstrings) free() {
	for _, c := range *k {
		C.free(unsafe.Pointer(c))
	}
}
