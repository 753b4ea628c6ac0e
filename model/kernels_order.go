package model

import (
	"math/rand/v2"
	"slices"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// An orderKey is what the order belongs to in which a library sums a product, on one machine.
type orderKey struct {
	outputs, inputs int64
	conv, bias      bool
	rows, threads   int
	lies            int64 // the weight, so many bytes behind the beginning of a cache line
}

// chains are the orders that matrix libraries are known to have: of 192 on AMD's
// processors, of 384 with AVX-512 and of 256 with AVX2 on Intel's.
var chains = []kernel.Order{192, 384, 256, 512}

// orderOf returns the order in which libtorch sums a product of so many rows, and 0 where
// it is none that kernels have. It is found by trial, with the module's own weights: all
// bits of all rows are the same.
func (m *Model) orderOf(p product, rows int) (kernel.Order, error) {
	shape := slices.Clone(p.weight.shape)
	if p.conv {
		slices.Reverse(shape)
	}
	key := orderKey{shape[0], shape[1], p.conv, p.bias != nil, rows, torch.Threads(), 0}
	if e, ok := m.weights.find(p.weight.key); ok {
		key.lies = e.Offset % 64 // files are mapped from the beginning of a page on
	}
	if o, ok := m.kernels.orders[key]; ok {
		return o, nil
	}
	x, err := noise(1, rows, int(shape[1]))
	if err != nil {
		return 0, err
	}
	defer x.Close()
	want, err := one(p.at.Call("forward", x))
	if err != nil {
		return 0, err
	}
	defer want.Close()
	o, err := m.orderLike(p, x, want)
	if err == nil {
		m.kernels.orders[key] = o
	}
	return o, err
}

// noise returns numbers from -1 to 1, [B,T,C], the same each time.
func noise(B, T, C int) (*torch.Tensor, error) {
	r := rand.New(rand.NewPCG(uint64(T), uint64(C)))
	v := make([]float32, B*T*C)
	for i := range v {
		v[i] = 2*r.Float32() - 1
	}
	return torch.New(v, int64(B), int64(T), int64(C))
}

// orderLike returns the order in which a product of x [1,T,in] was summed that is at hand,
// want [1,T,out], and 0 for none that kernels have.
func (m *Model) orderLike(p product, x, want *torch.Tensor) (kernel.Order, error) {
	inputs := x.Shape()[2]
	var tried []kernel.Order
	for _, o := range chains {
		o = min(o, kernel.Order(inputs)) // chains no shorter than a row are all one
		if slices.Contains(tried, o) {
			continue
		}
		tried = append(tried, o)
		// The first row tells most orders apart.
		for _, rows := range []int64{1, x.Shape()[1]} {
			same, err := m.sums(p, x, want, rows, o)
			if err != nil {
				return 0, err
			}
			if !same {
				break
			}
			if rows == x.Shape()[1] {
				return o, nil
			}
		}
	}
	return 0, nil
}

// sums reports whether the first rows of a product have the bits of want in an order.
func (m *Model) sums(p product, x, want *torch.Tensor, rows int64, o kernel.Order) (bool, error) {
	var sc torch.Scope
	defer sc.Close()
	by, err := torch.NewProducts()
	if err != nil {
		return false, err
	}
	torch.Keep(&sc, by)
	if err := m.addLinear(by, p, o, 0, false); err != nil {
		return false, err
	}
	var part [2]*torch.Tensor
	for i, t := range []*torch.Tensor{x, want} {
		if part[i], err = t.Narrow(1, 0, rows); err != nil {
			return false, err
		}
		torch.Keep(&sc, part[i])
	}
	out, err := p.at.CallUsing(by, "forward", nil, part[0])
	if err != nil {
		return false, err
	}
	return sameBytes(torch.Keep(&sc, out).Results[0], part[1])
}
