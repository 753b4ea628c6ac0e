// Package madeup has made-up results for tests of what is drawn and written.
package madeup

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/lens"
)

// A Result says what a made-up result of a lens is like.
type Result struct {
	Prompt []string // one a token
	Rows   int      // states, the embedding among them
	K      int
	Words  []string // targets; nil for none
	Next   bool     // the text's own next tokens as targets
	Vocab  []string
}

// Make returns a result as a lens would give it: probabilities that sum to at
// most 1, sharper from row to row, the text's own next token likely in late rows.
// The same input gives the same result.
func (s Result) Make() *lens.Result {
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
	r.Manifest = lens.Manifest{Golens: "test", Model: "gpt2", Lens: lens.Notebook.Name(), At: "resid", Threads: 1, DType: "float32"}
	return r
}

func (s Result) targets(r *lens.Result, rng *rand.Rand, id func(string) int64) {
	if s.Words == nil && !s.Next {
		return
	}
	t := &lens.Targets{Next: s.Next, N: 1, Positions: r.Positions}
	if !s.Next {
		t.Words, t.N = s.Words, len(s.Words)
		t.Positions = r.Positions[len(r.Positions)-1:]
		for _, w := range s.Words {
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
				if s.Next && t.IDs[q] < 0 {
					t.LogProb, t.Prob = append(t.LogProb, NaN), append(t.Prob, NaN)
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

// NaN is the float32 that is no number.
var NaN = float32(math.NaN())

// Plain is an everyday result: 13 rows of the 14 tokens of a sentence.
func Plain() *lens.Result {
	return Result{
		Prompt: []string{"The", " way", " you", " do", " anything", " is", " the", " way", " you", " do", " everything"},
		Rows:   13, K: 5, Vocab: slices.Clone(synthetic.PlainWords), Words: []string{" everything", " way"},
	}.Make()
}

// Hard is a result of everything that is hard to show, with NaN and infinities.
func Hard() *lens.Result {
	r := Result{Prompt: slices.Clone(synthetic.HardWords), Rows: 4, K: 3, Vocab: slices.Clone(synthetic.HardWords), Next: true}.Make()
	r.Name = "hard\x1b"
	r.Warnings = []string{"NaN in the logits of row 1"}
	cols, inf := len(r.Positions), float32(math.Inf(1))
	for k := range r.K {
		r.TopProbs[cols*r.K+k], r.TopLogits[cols*r.K+k] = NaN, NaN
	}
	r.Entropy[cols], r.KL[cols], r.LogSumExp[cols] = NaN, inf, -inf
	r.TopIDs[5*r.K] = 999 // an id without a piece
	r.Hidden = make([]float32, len(r.Rows)*len(r.Tokens)*r.Width)
	r.Logits = make([]float32, len(r.Rows)*cols*r.Vocab)
	for i := range r.Hidden {
		r.Hidden[i] = HardFloats[i%len(HardFloats)]
	}
	for i := range r.Logits {
		r.Logits[i] = HardFloats[(i+1)%len(HardFloats)]
	}
	return r
}

// HardFloats are float32 values that careless printing loses.
var HardFloats = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 0.1, 1.0 / 3, 16777216, 1e10, 1e-10, 3.4028235e38, 1e-45,
	math.Float32frombits(0x15ae43fd), // 7.038531e-26, off by one through float64
	1.17549435e-38, NaN, float32(math.Inf(1)), float32(math.Inf(-1)), 123456.79, 2.5e-5, 9.999999e20,
}

// Written is plain's result, as if the tokens from position `from` on and one
// more had been written by the model.
func Written(from int) *lens.Result {
	r := Plain()
	w := &lens.Written{Prompt: from, Ended: lens.Ending{Why: lens.EndStop, Stop: "\x1b"}, Text: []byte("x\xff")}
	for _, t := range r.Tokens {
		w.Sequence = append(w.Sequence, t.ID)
	}
	last := r.TopIDs[len(r.TopIDs)-r.K] // the last row's likeliest at the last position
	w.Sequence = append(w.Sequence, last)
	r.Written = w
	return r
}

// Follow gives a made-up result tracks of all its candidates, with probabilities
// that tell the row, the position and the token.
func Follow(r *lens.Result) *lens.Result {
	t := &lens.Tracks{Top: r.K}
	P := len(r.Positions)
	at := make([][]int64, P)
	for p := range at {
		for i := range r.Rows {
			at[p] = append(at[p], r.TopIDs[(i*P+p)*r.K:(i*P+p+1)*r.K]...)
		}
		slices.Sort(at[p])
		at[p] = slices.Compact(at[p])
		t.N = max(t.N, len(at[p]))
	}
	for p := range at {
		for len(at[p]) < t.N {
			at[p] = append(at[p], -1)
		}
		t.IDs = append(t.IDs, at[p]...)
	}
	for i := range r.Rows {
		for p := range at {
			for _, id := range at[p] {
				prob := NaN
				if id >= 0 {
					prob = even(float64(1+(7*i+3*p+int(id))%97) / 200)
				}
				for k := range r.K {
					if n := (i*P+p)*r.K + k; r.TopIDs[n] == id {
						prob = r.TopProbs[n]
					}
				}
				t.Prob = append(t.Prob, prob)
				t.LogProb = append(t.LogProb, float32(math.Log(float64(prob))))
			}
		}
	}
	r.Tracks = t
	return r
}

// Some is a result of some positions, with targets at others.
func Some() *lens.Result {
	r := Plain()
	r.Positions = []int{2, 3}
	n := len(r.Rows) * 2
	r.TopIDs, r.TopLogits, r.TopProbs = r.TopIDs[:n*r.K], r.TopLogits[:n*r.K], r.TopProbs[:n*r.K]
	r.Entropy, r.LogSumExp, r.KL, r.Agree = r.Entropy[:n], r.LogSumExp[:n], r.KL[:n], r.Agree[:n]
	return r
}
