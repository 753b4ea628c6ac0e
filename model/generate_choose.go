package model

import (
	_ "embed"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/golens/golens/torch"
)

// Sampling says how tokens are drawn. The tokens that can be drawn and their probabilities are
// those of transformers' generate with do_sample. The same seed and logits give the same draws,
// which are not those of PyTorch.
type Sampling struct {
	Temperature float64 `json:"temperature"`              // the divisor of the logits; 1 changes nothing
	TopK        int     `json:"top_k"`                    // only the K likeliest tokens, and equals of the K-th; 0 for all
	TopP        float64 `json:"top_p"`                    // only the fewest likeliest tokens whose probabilities add up to this; 1 for all
	TopH        float64 `json:"top_h,omitempty"`          // only the likeliest tokens that hold this part of the entropy; 0 for all
	MinP        float64 `json:"min_p,omitempty"`          // only tokens at least this times as probable as the likeliest; 0 for all
	TypicalP    float64 `json:"typical_p,omitempty"`      // only the most typical tokens whose probabilities add up to this; 0 and 1 for all
	Epsilon     float64 `json:"epsilon_cutoff,omitempty"` // only tokens of at least this probability; 0 for all
	Eta         float64 `json:"eta_cutoff,omitempty"`     // the same, less strict where the entropy is high; 0 for all
	Seed        uint64  `json:"seed"`
}

// Check returns an error that says what is wrong with s, or nil.
func (s Sampling) Check() error {
	switch {
	case math.IsNaN(s.Temperature) || math.IsInf(s.Temperature, 0) || s.Temperature <= 0:
		return choice("the temperature %v is not valid: it must be above 0", s.Temperature)
	case s.TopK < 0:
		return choice("top-k %d is not valid: it must be the number of tokens to draw from, or 0 for all", s.TopK)
	case !(s.TopP > 0 && s.TopP <= 1): // so that NaN is refused
		return choice("top-p %v is not valid: it must be a probability above 0, and 1 keeps all tokens", s.TopP)
	}
	for _, part := range []struct {
		name  string
		value float64
	}{{"top-h", s.TopH}, {"min-p", s.MinP}, {"typical-p", s.TypicalP}, {"epsilon-cutoff", s.Epsilon}, {"eta-cutoff", s.Eta}} {
		if !(part.value >= 0 && part.value <= 1) {
			return choice("%s %v is not valid: it must be from 0 to 1, and 0 keeps all tokens", part.name, part.value)
		}
	}
	return nil
}

//go:embed generate_choose.py
var chooseText string

var choosing = torch.NewProgram("Choose", chooseText)

// A Chooser chooses the next token of one text. Its draws continue from token to token.
type Chooser struct {
	config *GenerationConfig
	prompt int
	random *rand.Rand // nil where nothing is drawn
}

// NewChooser returns a Chooser for a text that begins with a prompt of so many tokens. The Chooser
// changes the logits by the settings g. Then it takes the likeliest token, the first of equal ones
// (greedy decoding), or draws if g.Sample is set. g.MaxLength is the length at which ForcedEOS
// applies.
func NewChooser(g *GenerationConfig, prompt int) (*Chooser, error) {
	c := &Chooser{config: g.clone(), prompt: prompt}
	if !g.Sample {
		return c, nil
	}
	if err := g.Sampling.Check(); err != nil {
		return nil, err
	}
	c.random = rand.New(rand.NewPCG(g.Sampling.Seed, 0))
	return c, nil
}

// Skip passes over the choice of a token that is already known. Later draws are the same as if
// that token had been drawn.
func (c *Chooser) Skip() {
	if c.random != nil {
		c.random.Float64()
	}
}

// steps returns the changes of the logits.
func (c *Chooser) steps(w written) []step {
	var out []step
	for _, s := range Settings {
		if s.step == nil || s.Chance && c.random == nil {
			continue
		}
		if made := s.step(c.config, w); made.method != "" {
			out = append(out, made)
		}
	}
	return out
}

// Forbidden returns the tokens that must not come next in the text, which begins with the prompt.
// ok is true if Choose takes the likeliest of the other tokens.
func (c *Chooser) Forbidden(text []int64, vocab int) ([]int64, bool) {
	if c.random != nil {
		return nil, false
	}
	var out []int64
	for _, s := range c.steps(written{text, c.prompt, vocab}) {
		if s.method != forbidMethod {
			return nil, false
		}
		out = append(out, s.args[0].([]int64)...)
	}
	return out, true
}

// Choose returns the next token of the text, which begins with the prompt, from the logits [1,1,V]
// of its last position.
func (c *Chooser) Choose(logits *torch.Tensor, text []int64) (int64, error) {
	x, err := c.Scores(logits, text)
	if err != nil {
		return 0, err
	}
	defer x.Close()
	method, args := "likeliest", []any{x}
	if c.random != nil {
		method, args = "drawn", append(args, c.random.Float64())
	}
	t, err := torch.One(choosing.Call(method, args...))
	if err != nil {
		return 0, err
	}
	defer t.Close()
	id, err := torch.Values[int64](t)
	if err != nil {
		return 0, err
	}
	if id[0] < 0 {
		return 0, errors.New("model: no token can be drawn: the logits are not numbers (NaN or infinite), from the weights, an intervention or settings that forbid every token")
	}
	return id[0], nil
}

// Scores returns the logits [1,V] after all steps, which transformers' generate calls scores. The
// caller closes them.
func (c *Chooser) Scores(logits *torch.Tensor, text []int64) (*torch.Tensor, error) {
	x, err := torch.One(choosing.Call("last", logits))
	if err != nil {
		return nil, err
	}
	shape := x.Shape()
	for _, s := range c.steps(written{text, c.prompt, int(shape[len(shape)-1])}) {
		next, err := s.run(x)
		x.Close()
		if err != nil {
			return nil, err
		}
		x = next
	}
	return x, nil
}

// run returns the logits x with the step's change, in a new tensor.
func (s step) run(x *torch.Tensor) (*torch.Tensor, error) {
	args := []any{x}
	for _, a := range s.args {
		if v, ok := a.([]float32); ok {
			t, err := torch.New(v, int64(len(v)))
			if err != nil {
				return nil, err
			}
			defer t.Close()
			a = t
		}
		args = append(args, a)
	}
	return torch.One(choosing.Call(s.method, args...))
}
