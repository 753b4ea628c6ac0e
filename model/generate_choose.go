package model

import (
	_ "embed"
	"errors"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/golens/golens/torch"
)

// Sampling says how a token is drawn by chance. The draws are the same for the same
// seed and the same logits; they are not those of PyTorch with that seed.
type Sampling struct {
	Temperature float64 `json:"temperature"` // logits are divided by it; 1 leaves them as they are
	TopK        int     `json:"top_k"`       // only of the K likeliest; 0 for all
	TopP        float64 `json:"top_p"`       // only of the fewest likeliest whose probabilities add up to it; 1 for all
	Seed        uint64  `json:"seed"`
}

// Check says what is wrong with s.
func (s Sampling) Check() error {
	switch {
	case math.IsNaN(s.Temperature) || math.IsInf(s.Temperature, 0) || s.Temperature <= 0:
		return choice("the temperature %v cannot be: it is a number above 0", s.Temperature)
	case s.TopK < 0:
		return choice("top-k %d cannot be: it is the number of tokens to draw from, or 0 for all", s.TopK)
	case !(s.TopP > 0 && s.TopP <= 1): // so that NaN is refused
		return choice("top-p %v cannot be: it is a probability above 0, and 1 for all", s.TopP)
	}
	return nil
}

//go:embed generate_choose.py
var chooseText string

var choosing = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Choose", chooseText)
})

// A Chooser says which token comes next. It is for one text: its draws go on from
// token to token.
type Chooser struct {
	sampling *Sampling
	random   *rand.Rand
}

// NewChooser returns one that takes the likeliest token, of equals the first (greedy
// decoding), or, with sampling, one that draws.
func NewChooser(s *Sampling) (*Chooser, error) {
	if s == nil {
		return &Chooser{}, nil
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	own := *s
	return &Chooser{&own, rand.New(rand.NewPCG(s.Seed, 0))}, nil
}

// Skip passes over the choice of a token that is known already: the draws behind it are
// those that follow its own.
func (c *Chooser) Skip() {
	if c.sampling != nil {
		c.random.Float64()
	}
}

// Choose returns the next token by the logits [1,1,V] of the last position; it is
// none of the forbidden ones.
func (c *Chooser) Choose(logits *torch.Tensor, forbidden []int64) (int64, error) {
	m, err := choosing()
	if err != nil {
		return 0, err
	}
	method, args := "greedy", []any{logits, append([]int64{}, forbidden...)}
	if s := c.sampling; s != nil {
		method, args = "sample", append(args, s.Temperature, s.TopK, s.TopP, c.random.Float64())
	}
	t, err := one(m.Call(method, args...))
	if err != nil {
		return 0, err
	}
	defer t.Close()
	id, err := torch.Values[int64](t)
	if err != nil {
		return 0, err
	}
	if id[0] < 0 {
		return 0, errors.New("model: no token can be drawn: the logits are not numbers (NaN or infinite), from the weights or an intervention")
	}
	return id[0], nil
}
