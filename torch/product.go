package torch

// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"

	"github.com/golens/golens/torch/kernel"
)

// A Weight is a weight matrix as kernels read it.
type Weight struct {
	c       *C.golens_weight
	cleanup runtime.Cleanup
}

// InPlace returns a weight that is read where it lies, float32 on the CPU: [N,K], or
// [K,N] where byInput, for N outputs of K inputs. The tensor may be closed, its memory
// stays.
func InPlace(w *Tensor, byInput bool) (*Weight, error) {
	return newWeight("read a weight in place", w, byInput, 0)
}

// Pack returns the same as a copy in panels of 32 outputs, in memory of its own with large
// pages: it takes about as long as a product of some hundred rows, and is read twice as fast.
// The weight itself is no longer needed for products.
func Pack(w *Tensor, byInput bool) (*Weight, error) {
	return newWeight("pack a weight", w, byInput, 1)
}

func newWeight(op string, w *Tensor, byInput bool, pack C.int) (*Weight, error) {
	if w.gone() {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(w)
	in := C.int(0)
	if byInput {
		in = 1
	}
	p := &Weight{}
	if err := check(op, C.golens_weight_new(kernel.Best().Table(), w.c, in, pack, &p.c)); err != nil {
		return nil, err
	}
	p.cleanup = runtime.AddCleanup(p, func(c *C.golens_weight) { C.golens_weight_free(c) }, p.c)
	return p, nil
}

// Close frees the memory, unless Products still need it.
func (w *Weight) Close() error {
	if w != nil && w.c != nil {
		w.cleanup.Stop()
		C.golens_weight_free(w.c)
		w.c = nil
	}
	return nil
}

// Products say which modules of a call (see CallUsing) are computed by kernels, and not by
// their own text. A module that gets something else than float32 on the CPU runs its text.
// Hooks at these modules act as they do otherwise. All modules must have been made ready
// by Interpose. They are filled first and used then, by several calls at once if need be.
type Products struct {
	c       *C.golens_products
	cleanup runtime.Cleanup
}

// NewProducts returns products of no module.
func NewProducts() (*Products, error) {
	p := &Products{}
	if err := check("new products", C.golens_products_new(kernel.Best().Table(), &p.c)); err != nil {
		return nil, err
	}
	p.cleanup = runtime.AddCleanup(p, func(c *C.golens_products) { C.golens_products_free(c) }, p.c)
	return p, nil
}

// Close frees them.
func (p *Products) Close() error {
	if p != nil && p.c != nil {
		p.cleanup.Stop()
		C.golens_products_free(p.c)
		p.c = nil
	}
	return nil
}

// Linear has a module's forward(x) be x [...,K] times w, plus bias [N] or nil, summed in an
// order of chains: [...,N]. A row has the same bits in any number of rows. With rows above 0
// any other number of them runs the module's text: what has libtorch's order at so many
// rows has another's at others.
func (p *Products) Linear(at *Module, w *Weight, bias *Tensor, o kernel.Order, rows int) error {
	const op = "compute a product by a kernel"
	if w == nil || w.c == nil {
		return closed(op)
	}
	if !o.Valid() || o == kernel.Lanes || rows < 0 {
		return &Error{Op: op, Msg: fmt.Sprintf("the order %v is not one of chains, or %d is no number of rows", o, rows)}
	}
	var b *C.golens_tensor
	if bias != nil {
		if bias.gone() {
			return closed(op)
		}
		b = bias.c
	}
	defer runtime.KeepAlive(w)
	defer runtime.KeepAlive(bias)
	return p.add(op, at, func(m *C.golens_module) *C.char {
		return C.golens_products_linear(p.c, m, w.c, b, C.int64_t(o), C.int64_t(rows))
	})
}

// Each has a module's forward(x) run on each row x[b] of a batch [B,...] by itself, with
// the bits that it has alone.
func (p *Products) Each(at *Module) error {
	return p.add("run a module row by row", at, func(m *C.golens_module) *C.char { return C.golens_products_each(p.c, m) })
}

// GELU has a module's forward(x) be the tanh form of GELU in one pass: within 4e-7
// max(1, |x|) of the formula.
func (p *Products) GELU(at *Module) error {
	return p.add("compute GELU by a kernel", at, func(m *C.golens_module) *C.char { return C.golens_products_gelu(p.c, m, 0) })
}

// GELUNew has a module's forward(x) be gelu_new, operation by operation with PyTorch's
// bits, on parts of x that stay in a core's cache.
func (p *Products) GELUNew(at *Module) error {
	return p.add("compute GELU by parts", at, func(m *C.golens_module) *C.char { return C.golens_products_gelu(p.c, m, 1) })
}

func (p *Products) add(op string, at *Module, f func(*C.golens_module) *C.char) error {
	if _, err := p.handle(op); err != nil {
		return err
	}
	if at.gone() {
		return closed(op)
	}
	defer runtime.KeepAlive(p)
	defer runtime.KeepAlive(at)
	return check(op, f(at.c))
}

// handle returns what C knows the products by, nil for none.
func (p *Products) handle(op string) (*C.golens_products, error) {
	if p == nil {
		return nil, nil
	}
	if p.c == nil {
		return nil, closed(op + ": products")
	}
	return p.c, nil
}
