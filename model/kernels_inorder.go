package model

import (
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// InOrder returns a session whose runs of T tokens have the bits of the session's own and
// take less time: where T is small, a matrix library takes longer to bring weights into its own
// order than to multiply. Kernels make those products whose order of summation at T rows
// a trial finds to be one of theirs (see Batched). It is the session itself where
// none is, where T is large, and where products are not libtorch's.
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

// fewRows is how many rows are few for InOrder.
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
