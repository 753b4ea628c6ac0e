package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/golens/golens/lens"
)

// LensFormat is the value of the member "format" in the files of a lens: what is in
// them, and the version of this layout.
const LensFormat = "golens-lens-1"

// DType names the type of an array's elements as NumPy does.
type DType string

const (
	Int64   DType = "int64"
	Float32 DType = "float32"
	Bool    DType = "bool"
)

// A Field is one array of a lens result: its name in NPZ and JSON and what it holds.
type Field struct {
	Name    string
	DType   DType
	Shape   string // letters of Dims, row-major, such as "R,P,K"
	Next    string // the shape with targets that are the text's own next tokens, where it differs
	Unit    string // "nats", "" for ids, ranks and plain numbers
	Meaning string
	When    string // what makes it present; "" for always
	Large   bool   // in JSON only on request

	// values returns a []int64, []float32 or []bool; a nil slice where the
	// result does not have the array.
	values func(*lens.Result) any
}

// Fields is the table of all arrays, in the order in which they are written.
var Fields = []Field{
	{Name: "ids", DType: Int64, Shape: "T", Meaning: "token ids of the whole prompt",
		values: func(r *lens.Result) any { return tokenIDs(r.Tokens) }},
	{Name: "positions", DType: Int64, Shape: "P", Meaning: "positions that were read, counted from 0",
		values: func(r *lens.Result) any { return widen(r.Positions) }},
	{Name: "rows", DType: Int64, Shape: "R", Meaning: "states that were read: 0 is the embedding, i the state after block i-1",
		values: func(r *lens.Result) any { return rowIndices(r.Rows) }},

	{Name: "top_ids", DType: Int64, Shape: "R,P,K", Meaning: "likeliest next tokens, largest logit first, equal logits by rising id",
		values: func(r *lens.Result) any { return r.TopIDs }},
	{Name: "top_logits", DType: Float32, Shape: "R,P,K", Meaning: "their logits",
		values: func(r *lens.Result) any { return r.TopLogits }},
	{Name: "top_probs", DType: Float32, Shape: "R,P,K", Meaning: "their probabilities (softmax)",
		values: func(r *lens.Result) any { return r.TopProbs }},

	{Name: "entropy", DType: Float32, Shape: "R,P", Unit: "nats", Meaning: "entropy of the row's distribution",
		values: func(r *lens.Result) any { return r.Entropy }},
	{Name: "logsumexp", DType: Float32, Shape: "R,P", Unit: "nats", Meaning: "logarithm of the sum of the exponentials of the logits",
		values: func(r *lens.Result) any { return r.LogSumExp }},
	{Name: "kl", DType: Float32, Shape: "R,P", Unit: "nats", Meaning: "KL divergence from the row to the model's own output, KL(final || row)",
		values: func(r *lens.Result) any { return r.KL }},
	{Name: "agree", DType: Bool, Shape: "R,P", Meaning: "whether the row's likeliest token is the model's own",
		values: func(r *lens.Result) any { return r.Agree }},

	{Name: "target_ids", DType: Int64, Shape: "N", Next: "P", When: "there are targets", Meaning: "ids of the targets; -1 where the text has no next token",
		values: target(func(t *lens.Targets) any { return t.IDs })},
	{Name: "target_positions", DType: Int64, Shape: "Q", When: "targets are words", Meaning: "positions at which the words were looked for",
		values: target(func(t *lens.Targets) any {
			if t.Next {
				return []int64(nil)
			}
			return widen(t.Positions)
		})},
	{Name: "target_logprob", DType: Float32, Shape: "R,Q,N", Next: "R,P", Unit: "nats", When: "there are targets", Meaning: "log-probability of the target; NaN without a target",
		values: target(func(t *lens.Targets) any { return t.LogProb })},
	{Name: "target_prob", DType: Float32, Shape: "R,Q,N", Next: "R,P", When: "there are targets", Meaning: "probability of the target; NaN without a target",
		values: target(func(t *lens.Targets) any { return t.Prob })},
	{Name: "target_rank", DType: Int64, Shape: "R,Q,N", Next: "R,P", When: "there are targets", Meaning: "1 + the number of tokens with a larger logit, V for a NaN logit; 0 without a target",
		values: target(func(t *lens.Targets) any { return t.Rank })},
	{Name: "target_ties", DType: Int64, Shape: "R,Q,N", Next: "R,P", When: "there are targets", Meaning: "number of other tokens with the target's logit; 0 without a target",
		values: target(func(t *lens.Targets) any { return t.Ties })},

	{Name: "track_ids", DType: Int64, Shape: "P,M", When: "tokens were followed", Meaning: "ids of the tokens that are followed at each position, rising; -1 behind the last",
		values: tracks(func(t *lens.Tracks) any { return t.IDs })},
	{Name: "track_logprob", DType: Float32, Shape: "R,P,M", Unit: "nats", When: "tokens were followed", Meaning: "their log-probabilities; NaN without a token",
		values: tracks(func(t *lens.Tracks) any { return t.LogProb })},
	{Name: "track_prob", DType: Float32, Shape: "R,P,M", When: "tokens were followed", Meaning: "their probabilities; NaN without a token",
		values: tracks(func(t *lens.Tracks) any { return t.Prob })},

	{Name: "sequence", DType: Int64, Shape: "S", When: "the model wrote the text", Meaning: "ids of the prompt and of the new text, whose last token was not read",
		values: func(r *lens.Result) any {
			if r.Written == nil {
				return nil
			}
			return r.Written.Sequence
		}},

	{Name: "joint_ids", DType: Int64, Shape: "J", When: "whole targets were asked for", Meaning: "tokens of the whole targets, one target behind the other",
		values: joint(func(j *lens.Joint) any { return tokenIDs(j.Tokens) })},
	{Name: "joint_lengths", DType: Int64, Shape: "W", When: "whole targets were asked for", Meaning: "number of tokens of each whole target",
		values: joint(func(j *lens.Joint) any { return widen(j.Lengths) })},
	{Name: "joint_token_logprob", DType: Float32, Shape: "R,J", Unit: "nats", When: "whole targets were asked for", Meaning: "log-probability of a token behind the prompt and the target's tokens before it",
		values: joint(func(j *lens.Joint) any { return j.TokenLogProb })},
	{Name: "joint_logprob", DType: Float32, Shape: "R,W", Unit: "nats", When: "whole targets were asked for", Meaning: "log-probability of a whole target: the sum over its tokens in float32, from the first to the last",
		values: joint(func(j *lens.Joint) any { return j.LogProb })},

	{Name: "hidden", DType: Float32, Shape: "R,T,C", When: "the states were kept", Large: true, Meaning: "the states that were read, of every position",
		values: func(r *lens.Result) any { return r.Hidden }},
	{Name: "logits", DType: Float32, Shape: "R,P,V", When: "logits were asked for", Large: true, Meaning: "logits of the whole vocabulary",
		values: func(r *lens.Result) any { return r.Logits }},
}

