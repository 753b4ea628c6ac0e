package model_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// logitsOf returns logits [1,1,V].
func logitsOf(t *testing.T, v []float32) *torch.Tensor {
	t.Helper()
	x, err := torch.New(v, 1, 1, int64(len(v)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// draw returns n tokens that a new chooser takes, each for the first of a text.
func draw(t *testing.T, s *model.Sampling, x *torch.Tensor, n int, forbidden ...int64) []int64 {
	t.Helper()
	g := model.NewGenerationConfig()
	if g.Suppress = forbidden; s != nil {
		g.Sample, g.Sampling = true, *s
	}
	c, err := model.NewChooser(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out []int64
	for range n {
		id, err := c.Choose(x, []int64{0})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, id)
	}
	return out
}

func TestGreedy(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		logits    []float32
		forbidden []int64
		want      int64
	}{
		{[]float32{1, 3, 2}, nil, 1},
		{[]float32{1, 3, 3, 2}, nil, 1}, // of equals the first
		{[]float32{1, 3, 3, 2}, []int64{1}, 2},
		{[]float32{1, 3, 3, 2}, []int64{1, 2}, 3},
		{[]float32{-inf, -inf, -5}, nil, 2},
		{[]float32{1, nan, 5}, nil, 1}, // as argmax has it in PyTorch
		{[]float32{7}, nil, 0},
	} {
		if got := draw(t, nil, logitsOf(t, c.logits), 1, c.forbidden...); got[0] != c.want {
			t.Errorf("%v without %v: token %d, want %d", c.logits, c.forbidden, got[0], c.want)
		}
	}
}

// TestSampling compares where and how often tokens are drawn with the probabilities
// that transformers' own steps leave.
func TestSampling(t *testing.T) {
	const V, n = 40, 4000
	r := rand.New(rand.NewPCG(3, 0))
	logits := make([]float32, V)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 2)
	}
	x := logitsOf(t, logits)
	for _, s := range []model.Sampling{
		{Temperature: 1, TopP: 1}, {Temperature: 0.5, TopP: 1, Seed: 1}, {Temperature: 3, TopP: 1, Seed: 2},
		{Temperature: 1, TopP: 1, TopK: 5, Seed: 3}, {Temperature: 1, TopP: 1, TopK: 1}, {Temperature: 1, TopP: 1, TopK: 1000, Seed: 4},
		{Temperature: 1, TopP: 0.9, Seed: 5}, {Temperature: 1, TopP: 0.3, Seed: 6}, {Temperature: 1, TopP: 1e-9, Seed: 6},
		{Temperature: 1.5, TopP: 0.8, TopK: 12, Seed: 7}, {Temperature: 1e-9, TopP: 1, Seed: 8}, {Temperature: 1e9, TopP: 1, Seed: 9},
		{Temperature: 2, TopP: 1, TopH: 0.5, Seed: 10}, {Temperature: 1, TopP: 1, MinP: 0.1, Seed: 11}, {Temperature: 1, TopP: 1, TypicalP: 0.7, Seed: 12},
		{Temperature: 1, TopP: 1, Epsilon: 0.03, Seed: 13}, {Temperature: 1, TopP: 1, Eta: 0.1, Seed: 14},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			settings := map[string]any{"do_sample": true, "temperature": s.Temperature, "top_k": s.TopK, "top_p": s.TopP, "epsilon_cutoff": s.Epsilon, "eta_cutoff": s.Eta}
			for name, x := range map[string]float64{"top_h": s.TopH, "min_p": s.MinP, "typical_p": s.TypicalP} {
				if x > 0 {
					settings[name] = x
				}
			}
			want := reference.Scores(t, logits, []int64{0}, 1, settings)
			count := make([]int, V)
			for _, id := range draw(t, &s, x, n) {
				count[id]++
			}
			for id := range V {
				p := float64(want["probs"].Float32[id])
				if !want["support"].Bool[id] && count[id] > 0 {
					t.Errorf("token %d was drawn, and transformers never would", id)
				}
				// Five standard deviations: with the seeds given, always the same draws.
				if off := math.Abs(float64(count[id]) - n*p); !(off <= 5*math.Sqrt(n*p*(1-p))+1e-3) {
					t.Errorf("token %d was drawn %d times of %d, its probability is %v", id, count[id], n, p)
				}
			}
		})
	}
}

