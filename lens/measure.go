package lens

import (
	"math"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// cells are one row's part of a Result.
type cells struct {
	topIDs                                      []int64
	topLogits, topProbs, entropy, logSumExp, kl []float32
	agree                                       []bool
	targetLogProb, targetProb                   []float32
	targetRank, targetTies                      []int64
	stats                                       [][]float32 // of each of Options.Stats
}

// measure reads the statistics of a row's logits x [1,T,V], and closes x. What is
// as large as x is made late and freed early: no more than four of that size are
// there at a time.
func (r *reader) measure(n int, x *torch.Tensor) error {
	defer x.Close()
	c := &r.cells[n]
	found, err := r.choose(x, r.Top, r.wanted)
	if err != nil {
		return err
	}
	c.topIDs, c.topLogits = found.TopIDs, found.TopLogits
	for p, best := range r.likeliest.TopIDs {
		c.agree = append(c.agree, agree(c.topIDs[p*r.Top], c.topLogits[p*r.Top], best, r.likeliest.TopLogits[p]))
	}
	if r.wanted != nil {
		c.targetRank, c.targetTies = r.ofTargets(found.Rank), r.ofTargets(found.Ties)
	}
	ids, err := r.fleeting(c.topIDs, int64(len(r.positions)), int64(r.Top))
	if err != nil {
		return err
	}
	defer ids.Close()
	if err := r.take("cells", []any{x, r.at, ids, r.targetsAt, r.targets}, &c.topProbs, &c.targetProb, &c.logSumExp); err != nil {
		return err
	}
	if c.stats, err = r.stats(x); err != nil {
		return err
	}
	if r.Each != nil {
		if err := r.Each(r.rows[n], x); err != nil {
			return err
		}
	}
	if r.Logits {
		if err := r.keepLogits(n, x); err != nil {
			return err
		}
	}
	logs, err := statistics.Call("log_softmax", x)
	if err != nil {
		return err
	}
	l := logs[0]
	defer l.Close()
	if err := r.take("pick", []any{l, r.targetsAt, r.targets}, &c.targetLogProb); err != nil {
		return err
	}
	x.Close()
	return r.take("spread", []any{l, r.final, orNone(r.chances), r.at}, &c.entropy, &c.kl)
}

// orNone returns a tensor as an optional argument.
func orNone(t *torch.Tensor) any {
	if t == nil {
		return nil
	}
	return t
}

// ofTargets returns those of [P,N] numbers that stand at positions with targets: [Q,N].
func (r *reader) ofTargets(all []int64) []int64 {
	N := r.out.Targets.N
	var out []int64
	for i, p := range r.positions {
		if _, ok := slices.BinarySearch(r.plan.targetsAt, p); ok {
			out = append(out, all[i*N:(i+1)*N]...)
		}
	}
	return out
}

// take calls a method of the statistics and copies what it returns.
func (r *reader) take(method string, args []any, to ...any) error {
	out, err := statistics.Call(method, args...)
	if err != nil {
		return err
	}
	return torch.Fill(out, to...)
}

// keepLogits copies row n's logits to their place in the result.
func (r *reader) keepLogits(n int, x *torch.Tensor) error {
	P, V := len(r.positions), r.m.Sizes.Vocab
	if r.out.Logits == nil {
		r.out.Logits = make([]float32, len(r.rows)*P*V)
	}
	for i, p := range r.positions {
		row, err := x.Narrow(1, int64(p), 1)
		if err != nil {
			return err
		}
		v, err := torch.Values[float32](row)
		row.Close()
		if err != nil {
			return err
		}
		copy(r.out.Logits[(n*P+i)*V:], v)
	}
	return nil
}

// keepState keeps the row's state, the last one normed as Hugging Face's
// hidden_states have it.
func (r *reader) keepState(n int, run *hooks.Run) error {
	if !r.Hidden {
		return nil
	}
	size := r.length() * r.m.Sizes.Width
	if r.out.Hidden == nil {
		r.out.Hidden = make([]float32, len(r.rows)*size)
	}
	state, err := r.state(n, run)
	if err != nil {
		return err
	}
	if r.isLast(n) {
		state = run.Results[0]
	}
	v, err := model.Floats(state)
	copy(r.out.Hidden[n*size:], v)
	return err
}

// finish joins the rows, blanks the cells that have no target, and says what is odd.
func (r *reader) finish() error {
	o := r.out
	for _, c := range r.cells {
		o.TopIDs = append(o.TopIDs, c.topIDs...)
		o.TopLogits = append(o.TopLogits, c.topLogits...)
		o.TopProbs = append(o.TopProbs, c.topProbs...)
		o.Entropy = append(o.Entropy, c.entropy...)
		o.LogSumExp = append(o.LogSumExp, c.logSumExp...)
		o.KL = append(o.KL, c.kl...)
		o.Agree = append(o.Agree, c.agree...)
		if t := o.Targets; t != nil {
			t.LogProb = append(t.LogProb, c.targetLogProb...)
			t.Prob = append(t.Prob, c.targetProb...)
			t.Rank = append(t.Rank, c.targetRank...)
			t.Ties = append(t.Ties, c.targetTies...)
		}
	}
	if t := o.Targets; t != nil && t.Next {
		nan := float32(math.NaN())
		for i := range t.LogProb {
			if t.IDs[i%len(t.IDs)] < 0 {
				t.LogProb[i], t.Prob[i], t.Rank[i], t.Ties[i] = nan, nan, 0, 0
			}
		}
	}
	r.joinStats()
	err := r.name()
	o.Warnings = append(oddities(o), o.Warnings...)
	return err
}
