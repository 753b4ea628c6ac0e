package model

import (
	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// A batched model has the bits of runs of so many tokens in batches of any size.
type batched struct {
	products *torch.Products
	fits     bool // there is a product that kernels make
	attends  bool // and attention was tried
	head     kernel.Order
	tried    bool // for the head
}

// Batched returns a session that runs a batch of texts of T tokens each with the bits that
// each of them has alone, and true. Kernels make those products whose order of summation
// at T rows, the thread count and the processor a trial finds to be one of theirs, by all
// bits; a product of another order runs text by text. It is false, beside the session
// itself, where all products are of that kind, where attention has other bits in a batch,
// or where the model has no packed weights. Its head is the session's own until HeadLike.
func (s Session) Batched(T int) (Session, bool, error) {
	if s.m.Packs() != nil || s.fast || T < 1 {
		return s, false, nil
	}
	b, err := s.m.batchedOf(T)
	if err != nil || !b.fits {
		return s, false, err
	}
	in := Session{m: s.m, ctx: s.ctx, by: b.products}
	if !b.attends {
		if b.fits, err = in.attendsByText(T); err != nil || !b.fits {
			return s, false, err
		}
		b.attends = true
	}
	return in, true, nil
}

// attendsByText reports whether attention has the bits in a batch that it has text by
// text, by trial on one block of each kind: eager attention at few positions has others,
// since its products are of all heads of all texts at once.
func (s Session) attendsByText(T int) (bool, error) {
	const texts = 3
	var sc torch.Scope
	defer sc.Close()
	x, err := noise(texts, T, s.m.Sizes.Width)
	if err != nil {
		return false, err
	}
	torch.Keep(&sc, x)
	tried := map[int]bool{}
	for i, b := range s.m.Layout.Blocks {
		kind := s.m.kind(i)
		if tried[kind] {
			continue
		}
		tried[kind] = true
		around, err := s.around(i, x)
		if err != nil {
			return false, err
		}
		defer closeAll(around)
		all, err := s.call(s.m.built[b.Attention], "forward", x, around)
		if err != nil {
			return false, err
		}
		torch.Keep(&sc, all)
		for row := range int64(texts) {
			one, err := x.Narrow(0, row, 1)
			if err != nil {
				return false, err
			}
			alone, err := s.call(s.m.built[b.Attention], "forward", torch.Keep(&sc, one), around)
			if err != nil {
				return false, err
			}
			torch.Keep(&sc, alone)
			part, err := all.Narrow(0, row, 1)
			if err != nil {
				return false, err
			}
			if same, err := sameBytes(torch.Keep(&sc, part), alone); err != nil || !same {
				return false, err
			}
		}
	}
	return true, nil
}

func (m *Model) batchedOf(T int) (*batched, error) {
	key := shapeKey{T, torch.Threads()}
	if b, ok := m.kernels.batched[key]; ok {
		return b, nil
	}
	by, err := torch.NewProducts()
	if err != nil {
		return nil, err
	}
	b := &batched{products: by}
	m.kernels.batched[key] = b // which is closed with the model
	if err := m.geluByParts(by); err != nil {
		return nil, err
	}
	all := m.tree.products("linear", m.built)
	for _, p := range all { // one of each kind, before all of them are packed
		o, err := m.orderOf(p, T)
		if err != nil {
			return nil, err
		}
		b.fits = b.fits || o != 0
	}
	if !b.fits {
		return b, nil
	}
	for _, p := range all {
		o, err := m.orderOf(p, T)
		if err == nil && o != 0 {
			err = m.addLinear(by, p, o, 0, true)
		} else if err == nil {
			err = by.Each(p.at)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// HeadLike returns the session of Batched with a head that sums as one did that is at
// hand: a state [1,1,C] behind the final norm, the last of T, and its logits [V] of the
// whole product. It is false, beside the session itself, where that order is not one of
// the kernels'.
func (s Session) HeadLike(T int, state, logits *torch.Tensor) (Session, bool, error) {
	head, ok := s.m.headProduct()
	b := s.m.kernels.batched[shapeKey{T, torch.Threads()}]
	if !ok || b == nil || s.by != b.products {
		return s, false, nil
	}
	if !b.tried {
		V := logits.Shape()[0]
		rows, err := torch.Values[float32](logits)
		if err != nil {
			return s, false, err
		}
		want, err := torch.New(rows, 1, 1, V)
		if err != nil {
			return s, false, err
		}
		defer want.Close()
		if b.head, err = s.m.orderLike(head, state, want); err != nil {
			return s, false, err
		}
		if b.tried = true; b.head != 0 {
			if err := s.m.addLinear(b.products, head, b.head, 0, true); err != nil {
				return s, false, err
			}
		}
	}
	return s, b.head != 0, nil
}

// TrunkOf runs texts of equal length as one batch up to the final norm, with hooks (or
// nil): ids are B of [T]. The result is that norm's output [B,T,C]. In a session of Fast or
// Batched each text has the bits that it has alone there; in one of Fast, with sdpa
// attention.
func (s Session) TrunkOf(ids [][]int64, h *hooks.Registry) (*hooks.Run, error) {
	if s.m.archive != nil {
		return nil, s.m.Packs()
	}
	x, err := s.batch(ids)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	p, err := s.points()
	if err != nil {
		return nil, err
	}
	return p.Call("trunk", h, x)
}

// batch returns texts of equal length as [B,T].
func (s Session) batch(ids [][]int64) (*torch.Tensor, error) {
	var all []int64
	for _, text := range ids {
		if err := s.m.Check(text); err != nil {
			return nil, err
		}
		if len(text) != len(ids[0]) {
			return nil, choice("model: texts of %d and %d tokens cannot be one batch: they must have one length", len(ids[0]), len(text))
		}
		all = append(all, text...)
	}
	if len(ids) == 0 {
		return nil, ErrEmpty
	}
	return torch.NewOn(s.m.Device, all, int64(len(ids)), int64(len(ids[0])))
}

// points returns the model's points, whose runs have the session's products and end with its
// ctx. It is an error if a file of mapped weights has changed.
func (s Session) points() (*hooks.Points, error) {
	return s.m.Points.Using(s.ctx, s.by), s.m.weights.check()
}

// call runs a method of a part of the model that returns one tensor.
func (s Session) call(part *torch.Module, method string, args ...any) (*torch.Tensor, error) {
	o, err := part.CallUsing(s.by, method, nil, args...)
	if err != nil {
		return nil, err
	}
	return torch.One(o.Results, nil)
}
