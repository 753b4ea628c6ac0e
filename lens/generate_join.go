package lens

import (
	"maps"
	"math"
	"slices"

	"github.com/golens/golens/model"
)

// Written says of a Result that its text was written by the model, and how.
type Written struct {
	Prompt   int                     // T, tokens of the prompt
	Sequence []int64                 // prompt and new tokens; the last one was not read
	Text     []byte                  // of the new tokens; nil without a tokenizer
	Ended    Ending                  // why there are no more
	Sampling *model.Sampling         // nil for greedy decoding
	Config   *model.GenerationConfig // the settings that held
}

// Joined returns the lens of all steps as one Result, of the positions from `from`
// on: 0 for all that were read, g.T-1 for those at which the tokens of the new text
// were chosen. Its Tokens are those that the model read, T+n-1: the last one that
// it wrote was not. Hidden comes with all positions only. It is nil without steps.
func (g *Generation) Joined(from int) *Result {
	if len(g.Steps) == 0 {
		return nil
	}
	var steps []*Result
	for _, s := range g.Steps {
		steps = append(steps, s.Lens)
	}
	out := newJoint(steps, from).result(from)
	out.Prompt, out.Warnings, out.Manifest = g.Prompt, g.Warnings, g.Manifest
	out.Written = &Written{Prompt: g.T, Sequence: g.Sequence, Ended: g.Ended, Sampling: g.Sampling, Config: g.Config}
	for _, s := range g.Steps {
		out.Pieces[s.ID] = s.Token
		out.Written.Text = append(out.Written.Text, s.Token.Bytes...)
	}
	return out
}

// From returns r without the positions before `from`. Hidden, which has every token's
// states, goes unless from is 0.
func (r *Result) From(from int) *Result {
	out := newJoint([]*Result{r}, from).result(from)
	out.Name, out.Prompt, out.Warnings, out.Manifest, out.Written = r.Name, r.Prompt, r.Warnings, r.Manifest, r.Written
	return out
}

func newJoint(steps []*Result, from int) *joint {
	j := &joint{steps: steps}
	for _, r := range steps {
		j.cells = append(j.cells, indices(r.Positions, from))
		if r.Targets != nil {
			j.targets = append(j.targets, indices(r.Targets.Positions, from))
		}
	}
	return j
}

// result returns the steps as one.
func (j *joint) result(from int) *Result {
	first, last := j.steps[0], j.steps[len(j.steps)-1]
	R := len(first.Rows)
	out := &Result{Tokens: last.Tokens, Rows: first.Rows, K: first.K, Width: first.Width, Vocab: first.Vocab, Pieces: map[int64]Token{}}
	one := func(*Result) int { return 1 }
	top := func(r *Result) int { return r.K }
	out.Positions = join(j, j.cells, 1, one, func(r *Result) []int { return r.Positions })
	out.TopIDs = join(j, j.cells, R, top, func(r *Result) []int64 { return r.TopIDs })
	out.TopLogits = join(j, j.cells, R, top, func(r *Result) []float32 { return r.TopLogits })
	out.TopProbs = join(j, j.cells, R, top, func(r *Result) []float32 { return r.TopProbs })
	out.Entropy = join(j, j.cells, R, one, func(r *Result) []float32 { return r.Entropy })
	out.LogSumExp = join(j, j.cells, R, one, func(r *Result) []float32 { return r.LogSumExp })
	out.KL = join(j, j.cells, R, one, func(r *Result) []float32 { return r.KL })
	out.Agree = join(j, j.cells, R, one, func(r *Result) []bool { return r.Agree })
	out.Logits = join(j, j.cells, R, func(r *Result) int { return r.Vocab }, func(r *Result) []float32 { return r.Logits })
	for i, s := range first.Stats {
		taken, width := j.cells, one
		if s.OfTargets {
			taken, width = j.targets, func(r *Result) int { return r.Targets.N }
		}
		out.Stats = append(out.Stats, StatValues{s.Stat, join(j, taken, R, width, func(r *Result) []float32 { return r.Stats[i].Values })})
	}
	if first.Targets != nil {
		out.Targets = j.joinTargets(R)
	}
	if first.Tracks != nil {
		out.Tracks = j.joinTracks(R)
	}
	if from == 0 && first.Hidden != nil {
		for row := range R {
			for _, r := range j.steps {
				n := len(r.Hidden) / R
				out.Hidden = append(out.Hidden, r.Hidden[row*n:(row+1)*n]...)
			}
		}
	}
	for _, r := range j.steps {
		maps.Copy(out.Pieces, r.Pieces)
	}
	return out
}

