package bench

import (
	"cmp"

	"github.com/golens/golens/model"
)

// A Cost is the least that a work takes of the machine, whatever the way in which it is
// done: so ways can be compared by their shares of the machine's limits.
//
// With B numbers in the matrices of all blocks together (12 L C^2 for GPT-2), w bytes a
// number, and one multiplication with one addition as two operations:
//
//	trunk(T)   2 T B + 2 T (T+1) L C   T tokens: each number of the blocks once a token,
//	                                   and in each block 4 C, for a score and its share of
//	                                   the sum, for every pair of a position and one that
//	                                   it sees: T (T+1) / 2 pairs
//	head(n)    2 n V C                 n rows of states projected
//
//	forward, hooks   trunk(T) + head(T)
//	lens             trunk(T) + head(R T), with R = L + 1 rows
//	text             the same for every chunk
//	sweep            the blocks that a run needs behind its change, and head of the last
//	                 position of each run
//	generate         the prompt and n - 1 tokens read once, with the lens of each
//
// Statistics of logits are not counted: they are additions by the vocabulary, and no
// products. Of bytes, the weights are counted, which have to come from memory once a
// pass over the tokens: w (B + V C), for generation in each of its steps; and what the
// work hands over, which is the logits [T,V] of a forward and next to nothing of others.
type Cost struct {
	FLOPs float64 `json:"flops"`
	Bytes float64 `json:"bytes"`
}

// sizes are the dimensions from which costs are computed.
type sizes struct {
	C, V, L, B, w float64
}

// sizesOf returns the sizes of a model. If an archive does not show what its blocks contain, they
// count as GPT-2's.
func sizesOf(m *model.Model) sizes {
	s := sizes{C: float64(m.Sizes.Width), V: float64(m.Sizes.Vocab), L: float64(m.Sizes.Blocks), w: float64(m.DType.Size())}
	if m.Config == nil {
		s.B = 12 * s.L * s.C * s.C
		return s
	}
	a := m.Config.Arch
	width := float64(cmp.Or(a.ProjectDim, a.Width)) // of the embedding
	all, _ := m.Parameters()
	s.B = float64(all) - s.V*width
	if !m.Tied() {
		s.B -= s.V * width
	}
	if a.Names.Positions != "" {
		s.B -= float64(a.Context+a.PositionOffset) * s.C
	}
	return s
}

func (s sizes) trunk(T float64) float64 { return 2*T*s.B + 2*T*(T+1)*s.L*s.C }
func (s sizes) head(n float64) float64  { return 2 * n * s.V * s.C }

// weights returns the bytes of one pass over the weights.
func (s sizes) weights() float64 { return s.w * (s.B + s.V*s.C) }

func (s sizes) forward(T float64) Cost {
	return Cost{s.trunk(T) + s.head(T), s.weights() + 4*T*s.V}
}

func (s sizes) lens(T float64) Cost {
	return Cost{s.trunk(T) + s.head((s.L+1)*T), s.weights()}
}

// text returns the cost of n chunks of T tokens.
func (s sizes) text(n, T float64) Cost {
	c := s.lens(T)
	return Cost{n * c.FLOPs, n * c.Bytes}
}

// sweep returns the cost of runs variants on T tokens and the clean run, with blocks blocks in
// all.
func (s sizes) sweep(T, blocks, runs float64) Cost {
	return Cost{s.trunk(T)*blocks/s.L + s.head(runs+1), s.weights()}
}

// generate returns the cost of n tokens after T. The j-th token that is read alone sees T + j
// positions.
func (s sizes) generate(T, n float64) Cost {
	later := 2*(n-1)*s.B + 4*s.L*s.C*((n-1)*T+(n-1)*n/2)
	return Cost{s.trunk(T) + later + s.head((s.L+1)*(T+n-1)), n * s.weights()}
}
