package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
)

// A synthetic is what a made-up result is like.
type madeUp struct {
	Prompt []string // one a token
	Rows   int      // states, the embedding among them
	K      int
	words  []string // targets; nil for none
	next   bool     // the text's own next tokens as targets
	Vocab  []string
}

// make returns a result as a lens would give it: probabilities that sum to at
// most 1, sharper from row to row, the text's own next token likely in late rows.
// The same input gives the same result.
func (s madeUp) Make() *lens.Result {
	rng := rand.New(rand.NewPCG(1, uint64(len(s.Prompt))))
	id := func(text string) int64 { return int64(slices.Index(s.Vocab, text)) }
	r := &lens.Result{K: s.K, Pieces: map[int64]lens.Token{}, Width: 3, Vocab: len(s.Vocab)}
	for _, text := range s.Prompt {
		if id(text) < 0 {
			s.Vocab = append(s.Vocab, text)
			r.Vocab++
		}
		r.Prompt += text
		r.Tokens = append(r.Tokens, lens.Token{ID: id(text), Bytes: []byte(text)})
	}
	for i := range s.Rows {
		row := lens.Row{Index: i, Point: "h." + strconv.Itoa(i-1), Label: "L" + strconv.Itoa(i-1)}
		switch i {
		case 0:
			row.Point, row.Label = "drop", "emb"
		case s.Rows - 1:
			row.Point = "ln_f"
		}
		r.Rows = append(r.Rows, row)
	}
	for p := range r.Tokens {
		r.Positions = append(r.Positions, p)
	}
	for i := range s.Rows {
		for p := range r.Positions {
			ids := rng.Perm(len(s.Vocab))[:s.K]
			sure := (float64(i) + 0.5) / float64(s.Rows) * rng.Float64()
			if p+1 < len(r.Tokens) && rng.Float64() < float64(i)/float64(s.Rows) {
				next := int(r.Tokens[p+1].ID)
				if at := slices.Index(ids, next); at >= 0 {
					ids[at] = ids[0]
				}
				ids[0] = next
				sure = math.Sqrt(sure)
			}
			rest := sure
			for k, n := range ids {
				prob := rest * math.Pow(0.3, float64(k))
				r.TopIDs = append(r.TopIDs, int64(n))
				r.TopProbs = append(r.TopProbs, even(prob))
				r.TopLogits = append(r.TopLogits, even(10+math.Log(prob)))
				r.Pieces[int64(n)] = lens.Token{ID: int64(n), Bytes: []byte(s.Vocab[n])}
			}
			r.Entropy = append(r.Entropy, even(11*(1-sure)))
			r.LogSumExp = append(r.LogSumExp, 10)
			r.KL = append(r.KL, even(8*float64(s.Rows-1-i)/float64(s.Rows)*rng.Float64()))
			r.Agree = append(r.Agree, i == s.Rows-1 || rng.Float64() < 0.2)
		}
	}
	s.targets(r, rng, id)
	r.Manifest = lens.Manifest{Golens: "test", Model: "gpt2", Lens: lens.Notebook, At: "resid", Threads: 1, DType: "float32"}
	return r
}

func (s madeUp) targets(r *lens.Result, rng *rand.Rand, id func(string) int64) {
	if s.words == nil && !s.next {
		return
	}
	t := &lens.Targets{Next: s.next, N: 1, Positions: r.Positions}
	if !s.next {
		t.Words, t.N = s.words, len(s.words)
		t.Positions = r.Positions[len(r.Positions)-1:]
		for _, w := range s.words {
			t.IDs = append(t.IDs, id(w))
		}
	} else {
		for p := range r.Positions {
			if p+1 == len(r.Tokens) {
				t.IDs = append(t.IDs, -1)
				continue
			}
			t.IDs = append(t.IDs, r.Tokens[p+1].ID)
		}
	}
	for _, n := range t.IDs {
		if n >= 0 {
			r.Pieces[n] = lens.Token{ID: n, Bytes: []byte(s.Vocab[n])}
		}
	}
	for range s.Rows {
		for q := range t.Positions {
			for n := range t.N {
				if s.next && t.IDs[q] < 0 {
					t.LogProb, t.Prob = append(t.LogProb, nan), append(t.Prob, nan)
					t.Rank, t.Ties = append(t.Rank, 0), append(t.Ties, 0)
					continue
				}
				logp := -9 * rng.Float64()
				t.LogProb, t.Prob = append(t.LogProb, even(logp)), append(t.Prob, even(math.Exp(logp)))
				t.Rank = append(t.Rank, 1+int64(math.Exp(-logp)/2))
				t.Ties = append(t.Ties, int64(n%2))
			}
		}
	}
	r.Targets = t
}

// even rounds x to a number that is the same whatever a processor's last bit is.
func even(x float64) float32 { return float32(math.Round(x*1024) / 1024) }

var nan = float32(math.NaN())

// plain is an everyday result: 13 rows of the 14 tokens of a sentence.
func plain() *lens.Result {
	return madeUp{
		Prompt: []string{"The", " way", " you", " do", " anything", " is", " the", " way", " you", " do", " everything"},
		Rows:   13, K: 5, Vocab: slices.Clone(synthetic.PlainWords), words: []string{" everything", " way"},
	}.Make()
}

// hard is a result of everything that is hard to show, with NaN and infinities.
func hard() *lens.Result {
	r := madeUp{Prompt: slices.Clone(synthetic.HardWords), Rows: 4, K: 3, Vocab: slices.Clone(synthetic.HardWords), next: true}.Make()
	r.Name = "hard\x1b"
	r.Warnings = []string{"NaN in the logits of row 1"}
	cols, inf := len(r.Positions), float32(math.Inf(1))
	for k := range r.K {
		r.TopProbs[cols*r.K+k], r.TopLogits[cols*r.K+k] = nan, nan
	}
	r.Entropy[cols], r.KL[cols], r.LogSumExp[cols] = nan, inf, -inf
	r.TopIDs[5*r.K] = 999 // an id without a piece
	r.Hidden = make([]float32, len(r.Rows)*len(r.Tokens)*r.Width)
	r.Logits = make([]float32, len(r.Rows)*cols*r.Vocab)
	for i := range r.Hidden {
		r.Hidden[i] = hardFloats[i%len(hardFloats)]
	}
	for i := range r.Logits {
		r.Logits[i] = hardFloats[(i+1)%len(hardFloats)]
	}
	return r
}

// hardFloats are float32 values that careless printing loses.
var hardFloats = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.1, 1.0 / 3, 16777216, 1e10, 1e-10, 3.4028235e38, 1e-45,
	math.Float32frombits(0x15ae43fd), // 7.038531e-26, off by one through float64
	1.17549435e-38, nan, float32(math.Inf(1)), float32(math.Inf(-1)), 123456.79, 2.5e-5, 9.999999e20,
}