// joint is the results of all steps, and which positions of each are taken, by
// their index.
type joint struct {
	steps          []*Result
	cells, targets [][]int
}

// indices returns where the positions from `from` on stand.
func indices(positions []int, from int) []int {
	var out []int
	for i, p := range positions {
		if p >= from {
			out = append(out, i)
		}
	}
	return out
}

// join puts arrays [R,P,n] of the steps side by side: row by row, the taken positions
// of each step in their order. It is nil where the steps have no such array.
func join[E any](j *joint, taken [][]int, R int, width func(*Result) int, values func(*Result) []E) []E {
	if values(j.steps[0]) == nil {
		return nil
	}
	var out []E
	for row := range R {
		for s, r := range j.steps {
			v, n := values(r), width(r)
			P := len(v) / max(1, R*n)
			for _, i := range taken[s] {
				at := (row*P + i) * n
				out = append(out, v[at:at+n]...)
			}
		}
	}
	return out
}

func (j *joint) joinTargets(R int) *Targets {
	first := j.steps[0].Targets
	out := &Targets{Next: first.Next, Words: first.Words, IDs: first.IDs, N: first.N}
	one := func(*Result) int { return 1 }
	words := func(r *Result) int { return r.Targets.N }
	out.Positions = join(j, j.targets, 1, one, func(r *Result) []int { return r.Targets.Positions })
	if first.Next {
		out.IDs = join(j, j.targets, 1, one, func(r *Result) []int64 { return r.Targets.IDs })
	}
	out.LogProb = join(j, j.targets, R, words, func(r *Result) []float32 { return r.Targets.LogProb })
	out.Prob = join(j, j.targets, R, words, func(r *Result) []float32 { return r.Targets.Prob })
	out.Rank = join(j, j.targets, R, words, func(r *Result) []int64 { return r.Targets.Rank })
	out.Ties = join(j, j.targets, R, words, func(r *Result) []int64 { return r.Targets.Ties })
	return out
}

// joinTracks gives every position the room of the longest list of tokens.
func (j *joint) joinTracks(R int) *Tracks {
	out := &Tracks{Top: j.steps[0].Tracks.Top}
	for _, r := range j.steps {
		out.N = max(out.N, r.Tracks.N)
	}
	nan := float32(math.NaN())
	for s, r := range j.steps {
		t := r.Tracks
		for _, p := range j.cells[s] {
			out.IDs = append(out.IDs, t.IDs[p*t.N:(p+1)*t.N]...)
			out.IDs = append(out.IDs, slices.Repeat([]int64{-1}, out.N-t.N)...)
		}
	}
	padded := func(values func(*Tracks) []float32) []float32 {
		var all []float32
		for row := range R {
			for s, r := range j.steps {
				t, P := r.Tracks, len(r.Positions)
				for _, p := range j.cells[s] {
					at := (row*P + p) * t.N
					all = append(all, values(t)[at:at+t.N]...)
					all = append(all, slices.Repeat([]float32{nan}, out.N-t.N)...)
				}
			}
		}
		return all
	}
	out.LogProb = padded(func(t *Tracks) []float32 { return t.LogProb })
	out.Prob = padded(func(t *Tracks) []float32 { return t.Prob })
	return out
}
