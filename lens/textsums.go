package lens

import "fmt"

// textSums are the sums of the windows that were read. The numbers of a window are
// added among themselves first, and the windows to each other, which keeps the
// rounding of millions of numbers small.
type textSums struct {
	rows                     []Row
	tokens, windows, targets int64
	cells                    []rowSums
	vocab                    int
	ranks                    []uint32 // [R,V] how many targets have the rank i+1
	perPlace                 []int64  // [T] targets at each position of a window
	odd                      Oddities
	stats                    []Stat
}

// rowSums are the sums of one row.
type rowSums struct {
	loss, entropy, kl, reciprocal float64
	agree, tied, bad              int64
	stats                         []float64 // of each of textSums.stats
	lossAt                        []float64 // [T] the sum of -log p at each position of a window
}

// add adds one window, which has at most T positions.
func (s *textSums) add(w *passage, T, V int) error {
	R, P := len(w.rows), len(w.ids)
	if s.rows == nil {
		s.rows, s.vocab = w.rows, V
		s.odd.Readings = "cells"
		s.ranks = make([]uint32, R*V)
		s.cells = make([]rowSums, R)
		s.perPlace = make([]int64, T)
		for n := range s.cells {
			s.cells[n].lossAt, s.cells[n].stats = make([]float64, T), make([]float64, len(w.stats))
		}
		for _, v := range w.stats {
			s.stats = append(s.stats, v.Stat)
		}
	}
	for p, id := range w.ids {
		if id >= 0 {
			s.targets++
			s.perPlace[p]++
		}
	}
	for n := range s.cells {
		if err := s.addRow(n, w); err != nil {
			return err
		}
	}
	s.tokens += int64(P)
	s.windows++
	return nil
}

// addRow adds row n of a window.
func (s *textSums) addRow(n int, w *passage) error {
	P := len(w.ids)
	row, ranks := &s.cells[n], s.ranks[n*s.vocab:(n+1)*s.vocab]
	var loss, entropy, kl, reciprocal float64
	for p := range P {
		at := n*P + p
		entropy += float64(w.entropy[at])
		kl += float64(w.kl[at])
		s.odd.addCell(w.bad[at], w.entropy[at], w.kl[at], func() string {
			return cellName(w.rows[n], s.tokens+int64(p)) + " of the text"
		})
		if w.bad[at] {
			row.bad++
		}
		if w.agree[at] {
			row.agree++
		}
		if w.ids[p] < 0 {
			continue
		}
		own := -float64(w.logProb[at])
		loss += own
		row.lossAt[p] += own
		rank := w.rank[at]
		if w.ties[at] > 0 {
			row.tied++
		}
		if rank < 1 || rank > int64(s.vocab) {
			return fmt.Errorf("lens: a target has the rank %d in a vocabulary of %d", rank, s.vocab)
		}
		ranks[rank-1]++
		reciprocal += 1 / float64(rank)
	}
	for i, v := range w.stats {
		sum := 0.0
		for p, x := range v.Values[n*P : (n+1)*P] {
			if !v.OfTargets || w.ids[p] >= 0 {
				sum += float64(x)
			}
		}
		row.stats[i] += sum
	}
	row.loss += loss
	row.entropy += entropy
	row.kl += kl
	row.reciprocal += reciprocal
	return nil
}
