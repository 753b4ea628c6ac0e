package lens

import (
	"slices"

	"github.com/golens/golens/torch"
)

// choose returns of logits x [1,T,V] the top candidates at the plan's positions, and
// where targets [P,N], -1 for none, stand among all words.
func (r *reader) choose(x *torch.Tensor, top int, targets []int64) (*torch.Selection, error) {
	if x.Device().Kernels() {
		return torch.Select(x, int64s(r.positions), top, targets)
	}
	return r.chooseByText(x, top, targets)
}

// chooseByText is choose by libtorch's operations, on any device.
func (r *reader) chooseByText(x *torch.Tensor, top int, targets []int64) (*torch.Selection, error) {
	var sc torch.Scope
	defer sc.Close()
	some := slices.Clone(targets)
	for i, id := range some {
		some[i] = max(0, id)
	}
	P := len(r.positions)
	ids, err := r.upload(some, int64(P), int64(len(some)/P))
	if err != nil {
		return nil, err
	}
	out, err := statistics.Call("choose", x, top, r.at, ids)
	if err != nil {
		return nil, err
	}
	var s torch.Selection
	if err := torch.Fill(out, &s.TopIDs, &s.TopLogits, &s.Rank, &s.Ties); err != nil {
		return nil, err
	}
	for i, id := range targets {
		if id < 0 {
			s.Rank[i], s.Ties[i] = 0, 0
		}
	}
	return &s, nil
}
