package model

import (
	"math"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// batched holds what a batch of texts of T tokens needs so that every text gets the same bits as
// when it is run alone.
type batched struct {
	products *torch.Products
	fits     bool // there is a product that kernels make
	attends  bool // and attention was tried
	head     kernel.Order
	tried    bool // for the head
}

// Batched returns a session for batches of texts of T tokens, in which each text has the bits that
// it has alone, and true.
//
// A trial finds libtorch's order of summation for T rows, the thread count and the processor.
// Kernels make the products whose order they have. Other products run one text at a time. The
// unembedding is the session's own until HeadInBatch.
//
// Batched returns s itself and false in three cases: no product has a known order; attention has
// other bits in a batch; the model has no packed weights.
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

// attendsByText reports whether attention in a batch has the bits that each text has alone. It
// tries one block of each kind. Eager attention at few positions has other bits, because its
// products are over all heads of all texts at once.
func (s Session) attendsByText(T int) (bool, error) {
	tried := map[int]bool{}
	for i := range s.m.Layout.Blocks {
		kind := s.m.kind(i)
		if tried[kind] {
			continue
		}
		tried[kind] = true
		// Few numbers may be equal by chance: small models take several batches.
		const texts, enough = 3, 2048
		for seed := range uint64(enough/(texts*T*s.m.Sizes.Width) + 1) {
			if same, err := s.attendsAlike(i, seed, texts, T); err != nil || !same {
				return false, err
			}
		}
	}
	return true, nil
}

// attendsAlike compares one batch. It also returns false if the texts prove nothing: if another
// last bit in every number of a text leaves the output unchanged.
func (s Session) attendsAlike(block int, seed uint64, texts, T int) (bool, error) {
	var sc torch.Scope
	defer sc.Close()
	x, err := noise(seed, texts, T, s.m.Sizes.Width)
	if err != nil {
		return false, err
	}
	torch.Keep(&sc, x)
	around, err := s.around(block, x)
	if err != nil {
		return false, err
	}
	defer closeAll(around)
	attend := func(x *torch.Tensor) (*torch.Tensor, error) {
		y, err := s.call(s.m.built[s.m.Layout.Blocks[block].Attention], "forward", x, around)
		return torch.Keep(&sc, y), err
	}
	all, err := attend(x)
	if err != nil {
		return false, err
	}
	var alone *torch.Tensor
	for row := range int64(texts) {
		text, err := x.Narrow(0, row, 1)
		if err != nil {
			return false, err
		}
		if alone, err = attend(torch.Keep(&sc, text)); err != nil {
			return false, err
		}
		part, err := all.Narrow(0, row, 1)
		if err != nil {
			return false, err
		}
		if same, err := torch.SameBits(torch.Keep(&sc, part), alone); err != nil || !same {
			return false, err
		}
	}
	v, err := torch.Values[float32](x)
	if err != nil {
		return false, err
	}
	v = v[len(v)-T*s.m.Sizes.Width:] // the last text
	for i := range v {
		v[i] = math.Nextafter32(v[i], 2)
	}
	near, err := torch.New(v, 1, int64(T), int64(s.m.Sizes.Width))
	if err != nil {
		return false, err
	}
	other, err := attend(torch.Keep(&sc, near))
	if err != nil {
		return false, err
	}
	same, err := torch.SameBits(alone, other)
	return !same, err
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

// HeadInBatch returns the session of Batched with an unembedding that sums as libtorch does for a
// state of T tokens, and true. If no kernel has that order, it returns s itself and false.
func (s Session) HeadInBatch(T int) (Session, bool, error) {
	head, ok := s.m.headProduct()
	b := s.m.kernels.batched[shapeKey{T, torch.Threads()}]
	if !ok || b == nil || s.by != b.products {
		return s, false, nil
	}
	if !b.tried {
		s.m.fetchHead()
		o, err := s.m.orderOf(head, T)
		if err != nil {
			return s, false, err
		}
		if o != 0 {
			if err := s.m.addLinear(b.products, head, o, 0, true); err != nil {
				return s, false, err
			}
		}
		b.tried, b.head = true, o
	}
	return s, b.head != 0, nil
}

// TrunkOf runs B texts of equal length, ids [B][T], as one batch up to the final norm, with hooks,
// which can be nil. The result is the output of that norm, [B,T,C]. In a session of Batched each
// text has the bits that it has alone there. In a session of Fast it has them with sdpa attention.
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

// points returns the model's points for runs with the session's products and ctx. A changed file
// of mapped weights is an error.
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
