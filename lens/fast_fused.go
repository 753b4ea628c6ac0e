package lens

import (
	"math/rand/v2"
	"sync"

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

// orders remembers what was found by trial.
var orders sync.Map

// orderOf returns libtorch's order of summation for many rows of a head, found by a
// trial on a part of it, or another where libtorch's is none that the kernels know.
func orderOf(head *model.Unembedding) (summing, error) {
	shape := head.Weight.Shape()
	key := struct {
		V, C    int64
		bias    bool
		threads int
	}{shape[0], shape[1], head.Bias != nil, torch.Threads()}
	if o, ok := orders.Load(key); ok {
		return o.(summing), nil
	}
	var sc torch.Scope
	defer sc.Close()
	const rows = 16
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, rows*shape[1])
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	x, err := torch.New(v, rows, shape[1])
	if err != nil {
		return summing{}, err
	}
	torch.Keep(&sc, x)
	words := min(1024, shape[0])
	w, err := head.Weight.Narrow(0, 0, words)
	if err != nil {
		return summing{}, err
	}
	torch.Keep(&sc, w)
	bias := head.Bias
	if bias != nil {
		if bias, err = bias.Narrow(0, 0, words); err != nil {
			return summing{}, err
		}
		torch.Keep(&sc, bias)
	}
	o, own, err := torch.OrderOf(x, w, bias)
	if err != nil {
		return summing{}, err
	}
	if !own || o == kernel.Lanes {
		o, own = 384, false
	}
	found := summing{o, own}
	orders.Store(key, found)
	return found, nil
}
