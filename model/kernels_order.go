package model

import (
	"math/rand/v2"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
	"github.com/golens/golens/torch/sumorder"
)

// summed describes a product of so many rows for the search of its order.
func (m *Model) summed(p product, rows int) (sumorder.Product, error) {
	out := sumorder.Product{Rows: rows, Make: func(x *torch.Tensor) (*torch.Tensor, error) { return one(p.at.Call("forward", x)) }}
	out.ByInput = p.conv
	var err error
	if out.Weight, err = m.weights.tensor(p.weight.key, p.weight.shape); err == nil && p.bias != nil {
		out.Bias, err = m.weights.tensor(p.bias.key, p.bias.shape)
	}
	return out, err
}

// orderOf returns the order of chains in which libtorch sums a product of so many rows, or 0 if no
// kernel has it. A trial with the module's own weights finds it.
func (m *Model) orderOf(p product, rows int) (kernel.Order, error) {
	s, err := m.summed(p, rows)
	if err != nil {
		return 0, err
	}
	o, err := m.kernels.orders.Find(s)
	return max(o, 0), err // modules are not summed in lanes
}

// noise returns numbers from -1 to 1, [B,T,C], the same each time for a seed.
func noise(seed uint64, B, T, C int) (*torch.Tensor, error) {
	r := rand.New(rand.NewPCG(seed<<32|uint64(T), uint64(C)))
	v := make([]float32, B*T*C)
	for i := range v {
		v[i] = 2*r.Float32() - 1
	}
	return torch.New(v, int64(B), int64(T), int64(C))
}
