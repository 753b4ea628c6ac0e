package model

import (
	"fmt"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// A lens has the head read one state after the other, in the same shape. libtorch's product
// is not the fastest there is, but its order of summation is known: golens's own kernel
// sums in it, to the same bits. That is seen in the first product of each shape, which
// both make, whole: all logits must be equal, or the shape stays with libtorch.

// A headShape is what the order belongs to in which libtorch sums the head's product.
type headShape struct{ rows, threads int }

// headInOrder returns the logits of x [B,T,C] by the kernel, where a product of so many rows
// was seen to be the same; and else nil.
func (s Session) headInOrder(x *torch.Tensor) (*torch.Tensor, error) {
	o := s.m.kernels.heads[s.headShape(x)]
	if o == 0 || !s.plainHead() {
		return nil, nil
	}
	u, err := s.m.Unembedding()
	if err != nil {
		return nil, err
	}
	defer u.Close()
	return torch.Linear(x, u.Weight, u.Bias, o)
}

// Heads unembeds states [1,T,C] of one shape, each as Head does: to the same bits, and
// faster, since where the kernel serves it reads the weights once.
func (s Session) Heads(states []*torch.Tensor) ([]*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	if len(states) > 1 && s.m.kernels.heads[s.headShape(states[0])] != 0 && s.plainHead() {
		return s.headsInOrder(&sc, states)
	}
	var out []*torch.Tensor
	for _, x := range states {
		y, err := s.Head(x)
		if err != nil {
			closeAll(out)
			return nil, err
		}
		out = append(out, y)
	}
	return out, nil
}

func (s Session) headsInOrder(sc *torch.Scope, states []*torch.Tensor) ([]*torch.Tensor, error) {
	y, err := s.together(states, s.headShape(states[0]))
	if err != nil {
		return nil, err
	}
	torch.Keep(sc, y)
	var out []*torch.Tensor
	for i := range states {
		part, err := y.Narrow(0, int64(i), 1)
		if err != nil {
			closeAll(out)
			return nil, err
		}
		out = append(out, part)
	}
	return out, nil
}

// together returns the logits of S states [1,n,C], [S,n,V], each with the bits that it
// has in a state of a shape whose order is known.
func (s Session) together(states []*torch.Tensor, shape headShape) (*torch.Tensor, error) {
	u, err := s.m.Unembedding()
	if err != nil {
		return nil, err
	}
	defer u.Close()
	all, err := torch.Join(states)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	return torch.Linear(all, u.Weight, u.Bias, s.m.kernels.heads[shape])
}

// HasHeadParts reports whether HeadParts serves states of T tokens. It does where the
// order is known in which libtorch sums the head's product of as many: a Head of one
// tells it.
func (s Session) HasHeadParts(T int) bool {
	return s.m.kernels.heads[headShape{T, torch.Threads()}] != 0 && s.plainHead()
}

// HeadParts unembeds positions from to from+n-1 of S states [1,T,C], into [S,n,V]: to the
// bits that Head gives for the whole of each.
func (s Session) HeadParts(states []*torch.Tensor, from, n int) (*torch.Tensor, error) {
	shape := s.headShape(states[0])
	if !s.HasHeadParts(shape.rows) {
		return nil, fmt.Errorf("model: the head of %d tokens cannot be read in parts: the order of its sums is not known", shape.rows)
	}
	var sc torch.Scope
	defer sc.Close()
	var parts []*torch.Tensor
	for _, x := range states {
		part, err := x.Narrow(1, int64(from), int64(n))
		if err != nil {
			return nil, err
		}
		parts = append(parts, torch.Keep(&sc, part))
	}
	return s.together(parts, shape)
}

// learnHead finds the order of logits y = head(x) that libtorch has made.
func (s Session) learnHead(x, y *torch.Tensor) error {
	shape := s.headShape(x)
	if _, known := s.m.kernels.heads[shape]; known || !s.plainHead() {
		return nil
	}
	u, err := s.m.Unembedding()
	if err != nil {
		return err
	}
	defer u.Close()
	o, ok, err := torch.OrderLike(y, x, u.Weight, u.Bias)
	if err != nil || !ok && !torch.Finite(y) { // NaN is equal to nothing, and tells nothing
		return err
	}
	s.m.kernels.heads[shape] = o
	return nil
}

// plainHead reports whether the head is a product and nothing else, made by libtorch.
func (s Session) plainHead() bool {
	_, is := s.m.headProduct()
	return is && (s.by == nil || s.by == s.m.kernels.plain || s.ordered) && s.m.Kernels() == nil
}

func (s Session) headShape(x *torch.Tensor) headShape {
	return headShape{int(x.Numel() / int64(s.m.Sizes.Width)), torch.Threads()}
}

// orders of the head's products by their shape; 0 where it is none that kernels have.
type headOrders map[headShape]kernel.Order