// TestSeeds: a seed gives the same tokens each time, another one others.
func TestSeeds(t *testing.T) {
	x := logitsOf(t, []float32{0, 0, 0, 0, 0, 0, 0, 0})
	s := model.Sampling{Temperature: 1, TopP: 1, Seed: 7}
	a, b := draw(t, &s, x, 50), draw(t, &s, x, 50)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("the same seed gave %v and %v", a, b)
	}
	s.Seed = 8
	if c := draw(t, &s, x, 50); fmt.Sprint(a) == fmt.Sprint(c) {
		t.Errorf("two seeds gave %v", a)
	}
}

// TestDrawnTokens: the equals of the K-th likeliest may come too, as in transformers,
// and forbidden tokens never do.
func TestDrawnTokens(t *testing.T) {
	x := logitsOf(t, []float32{2, 2, 2, 2, 1})
	equals := map[int64]bool{}
	for _, id := range draw(t, &model.Sampling{Temperature: 1, TopP: 1, TopK: 2}, x, 200) {
		equals[id] = true
	}
	if len(equals) != 4 || equals[4] {
		t.Errorf("of the first 2 and their equals the tokens %v were drawn", equals)
	}
	seen := map[int64]bool{}
	for _, id := range draw(t, &model.Sampling{Temperature: 1, TopP: 1}, x, 200, 0, 3) {
		seen[id] = true
	}
	if seen[0] || seen[3] || !seen[1] || !seen[2] || !seen[4] {
		t.Errorf("without 0 and 3 the tokens %v were drawn", seen)
	}
}

// TestBadSampling: what cannot be is refused, and logits that are no numbers too.
func TestBadSampling(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		s    model.Sampling
		says string
	}{
		{model.Sampling{}, "temperature 0"}, {model.Sampling{Temperature: -1, TopP: 1}, "temperature -1"},
		{model.Sampling{Temperature: nan, TopP: 1}, "temperature NaN"}, {model.Sampling{Temperature: inf, TopP: 1}, "temperature +Inf"},
		{model.Sampling{Temperature: 1, TopP: 0}, "top-p 0"}, {model.Sampling{Temperature: 1, TopP: 1.1}, "top-p 1.1"},
		{model.Sampling{Temperature: 1, TopP: nan}, "top-p NaN"}, {model.Sampling{Temperature: 1, TopP: 1, TopK: -1}, "top-k -1"},
		{model.Sampling{Temperature: 1, TopP: 1, MinP: nan}, "min-p NaN"}, {model.Sampling{Temperature: 1, TopP: 1, TopH: 2}, "top-h 2"},
		{model.Sampling{Temperature: 1, TopP: 1, TypicalP: -1}, "typical-p -1"}, {model.Sampling{Temperature: 1, TopP: 1, Eta: inf}, "eta-cutoff +Inf"},
	} {
		if _, err := model.NewChooser(&model.GenerationConfig{Sample: true, Sampling: c.s}, 1); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v, want one about %s", c.s, err, c.says)
		}
	}
	g := model.NewGenerationConfig()
	g.Sample = true
	chooser, err := model.NewChooser(g, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, logits := range [][]float32{{1, float32(nan), 2}, {float32(inf), 1}, {float32(-inf), float32(-inf)}} {
		if id, err := chooser.Choose(logitsOf(t, logits), []int64{0}); err == nil || !strings.Contains(err.Error(), "not numbers") {
			t.Errorf("logits %v: token %d, error %v", logits, id, err)
		}
	}
}
