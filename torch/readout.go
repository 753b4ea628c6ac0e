package torch

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/golens/golens/torch/kernel"
)

// A Reading is what a readout tells of R states at T positions each.
type Reading = kernel.Reading

// ReadoutOptions say what a readout reads.
type ReadoutOptions struct {
	Final   int     // which state is the model's own output
	Top     int     // candidates a cell, at least 1
	Targets []int64 // [T,N], -1 for none; the same for every state
	Count   int     // N
	Order   kernel.Order
	Set     kernel.Set // what reads; the zero Set is the best in float32
}

// Readout projects states, R of [1,T,C] or [T,C], with head [V,C] and bias [V] or nil,
// and reads their statistics in one pass over the vocabulary. All are float32 on the
// CPU. The logits have the bits of F.linear where Order is its own for the number of
// rows in question (see package sumorder); any number of states and positions gives the same.
func Readout(states []*Tensor, head, bias *Tensor, o ReadoutOptions) (*Reading, error) {
	const op = "read out"
	fail := func(format string, a ...any) (*Reading, error) {
		return nil, &Error{Op: op, Msg: fmt.Sprintf(format, a...)}
	}
	defer runtime.KeepAlive(states)
	defer runtime.KeepAlive(head)
	defer runtime.KeepAlive(bias)
	m, err := matrix(head)
	if err != nil {
		return nil, err
	}
	q := kernel.Query{Head: m, Order: o.Order, Step: m.K, Final: o.Final, Top: o.Top, Targets: o.Targets, Count: o.Count}
	if bias != nil {
		if q.Bias, err = bias.floats("bias"); err != nil {
			return nil, err
		}
		if bias.Numel() != m.N {
			return fail("the bias has %d elements for %d words", bias.Numel(), m.N)
		}
	}
	for i, s := range states {
		at, err := s.floats("states")
		if err != nil {
			return nil, err
		}
		T := s.Numel() / max(1, m.K)
		if shape := s.Shape(); len(shape) < 2 || shape[len(shape)-1] != m.K || T == 0 || i > 0 && T != q.Length {
			return fail("a state has the shape %v: all are [1,T,%d] with one T", shape, m.K)
		}
		q.States, q.Length = append(q.States, at), T
	}
	r, err := o.Set.Read(q, parallel())
	return r, ofKernel(op, err)
}

// Dots returns the logits of chosen words, x[i] . head[ids[i]] + bias[ids[i]], for x
// [len(ids),C]: the bits that Readout has.
func Dots(x, head, bias *Tensor, ids []int64, o kernel.Order) ([]float32, error) {
	const op = "read chosen words"
	defer runtime.KeepAlive(x)
	defer runtime.KeepAlive(head)
	defer runtime.KeepAlive(bias)
	m, err := matrix(head)
	if err != nil {
		return nil, err
	}
	at, err := x.floats("states")
	if err != nil {
		return nil, err
	}
	var b *float32
	if bias != nil {
		if b, err = bias.floats("bias"); err != nil {
			return nil, err
		}
	}
	if x.Numel() != int64(len(ids))*m.K || bias != nil && bias.Numel() != m.N {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("states %v and a bias of %d do not fit %d words of a head %v", x.Shape(), bias.Numel(), len(ids), head.Shape())}
	}
	y, err := kernel.Best().Dots(at, m.K, m, b, o, ids, parallel())
	return y, ofKernel(op, err)
}

// ofKernel makes an error of kernels one of this package.
func ofKernel(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Msg: strings.TrimPrefix(err.Error(), "kernel: "), Err: err}
}
