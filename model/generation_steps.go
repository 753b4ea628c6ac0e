package model

import (
	"math"
	"slices"
)

// written is the text to which a token will be added.
type written struct {
	ids    []int64
	prompt int // so many of them are the prompt's
	vocab  int
}

func (w written) own() []int64 { return w.ids[:w.prompt] }

// known returns the ids that have a logit.
func (w written) known(ids []int64) []int64 {
	var out []int64
	for _, id := range ids {
		if id >= 0 && id < int64(w.vocab) {
			out = append(out, id)
		}
	}
	return out
}

// A step is one change of the logits: a method of generate_choose.py with its arguments, in which
// []float32 stands for a tensor. The zero step changes nothing.
type step struct {
	method string
	args   []any
}

const forbidMethod = "forbid"

func forbid(w written, ids []int64) step {
	if ids = w.known(ids); len(ids) == 0 {
		return step{}
	}
	return step{forbidMethod, []any{ids}}
}

// addBias is the step of biases at sequences. Equal sequences count once, with the last bias.
// Sequences of one token come before longer ones, as in transformers, because sums of float32
// depend on the order. Then each length comes in the order of its first sequence.
func addBias(w written, all []SequenceBias) step {
	if len(all) == 0 {
		return step{}
	}
	var each []SequenceBias
	var lengths []int
	for _, b := range all {
		same := slices.IndexFunc(each, func(o SequenceBias) bool { return slices.Equal(o.IDs, b.IDs) })
		if same >= 0 {
			each[same].Bias = b.Bias
			continue
		}
		each = append(each, b)
		if !slices.Contains(lengths, len(b.IDs)) {
			lengths = append(lengths, len(b.IDs))
		}
	}
	slices.SortStableFunc(each, func(a, b SequenceBias) int {
		return rank(lengths, len(a.IDs)) - rank(lengths, len(b.IDs))
	})
	sums, at := map[int64]float32{}, []int64{}
	for _, b := range each {
		prefix, last := b.IDs[:len(b.IDs)-1], b.IDs[len(b.IDs)-1]
		if !slices.Equal(w.ids[max(0, len(w.ids)-len(prefix)):], prefix) {
			continue
		}
		if _, ok := sums[last]; !ok {
			at = append(at, last)
		}
		sums[last] += float32(b.Bias)
	}
	values := make([]float32, len(at))
	for i, id := range at {
		values[i] = sums[id]
	}
	return step{"add_bias", []any{at, values}}
}

// rank returns the place of a length in the order; 1 comes first.
func rank(lengths []int, n int) int {
	if n == 1 {
		return -1
	}
	return slices.Index(lengths, n)
}

func biasStep(g *GenerationConfig, w written) step { return addBias(w, g.SequenceBias) }

// badWordsStep is a bias of minus infinity. A token that ends the text is no bad word.
func badWordsStep(g *GenerationConfig, w written) step {
	var all []SequenceBias
	for _, ids := range g.BadWords {
		if len(ids) > 1 || !slices.Contains(g.EOS, ids[0]) {
			all = append(all, SequenceBias{ids, math.Inf(-1)})
		}
	}
	return addBias(w, all)
}

func encoderPenaltyStep(g *GenerationConfig, w written) step {
	if g.EncoderPenalty == 1 {
		return step{}
	}
	return step{"penalize", []any{w.known(w.own()), 1 / g.EncoderPenalty}}
}

func penaltyStep(g *GenerationConfig, w written) step {
	if g.RepetitionPenalty == 1 {
		return step{}
	}
	return step{"penalize", []any{w.known(w.ids), g.RepetitionPenalty}}
}

// completed returns the tokens with which the text would end in n tokens that occur in the source
// in that order.
func completed(source, ids []int64, n int) []int64 {
	if n == 0 || len(ids)+1 < n {
		return nil
	}
	end := ids[len(ids)+1-n:]
	var out []int64
	for i := 0; i+n <= len(source); i++ {
		if slices.Equal(source[i:i+n-1], end) {
			out = append(out, source[i+n-1])
		}
	}
	return out
}

func ngramStep(g *GenerationConfig, w written) step {
	return forbid(w, completed(w.ids, w.ids, g.NoRepeatNgram))
}

func encoderNgramStep(g *GenerationConfig, w written) step {
	return forbid(w, completed(w.own(), w.ids, g.EncoderNoRepeatNgram))
}

func minLengthStep(g *GenerationConfig, w written) step {
	if len(w.ids) >= g.MinLength {
		return step{}
	}
	return forbid(w, g.EOS)
}

func minNewStep(g *GenerationConfig, w written) step {
	if len(w.ids)-w.prompt >= g.MinNew {
		return step{}
	}
	return forbid(w, g.EOS)
}

func forcedBOSStep(g *GenerationConfig, w written) step {
	if len(g.ForcedBOS) == 0 || len(w.ids) != 1 {
		return step{}
	}
	return step{"force", []any{g.ForcedBOS}}
}

func forcedEOSStep(g *GenerationConfig, w written) step {
	if len(g.ForcedEOS) == 0 || len(w.ids) != g.MaxLength-1 {
		return step{}
	}
	return step{"force", []any{g.ForcedEOS}}
}

func removeStep(g *GenerationConfig, _ written) step {
	if !g.RemoveInvalid {
		return step{}
	}
	return step{"remove_invalid", nil}
}

func decayStep(g *GenerationConfig, w written) step {
	ends := w.known(g.EOS)
	if g.Decay == nil || len(ends) == 0 || len(w.ids) <= g.Decay.Start+w.prompt {
		return step{}
	}
	return step{"decay", []any{ends, g.Decay.Factor, float64(len(w.ids) - g.Decay.Start - w.prompt)}}
}

func suppressStep(g *GenerationConfig, w written) step { return forbid(w, g.Suppress) }

func beginSuppressStep(g *GenerationConfig, w written) step {
	begin := w.prompt
	if w.prompt == 1 && len(g.ForcedBOS) > 0 {
		begin++
	}
	if len(w.ids) != begin {
		return step{}
	}
	return forbid(w, g.BeginSuppress)
}

// warp is a step with one number of a sampling; act says whether it acts.
func warp(method string, act bool, x any) step {
	if !act {
		return step{}
	}
	return step{method, []any{x}}
}

func temperatureStep(g *GenerationConfig, _ written) step {
	return warp("warm", g.Sampling.Temperature != 1, g.Sampling.Temperature)
}

func topHStep(g *GenerationConfig, _ written) step {
	return warp("top_h", g.Sampling.TopH > 0, g.Sampling.TopH)
}

func topKStep(g *GenerationConfig, _ written) step {
	return warp("top_k", g.Sampling.TopK > 0, g.Sampling.TopK)
}

func topPStep(g *GenerationConfig, _ written) step {
	return warp("top_p", g.Sampling.TopP < 1, g.Sampling.TopP)
}

func minPStep(g *GenerationConfig, _ written) step {
	return warp("min_p", g.Sampling.MinP > 0, g.Sampling.MinP)
}

func typicalStep(g *GenerationConfig, _ written) step {
	p := g.Sampling.TypicalP
	return warp("typical", p > 0 && p < 1, p)
}

func epsilonStep(g *GenerationConfig, _ written) step {
	x := g.Sampling.Epsilon
	return warp("epsilon", x > 0 && x < 1, x)
}

func etaStep(g *GenerationConfig, _ written) step {
	x := g.Sampling.Eta
	return warp("eta", x > 0 && x < 1, x)
}

func normalizeStep(g *GenerationConfig, _ written) step {
	if !g.Renormalize {
		return step{}
	}
	return step{"normalize", nil}
}
