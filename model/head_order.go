package model

import (
	"fmt"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
	"github.com/golens/golens/torch/sumorder"
)

// A lens has the head read one state after the other, in the same shape. libtorch's product
// is not the fastest there is, but its order of summation is known: golens's own kernel
// sums in it, to the same bits. That is seen in the first product of each shape, which
// both make, whole: all logits must be equal, on states that tell orders apart (package
// sumorder), or the shape stays with libtorch.

// headOrder returns the unembedding as a product of so many rows, and libtorch's order of
// summation for it: 0 if the order is not known or no kernel has it.
func (s Session) headOrder(rows int) (sumorder.Product, kernel.Order, error) {
	if !s.plainHead() {
		return sumorder.Product{}, 0, nil
	}
	s.m.fetchHead()
	p, _ := s.m.headProduct()
	head, err := s.m.summed(p, rows)
	if err != nil {
		return head, 0, err
	}
	o, _, err := s.m.kernels.orders.Known(head)
	return head, o, err
}

// headInOrder returns the logits of x [B,T,C] by the kernel, if the order for so many rows is
// known, and else nil.
func (s Session) headInOrder(x *torch.Tensor) (*torch.Tensor, error) {
	head, o, err := s.headOrder(s.rowsOf(x))
	if o == 0 || err != nil {
		return nil, err
	}
	return head.Times(x, o)
}

// Heads unembeds states [1,T,C] of one shape, each with the bits of Head. It is faster where a
// kernel serves, because the kernel reads the weights once.
func (s Session) Heads(states []*torch.Tensor) ([]*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	if len(states) > 1 {
		if head, o, err := s.headOrder(s.rowsOf(states[0])); err != nil {
			return nil, err
		} else if o != 0 {
			return headsInOrder(&sc, head, o, states)
		}
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

func headsInOrder(sc *torch.Scope, head sumorder.Product, o kernel.Order, states []*torch.Tensor) ([]*torch.Tensor, error) {
	y, err := together(head, o, states)
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

// together returns the logits of S states [1,n,C], [S,n,V], each with the bits that it has in a
// state of a shape whose order is known.
func together(head sumorder.Product, o kernel.Order, states []*torch.Tensor) (*torch.Tensor, error) {
	all, err := torch.Join(states)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	return head.Times(all, o)
}

// HasHeadParts reports whether HeadParts serves states of T tokens. It does if libtorch's order of
// summation for the unembedding of T rows is known. A Head of one state finds that order.
func (s Session) HasHeadParts(T int) bool {
	_, o, err := s.headOrder(T)
	return err == nil && o != 0
}

// HeadParts unembeds the positions from to from+n-1 of S states [1,T,C] into [S,n,V]. The bits are
// those that Head gives for the whole of each state.
func (s Session) HeadParts(states []*torch.Tensor, from, n int) (*torch.Tensor, error) {
	T := s.rowsOf(states[0])
	head, o, err := s.headOrder(T)
	if err != nil {
		return nil, err
	}
	if o == 0 {
		return nil, fmt.Errorf("model: the head of %d tokens cannot be read in parts: the order of its sums is not known", T)
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
	return together(head, o, parts)
}

// learnHead finds the order of logits y = head(x) that libtorch has computed.
func (s Session) learnHead(x, y *torch.Tensor) error {
	if !s.plainHead() || x.Shape()[0] > 1 { // a trial takes rows of one text
		return nil
	}
	p, _ := s.m.headProduct()
	head, err := s.m.summed(p, s.rowsOf(x))
	if err != nil {
		return err
	}
	_, err = s.m.kernels.orders.Learn(head, x, y)
	return err
}

// plainHead reports whether the unembedding is a product and nothing else, computed by libtorch.
func (s Session) plainHead() bool {
	_, is := s.m.headProduct()
	return is && (s.by == nil || s.by == s.m.kernels.plain || s.ordered) && s.m.Kernels() == nil
}

// rowsOf returns the number of rows [C] in x.
func (s Session) rowsOf(x *torch.Tensor) int { return int(x.Numel() / int64(s.m.Sizes.Width)) }