// StatField returns the field of a statistic that was asked for.
func StatField(s lens.Stat) Field {
	f := Field{Name: s.Name, DType: Float32, Shape: "R,P", Unit: s.Unit, Meaning: s.Doc, When: "it was asked for",
		values: func(r *lens.Result) any { return r.StatNamed(s.Name).Values }}
	if s.OfTargets {
		f.Shape, f.Next = "R,Q,N", "R,P"
		f.Meaning += "; NaN without a target"
	}
	return f
}

// A Dim is one letter of the shapes.
type Dim struct {
	Letter, Meaning string
}

// Dims is the table of the letters in Field.Shape.
var Dims = []Dim{
	{"R", "rows: the states that were read"},
	{"T", "tokens of the prompt"},
	{"P", "positions that were read; all T unless chosen"},
	{"K", "candidates kept of each cell"},
	{"C", "width of a state"},
	{"V", "entries of the vocabulary"},
	{"N", "target words"},
	{"Q", "positions at which target words were looked for"},
	{"M", "tokens followed at a position, at most"},
	{"S", "tokens of the prompt and of the new text; T is one less there"},
	{"W", "whole targets, of one or more tokens each"},
	{"J", "tokens of all whole targets"},
}

// lensArrays returns the arrays that r has, in the order of Fields, or an error
// where the length of one does not fit its shape: no file is better than one
// that its readers take for something else.
func lensArrays(r *lens.Result) ([]Array, error) {
	var out []Array
	fields := slices.Clone(Fields)
	for _, s := range r.Stats {
		if slices.ContainsFunc(Fields, func(f Field) bool { return f.Name == s.Name }) {
			return nil, fmt.Errorf("report: %s has a statistic called %s, as another array is", Describe(r), s.Name)
		}
		fields = append(fields, StatField(s.Stat))
	}
	for _, f := range fields {
		data := f.values(r)
		if data == nil || isNil(data) {
			continue
		}
		shape := f.Shape
		if f.Next != "" && r.Targets != nil && r.Targets.Next {
			shape = f.Next
		}
		dims, want := shapeOf(shape, r), 1
		for _, n := range dims {
			want *= n
		}
		if got := length(data); got != want {
			return nil, fmt.Errorf("report: %s of %s holds %d values, but its shape %s = %v needs %d",
				f.Name, Describe(r), got, shape, dims, want)
		}
		out = append(out, Array{Name: f.Name, Dims: dims, Values: data, Large: f.Large})
	}
	return out, nil
}

