package lens

import (
	"context"
	"slices"

	"github.com/golens/golens/model"
)

// A Sequence is a target of one or more tokens, read as a whole.
type Sequence struct {
	Text string
	IDs  []int64
}

// Joint holds the log-probability that every row gives to whole sequences as the
// continuation of a prompt: W sequences of J tokens together, in R rows.
type Joint struct {
	Words   []string // [W] as given
	Lengths []int    // [W] the number of each one's tokens
	Tokens  []Token  // [J] the tokens, sequence by sequence

	TokenLogProb []float32 // [R,J] of a token behind the prompt and the sequence's tokens before it, in nats
	LogProb      []float32 // [R,W] the sum over a sequence's tokens in float32, from the first to the last, in nats
}

// ReadJoint reads the log-probability of sequences behind ids [T]. The model runs once for
// each, on the prompt and all of the sequence's tokens but the last (teacher forcing), and
// token i is read at position T-1+i of that run. Interventions act in the whole run; their
// positions are the prompt's. Of Options, what is kept of each cell has no part in it.
func ReadJoint(ctx context.Context, m *model.Model, ids []int64, sequences []Sequence, o Options) (*Joint, error) {
	o.Next, o.Words, o.Top, o.Track, o.Hidden, o.Logits, o.Each, o.Last, o.Stats = true, nil, 1, 0, false, false, nil, false, nil
	hooks := o.Hooks
	j := &Joint{}
	var read []*Result
	for _, s := range sequences {
		n := len(s.IDs)
		if n == 0 {
			return nil, choice("the target %q has no token", s.Text)
		}
		last := s.IDs[n-1]
		if last < 0 || last >= int64(m.Sizes.Vocab) { // of the others the run tells
			return nil, choice("the target %q has the token %d, which is not in the vocabulary of %d", s.Text, last, m.Sizes.Vocab)
		}
		if o.Hooks = hooks; n > 1 && hooks != nil {
			var err error
			if o.Hooks, err = hooks.Counted(len(ids)); err != nil {
				return nil, err
			}
		}
		o.Positions = nil
		for i := range n {
			o.Positions = append(o.Positions, len(ids)-1+i)
		}
		r, err := readBefore(ctx, m, slices.Concat(ids, s.IDs[:n-1]), last, o)
		if err != nil {
			return nil, err
		}
		j.Words, j.Lengths = append(j.Words, s.Text), append(j.Lengths, n)
		for _, id := range s.IDs {
			j.Tokens = append(j.Tokens, r.Pieces[id])
		}
		read = append(read, r)
	}
	if len(read) == 0 {
		return j, nil
	}
	for row := range read[0].Rows {
		for w, r := range read {
			each := r.Targets.LogProb[row*j.Lengths[w] : (row+1)*j.Lengths[w]]
			sum := each[0]
			for _, v := range each[1:] {
				sum += v
			}
			j.TokenLogProb, j.LogProb = append(j.TokenLogProb, each...), append(j.LogProb, sum)
		}
	}
	return j, nil
}
