package lens

import (
	"context"
	"math"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// fill takes what was read over into the rows' cells.
func (f *fast) fill() {
	b, P := f.whole, len(f.positions)
	last := f.own*P + P - 1
	f.best = b.TopIDs[last*f.Top : (last+1)*f.Top]
	f.cells = make([]cells, len(f.rows))
	for n := range f.rows {
		c := &f.cells[n]
		c.topIDs = b.TopIDs[n*P*f.Top : (n+1)*P*f.Top]
		c.topLogits = b.TopLogits[n*P*f.Top : (n+1)*P*f.Top]
		for i := range P {
			at := n*P + i
			for _, x := range b.TopLogits[at*f.Top : (at+1)*f.Top] {
				c.topProbs = append(c.topProbs, probability(x, b.LogSumExp[at]))
			}
			c.logSumExp = append(c.logSumExp, float32(b.LogSumExp[at]))
			c.entropy = append(c.entropy, float32(b.Entropy[at]))
			c.kl = append(c.kl, float32(b.KL[at]))
			own := (f.own*P + i) * f.Top
			c.agree = append(c.agree, agree(b.TopIDs[at*f.Top], b.TopLogits[at*f.Top], b.TopIDs[own], b.TopLogits[own]))
			f.fillTargets(c, at, f.positions[i])
		}
	}
	f.fillStats()
}

// fillTargets takes the targets of a cell over, where its position has any.
func (f *fast) fillTargets(c *cells, at, position int) {
	if f.out.Targets == nil {
		return
	}
	if _, ok := slices.BinarySearch(f.plan.targetsAt, position); !ok {
		return
	}
	b, N := f.whole, f.out.Targets.N
	for i := at * N; i < (at+1)*N; i++ {
		c.targetLogProb = append(c.targetLogProb, logProbability(b.TargetLogit[i], b.LogSumExp[at]))
		c.targetProb = append(c.targetProb, probability(b.TargetLogit[i], b.LogSumExp[at]))
	}
	c.targetRank = append(c.targetRank, b.TargetRank[at*N:(at+1)*N]...)
	c.targetTies = append(c.targetTies, b.TargetTies[at*N:(at+1)*N]...)
}

// logProbability is log softmax, which of an infinite logit is NaN, as PyTorch has it.
func logProbability(x float32, lse float64) float32 {
	if math.IsInf(lse, 0) {
		return float32(math.NaN())
	}
	return float32(float64(x) - lse)
}

func probability(x float32, lse float64) float32 {
	if math.IsInf(lse, 0) {
		return float32(math.NaN())
	}
	return float32(math.Exp(float64(x) - lse))
}

// keepLogits computes the logits of row n where they are asked for.
func (f *fast) keepLogits(n int) error {
	if f.Each == nil && !f.Logits {
		return nil
	}
	at := f.positions
	if f.Each != nil {
		at = make([]int, f.length())
		for i := range at {
			at[i] = i
		}
	}
	index, err := f.index(at)
	if err != nil {
		return err
	}
	h, err := f.ready(n, index)
	if err != nil {
		return err
	}
	defer h.Close()
	x, err := f.tiles.logits(h, f.count()*len(at))
	if err != nil {
		return err
	}
	defer x.Close()
	if f.Each == nil {
		V := f.m.Sizes.Vocab
		if f.out.Logits == nil {
			f.out.Logits = make([]float32, len(f.rows)*len(at)*V)
		}
		v, err := torch.Values[float32](x)
		copy(f.out.Logits[n*len(at)*V:], v)
		return err
	}
	if err := f.Each(f.rows[n], x); err != nil || !f.Logits {
		return err
	}
	return f.reader.keepLogits(n, x)
}

// follow reads the probabilities of the tracked tokens, by a product with their own
// few words.
func (f *fast) follow(ctx context.Context) error {
	if f.Track == 0 {
		return nil
	}
	t := f.tracked()
	f.out.Tracks = t
	P, R := len(f.positions), len(f.rows)
	nan := float32(math.NaN())
	t.LogProb = slices.Repeat([]float32{nan}, R*P*t.N)
	t.Prob = slices.Clone(t.LogProb)
	return f.blocks(ctx, f.tiles.rows(t.N), R, f.ready, func(from, p int, states []*torch.Tensor) error {
		x, err := f.tiles.chosen(states, t.IDs[from*t.N:(from+p)*t.N], t.N)
		if err != nil {
			return err
		}
		for n := range R {
			for i := range p {
				cell := n*P + from + i
				for j, id := range t.IDs[(from+i)*t.N : (from+i+1)*t.N] {
					if id >= 0 {
						logit := x[(n*p+i)*t.N+j]
						t.LogProb[cell*t.N+j] = logProbability(logit, f.whole.LogSumExp[cell])
						t.Prob[cell*t.N+j] = probability(logit, f.whole.LogSumExp[cell])
					}
				}
			}
		}
		return nil
	})
}

// fastDivergence returns KL(clean || changed) [R,P] of the rows of two runs, in nats.
func (r *reader) fastDivergence(ctx context.Context, s model.Session, clean, changed *hooks.Run) ([]float32, error) {
	f, err := r.newFast(s, clean)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	other := *f
	other.run = changed
	P := len(f.positions)
	kl := make([]float32, len(f.rows)*P)
	for n := range f.rows {
		both := func(i int, at *torch.Tensor) (*torch.Tensor, error) {
			if i == 0 {
				return f.ready(n, at)
			}
			return other.ready(n, at)
		}
		err := f.blocks(ctx, f.by.rows(1), 2, both, func(from, p int, states []*torch.Tensor) error {
			b, err := f.by.read(states, 0, 1, nil, 0)
			if err != nil {
				return err
			}
			for i := range p {
				kl[n*P+from+i] = float32(b.KL[p+i])
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return kl, nil
}
