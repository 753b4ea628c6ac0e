package lens

import (
	"fmt"
	"math"
)

// textSums are the sums of the windows that were read. The numbers of a window are
// added among themselves first, and the windows to each other, which keeps the
// rounding of millions of numbers small.
type textSums struct {
	rows                     []Row
	tokens, windows, targets int64
	bytes                    int64 // of the targets, -1 where a piece is not known
	cells                    []rowSums
	vocab                    int
	ranks                    []uint32 // [R,V] how many targets have the rank i+1
	perPlace                 []int64  // [T] targets at each position of a window
}

// rowSums are the sums of one row.
type rowSums struct {
	loss, entropy, kl, reciprocal float64
	agree, tied, bad              int64
	lossAt                        []float64 // [T] the sum of -log p at each position of a window
}

// add adds the lens of one window, which has at most T positions.
func (s *textSums) add(r *Result, T, V int) error {
	R, P := len(r.Rows), len(r.Positions)
	if s.rows == nil {
		s.rows, s.vocab = r.Rows, V
		s.ranks = make([]uint32, R*V)
		s.cells = make([]rowSums, R)
		s.perPlace = make([]int64, T)
		for n := range s.cells {
			s.cells[n].lossAt = make([]float64, T)
		}
	}
	for p, id := range r.Targets.IDs {
		if id < 0 {
			continue
		}
		s.targets++
		s.perPlace[p]++
		if piece := r.Pieces[id].Bytes; piece == nil {
			s.bytes = -1
		} else if s.bytes >= 0 {
			s.bytes += int64(len(piece))
		}
	}
	for n := range s.cells {
		if err := s.addRow(n, r); err != nil {
			return err
		}
	}
	s.tokens += int64(P)
	s.windows++
	return nil
}

// addRow adds row n of a window. A cell that is no number agrees with nothing, and its
// target is taken for the last of the vocabulary.
func (s *textSums) addRow(n int, r *Result) error {
	P := len(r.Positions)
	row, ranks := &s.cells[n], s.ranks[n*s.vocab:(n+1)*s.vocab]
	var loss, entropy, kl, reciprocal float64
	for p := range P {
		at := n*P + p
		isNaN := math.IsNaN(float64(r.LogSumExp[at]))
		entropy += float64(r.Entropy[at])
		kl += float64(r.KL[at])
		switch {
		case isNaN:
			row.bad++
		case r.Agree[at]:
			row.agree++
		}
		if r.Targets.IDs[p] < 0 {
			continue
		}
		own := -float64(r.Targets.LogProb[at])
		loss += own
		row.lossAt[p] += own
		rank := r.Targets.Rank[at]
		switch {
		case isNaN:
			rank = int64(s.vocab)
		case r.Targets.Ties[at] > 0:
			row.tied++
		}
		if rank < 1 || rank > int64(s.vocab) {
			return fmt.Errorf("lens: a target has the rank %d in a vocabulary of %d", rank, s.vocab)
		}
		ranks[rank-1]++
		if !isNaN {
			reciprocal += 1 / float64(rank)
		}
	}
	row.loss += loss
	row.entropy += entropy
	row.kl += kl
	row.reciprocal += reciprocal
	return nil
}
