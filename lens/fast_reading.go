package lens

import (
	"math"
	"slices"

	"github.com/golens/golens/torch"
)

// A readout projects states on the vocabulary and reads their statistics.
type readout interface {
	// read reads S states [1,P,N], of which number final is the model's own output,
	// with n targets at each position, [P,n] ids, -1 for none.
	read(states []*torch.Tensor, final, top int, targets []int64, n int) (*reading, error)
	// rows is how many rows are best read at a time, so many candidates kept of each.
	rows(top int) int
}

// A reading is what a readout tells of S states at P positions each.
type reading struct {
	states, positions, top, count int

	TopIDs                 []int64   // [S,P,K] value descending, id ascending
	TopLogits              []float32 // [S,P,K]
	LogSumExp, Entropy, KL []float64 // [S,P] nats; KL(final || row)
	TargetLogit            []float32 // [S,P,N], NaN where there is no target
	TargetRank, TargetTies []int64   // [S,P,N], 0 where there is no target
}

func newReading(S, P, K, N int) *reading {
	return &reading{states: S, positions: P, top: K, count: N,
		TopIDs: make([]int64, S*P*K), TopLogits: make([]float32, S*P*K),
		LogSumExp: make([]float64, S*P), Entropy: make([]float64, S*P), KL: make([]float64, S*P),
		TargetLogit: slices.Repeat([]float32{float32(math.NaN())}, S*P*N), TargetRank: make([]int64, S*P*N), TargetTies: make([]int64, S*P*N)}
}

// put takes a reading of some positions over, the first of which is number from.
func (r *reading) put(from int, b *reading) {
	for s := range r.states {
		to, at, P := s*r.positions+from, s*b.positions, b.positions
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
}
