package model

import (
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// InOrder returns a session whose runs of T tokens have the bits of s and take less time. For a
// small T, a matrix library spends more time on arranging weights than on multiplying. A trial
// finds libtorch's order of summation for T rows (see Batched), and kernels make the products
// whose order they have.
//
// InOrder returns s itself if no product has a known order, if T is large, or if the products are
// not libtorch's.
func (s Session) InOrder(T int) (Session, error) {
	if s.m.Kernels() != nil || s.by != s.m.kernels.plain || T < 1 || T > fewRows {
		return s, nil
	}
	by, err := s.m.orderedAt(T)
	if err != nil || by == nil {
		return s, err
	}
	return Session{m: s.m, ctx: s.ctx, by: by, ordered: true}, nil
}

// fewRows is the largest number of rows for InOrder.
const fewRows = 64

func (m *Model) orderedAt(T int) (*torch.Products, error) {
	key := shapeKey{T, torch.Threads()}
	if by, ok := m.kernels.ordered[key]; ok {
		return by, nil
	}
	by, err := torch.NewProducts()
	if err != nil {
		return nil, err
	}
	found := false
	err = m.geluByParts(by)
	for _, p := range m.tree.products("linear", m.built) {
		if err != nil {
			break
		}
		var o kernel.Order
		if o, err = m.orderOf(p, T); err == nil && o != 0 {
			found = true
			err = m.addLinear(by, p, o, T, false)
		}
	}
	if err != nil || !found {
		by.Close()
		by = nil
	}
	if err == nil {
		m.kernels.ordered[key] = by
	}
	return by, err
}
