package model

import (
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// Fast returns a session in which golens's kernels make the products, on packed weights, and GELU
// is one pass. It reads a batch of texts of equal length at least as fast as one text after
// another (see TrunkOf).
//
// Each product has one order of summation, whatever the number of rows and the machine. So a row
// has the same bits in any batch. The normed states differ from exact ones by rounding: see
// docs/exactness.md. Packing the weights, once for a model, takes as long as some twenty prompts.
// A ChoiceError says why a model has no such session (see Model.Packs).
func (s Session) Fast() (Session, error) {
	if err := s.m.Packs(); err != nil {
		return s, err
	}
	k := &s.m.kernels
	if k.fast == nil {
		by, err := torch.NewProducts()
		if err != nil {
			return s, err
		}
		if err := s.m.fillFast(by); err != nil {
			by.Close()
			return s, err
		}
		k.fast = by
	}
	return Session{m: s.m, ctx: s.ctx, by: k.fast, fast: true}, nil
}

// fastOrder is the order in which products are summed. libtorch has the same on AMD's processors.
const fastOrder kernel.Order = 192

func (m *Model) fillFast(by *torch.Products) error {
	for _, p := range m.tree.products("linear", m.built) {
		if err := m.addLinear(by, p, fastOrder, 0, true); err != nil {
			return err
		}
	}
	for _, kind := range []string{"gelu_new", "gelu_pytorch_tanh"} {
		for _, at := range m.tree.activations(kind, m.built) {
			if err := by.GELU(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// packHead makes a fast session's unembedding read packed weights too, from its first use on. A
// lens has a product of its own.
func (s Session) packHead() error {
	if p, ok := s.m.headProduct(); s.fast && ok && !s.m.kernels.headFast {
		if err := s.m.addLinear(s.by, p, fastOrder, 0, true); err != nil {
			return err
		}
		s.m.kernels.headFast = true
	}
	return nil
}
