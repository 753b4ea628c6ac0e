package lens

import (
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// fused is the readout of golens's own kernels, which computes and reads the logits of
// a tile at once.
type fused struct {
	head  *model.Unembedding
	order summing
	set   kernel.Set
}

func openFused(head *model.Unembedding, k Kernel) (*fused, error) {
	set := kernel.Best()
	if k == X3 {
		set = kernel.X3()[0]
	}
	o, err := orderOf(head)
	return &fused{head, o, set}, err
}

// The kernel has blocks of its own; this only bounds how many states are brought
// together for it.
func (f *fused) rows(top int) int { return 4096 }

func (f *fused) read(states []*torch.Tensor, final, top int, targets []int64, n int) (*reading, error) {
	P := int(states[0].Numel() / f.head.Weight.Shape()[1])
	r, err := torch.Readout(states, f.head.Weight, f.head.Bias, torch.ReadoutOptions{
		Final: final, Top: top, Targets: targets, Count: n, Order: f.order.order, Set: f.set})
	if err != nil {
		return nil, err
	}
	return &reading{r, len(states), P, top, n}, nil
}

// summing is the order in which the products of a logit are added.
type summing struct {
	order kernel.Order
	own   bool // whether libtorch has the same for many rows, here
}

// String says it for a manifest.
func (s summing) String() string {
	if s.own {
		return s.order.String() + ", as libtorch"
	}
	return s.order.String() + ", not as libtorch"
}

// orderOf returns libtorch's order of summation for many rows of a head, or another where
// libtorch's is none that the kernels know.
func orderOf(head *model.Unembedding) (summing, error) {
	o, err := head.OrderOfMany()
	if o == 0 {
		return summing{384, false}, err
	}
	return summing{o, true}, err
}
