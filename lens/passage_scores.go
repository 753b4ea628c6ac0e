package lens

import (
	"errors"

	"github.com/golens/golens/torch"
)

// scores are what is read of a row's logits, [T] each.
type scores struct {
	entropy, kl, logProb []float32
	rank, ties, best     []int64
	bad                  []bool
	stats                [][]float32 // of each of Options.Stats, [P]
}

// scores reads logits x [1,T,V].
func (r *passageReader) scores(x *torch.Tensor) (*scores, error) {
	out, err := passages.Call("scores", x, r.final, r.following, r.size[r.length()])
	if err != nil {
		return nil, err
	}
	s := make([]scores, 1)
	if err := addScores(s, out); err != nil {
		return nil, err
	}
	s[0].stats, err = r.stats(x)
	return &s[0], err
}

// addScores adds what passage.py returns of n positions, [S,n] each, to S rows' scores.
func addScores(to []scores, out []*torch.Tensor) error {
	defer func() {
		for _, t := range out {
			t.Close()
		}
	}()
	return errors.Join(
		add(to, out[0], func(s *scores) *[]float32 { return &s.entropy }),
		add(to, out[1], func(s *scores) *[]float32 { return &s.kl }),
		add(to, out[2], func(s *scores) *[]float32 { return &s.logProb }),
		add(to, out[3], func(s *scores) *[]int64 { return &s.rank }),
		add(to, out[4], func(s *scores) *[]int64 { return &s.ties }),
		add(to, out[5], func(s *scores) *[]int64 { return &s.best }),
		add(to, out[6], func(s *scores) *[]bool { return &s.bad }))
}

func add[T torch.Element](to []scores, from *torch.Tensor, field func(*scores) *[]T) error {
	v, err := torch.Values[T](from)
	if err != nil {
		return err
	}
	n := len(v) / len(to)
	for i := range to {
		f := field(&to[i])
		*f = append(*f, v[i*n:(i+1)*n]...)
	}
	return nil
}
