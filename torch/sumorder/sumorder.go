// Package sumorder finds the order in which libtorch sums the terms of a product.
//
// The last bits of a product belong to the order in which its terms are added. A matrix
// library chooses that order by the product's shape, the processor and the thread count.
// Where the order is one that golens's kernels have (package kernel), a kernel makes the
// product in libtorch's place, to the same bits.
//
// A trial decides. libtorch multiplies inputs by the weights, a kernel does the same in each
// order that it knows, and one order must give all bits. Equal bits alone prove little: with
// two inputs, many orders round to the same number. So a trial counts only if its inputs tell
// the order apart from its rivals, which are other ways to add the same terms, and if they meet
// each output several times: a library may add its last outputs in another way than the first.
// A trial goes on with new inputs until that is so. A shape for which it never is stays with
// libtorch, and so does one of few inputs.
package sumorder

import (
	"fmt"
	"slices"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// A Product is a product that libtorch makes.
type Product struct {
	torch.Factor
	Rows int // R, how many rows the product has
	// Make returns libtorch's product of x [1,R,K]: [1,R,N]. nil stands for F.linear.
	Make func(x *torch.Tensor) (*torch.Tensor, error)
}

// A Key is what the order of a product belongs to, on one machine.
type Key struct {
	Outputs, Inputs int64
	ByInput         bool
	Bias            Bias
	Rows, Threads   int
	Offset          int // the weights lie so many bytes behind the beginning of a cache line
}

// Bias says what a product adds to its sums.
type Bias int8

// The kinds of bias. Zeros are a kind of their own: products with a bias of zeros do not tell
// where in the sum a bias is added.
const (
	NoBias Bias = iota
	ZeroBias
	RealBias
)

// A Table remembers the orders that were found; 0 where the order is none that kernels have.
// It belongs to whoever holds the CPU (torch.Device.Exclusive).
type Table map[Key]kernel.Order

// Known returns the order of a product, or 0, and whether it was asked for before.
func (t Table) Known(p Product) (kernel.Order, bool, error) {
	k, _, err := p.key()
	o, ok := t[k]
	return o, ok, err
}

// Find returns the order in which libtorch sums a product, and 0 where that is none that
// kernels have or where no input tells. It makes products until it knows; asked for again,
// it remembers.
func (t Table) Find(p Product) (kernel.Order, error) { return t.search(p, nil, nil) }

// Learn is Find with one product at hand: y [1,R,N] is what libtorch made of x [1,R,K].
// Where y holds NaN or infinities that kernels have otherwise, the order is left open.
func (t Table) Learn(p Product, x, y *torch.Tensor) (kernel.Order, error) { return t.search(p, x, y) }

// Fewest is how many inputs a product must have. Of fewer, most orders round to the same
// number, libraries add the last outputs in other ways than the first, and a kernel saves nothing.
const Fewest = 16

func (t Table) search(p Product, x, y *torch.Tensor) (kernel.Order, error) {
	k, biased, err := p.key()
	if err != nil {
		return 0, err
	}
	if o, ok := t[k]; ok {
		return o, nil
	}
	if k.Inputs > 0 && k.Inputs < Fewest {
		return 0, nil
	}
	if p.Rows < 1 || k.Inputs < 1 || k.Outputs < 1 {
		return 0, fmt.Errorf("sumorder: a product of %d rows with weights of %d inputs and %d outputs has no sums", p.Rows, k.Inputs, k.Outputs)
	}
	s, err := newTrial(p, k, biased)
	if err != nil {
		return 0, err
	}
	o, decided, err := s.run(x, y)
	if err == nil && decided && t != nil { // the nil table remembers nothing
		t[k] = o
	}
	return o, err
}

// key returns what a product's order belongs to, and an output with a bias, if there is one.
func (p Product) key() (k Key, biased int64, err error) {
	k = Key{ByInput: p.ByInput, Rows: p.Rows, Threads: torch.Threads()}
	if k.Outputs, k.Inputs, err = p.Sizes(); err != nil {
		return k, 0, err
	}
	if k.Offset, err = p.Offset(); err != nil || p.Bias == nil {
		return k, 0, err
	}
	k.Bias = ZeroBias
	tail := max(0, k.Outputs-64)
	for _, part := range [][2]int64{{tail, k.Outputs - tail}, {0, tail}} { // most have one at once
		from := part[0]
		v, err := values(p.Bias, 0, from, part[1])
		if err != nil {
			return k, 0, err
		}
		if i := slices.IndexFunc(v, func(b float32) bool { return b != 0 }); i >= 0 {
			k.Bias = RealBias
			return k, from + int64(i), nil
		}
	}
	return k, 0, nil
}

// candidates are the orders that matrix libraries are known to sum in: oneMKL with AVX-512
// has chains of 384 and, for few rows, lanes; with AVX2 chains of 256; on AMD's processors
// chains of 192.
func (k Key) candidates() []kernel.Order {
	var out []kernel.Order
	for _, o := range []kernel.Order{192, 384, 256, 512} {
		o = min(o, kernel.Order(k.Inputs)) // chains no shorter than a row are all one
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if !k.ByInput {
		out = append(out, kernel.Lanes)
	}
	return out
}

// values returns n elements of a dimension of a tensor, from one on.
func values(x *torch.Tensor, dim int, from, n int64) ([]float32, error) {
	part, err := x.Narrow(dim, from, n)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	return torch.Values[float32](part)
}
