package lens

import (
	"math"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// A readout projects states on the vocabulary and reads their statistics.
type readout interface {
	// read reads S states [1,P,N], of which number final is the model's own output,
	// with n targets at each position, [P,n] ids, -1 for none.
	read(states []*torch.Tensor, final, top int, targets []int64, n int) (*reading, error)
	// rows is how many rows are best read at a time, so many candidates kept of each.
	rows(top int) int
}

// A reading is what a readout tells of S states at P positions each: arrays [S,P], of
// K candidates [S,P,K], and of N targets [S,P,N].
type reading struct {
	*torch.Reading
	states, positions, top, count int
}

func newReading(S, P, K, N int) *reading {
	r := kernel.NewReading(S, P, K, N)
	for i := range r.TargetLogit {
		r.TargetLogit[i] = float32(math.NaN())
	}
	return &reading{r, S, P, K, N}
}

// put takes a reading of some positions over, the first of which is number from.
func (r *reading) put(from int, b *reading) {
	for s := range r.states {
		r.copy(s*r.positions+from, b, s*b.positions, b.positions)
	}
}

// replace takes a reading of the positions at over.
func (r *reading) replace(at []int64, b *reading) {
	for s := range r.states {
		for i, p := range at {
			r.copy(s*r.positions+int(p), b, s*b.positions+i, 1)
		}
	}
}

// copy takes P cells of another reading over, the first of which is number at.
func (r *reading) copy(to int, b *reading, at, P int) {
	K, N := r.top, r.count
	copy(r.TopIDs[to*K:], b.TopIDs[at*K:(at+P)*K])
	copy(r.TopLogits[to*K:], b.TopLogits[at*K:(at+P)*K])
	copy(r.LogSumExp[to:], b.LogSumExp[at:at+P])
	copy(r.Entropy[to:], b.Entropy[at:at+P])
	copy(r.KL[to:], b.KL[at:at+P])
	copy(r.TargetLogit[to*N:], b.TargetLogit[at*N:(at+P)*N])
	copy(r.TargetRank[to*N:], b.TargetRank[at*N:(at+P)*N])
	copy(r.TargetTies[to*N:], b.TargetTies[at*N:(at+P)*N])
}