// Check says what is wrong with r: an array that does not fit its shape, or a
// position outside the prompt.
func Check(r *lens.Result) error {
	if _, err := lensArrays(r); err != nil {
		return err
	}
	positions := r.Positions
	if t := r.Targets; t != nil {
		positions = append(slices.Clone(positions), t.Positions...)
		if t.IDs == nil {
			return fmt.Errorf("report: the targets of %s have no ids", Describe(r))
		}
		if t.Next && len(t.Positions) != len(r.Positions) {
			return fmt.Errorf("report: %s has targets at %d positions, but read %d", Describe(r), len(t.Positions), len(r.Positions))
		}
	}
	if w := r.Written; w != nil && (len(w.Sequence) != len(r.Tokens)+1 || w.Prompt < 1 || w.Prompt > len(r.Tokens)) {
		return fmt.Errorf("report: %s has %d tokens, and a sequence of %d behind a prompt of %d", Describe(r), len(r.Tokens), len(w.Sequence), w.Prompt)
	}
	for _, p := range positions {
		if p < 0 || p >= len(r.Tokens) {
			return fmt.Errorf("report: %s has a position %d, but %d tokens", Describe(r), p, len(r.Tokens))
		}
	}
	return nil
}

// shapeOf returns the lengths that the letters of shape stand for in r.
func shapeOf(shape string, r *lens.Result) []int {
	var targets lens.Targets
	if r.Targets != nil {
		targets = *r.Targets
	}
	followed, sequence := 0, 0
	var whole lens.Joint
	if r.Joint != nil {
		whole = *r.Joint
	}
	if r.Tracks != nil {
		followed = r.Tracks.N
	}
	if r.Written != nil {
		sequence = len(r.Written.Sequence)
	}
	n := map[string]int{
		"R": len(r.Rows), "T": len(r.Tokens), "P": len(r.Positions), "K": r.K,
		"C": r.Width, "V": r.Vocab, "N": targets.N, "Q": len(targets.Positions), "M": followed, "S": sequence,
		"W": len(whole.Words), "J": len(whole.Tokens),
	}
	var dims []int
	for _, letter := range strings.Split(shape, ",") {
		dims = append(dims, n[letter])
	}
	return dims
}

// Describe names a result in an error.
func Describe(r *lens.Result) string {
	if r.Name != "" {
		return fmt.Sprintf("the result of prompt %q", r.Name)
	}
	return "the result"
}

func target(f func(*lens.Targets) any) func(*lens.Result) any {
	return func(r *lens.Result) any {
		if r.Targets == nil {
			return nil
		}
		return f(r.Targets)
	}
}

func tracks(f func(*lens.Tracks) any) func(*lens.Result) any {
	return func(r *lens.Result) any {
		if r.Tracks == nil {
			return nil
		}
		return f(r.Tracks)
	}
}

func joint(f func(*lens.Joint) any) func(*lens.Result) any {
	return func(r *lens.Result) any {
		if r.Joint == nil {
			return nil
		}
		return f(r.Joint)
	}
}

func tokenIDs(tokens []lens.Token) []int64 {
	ids := make([]int64, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	return ids
}

func rowIndices(rows []lens.Row) []int64 {
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = int64(r.Index)
	}
	return out
}

func widen(in []int) []int64 {
	out := make([]int64, len(in))
	for i, n := range in {
		out[i] = int64(n)
	}
	return out
}

func isNil(data any) bool {
	switch d := data.(type) {
	case []int64:
		return d == nil
	case []float32:
		return d == nil
	case []bool:
		return d == nil
	}
	return false
}

func length(data any) int {
	switch d := data.(type) {
	case []int64:
		return len(d)
	case []float32:
		return len(d)
	case []float64:
		return len(d)
	case []bool:
		return len(d)
	}
	return -1
}
