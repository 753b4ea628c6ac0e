package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Base has the fields that every family's configuration has.
type Base struct {
	Vocab   int // V, tokens of the vocabulary
	Context int // the longest prompt in tokens
	Width   int // C, numbers in a token's hidden state
	Blocks  int // L
	Heads   int // of each block's attention
	Inner   int // width of the MLP between its two layers

	Eps        float64 // added to the variance in each norm
	Activation string  // of the MLP, by transformers' name, such as "gelu_new"
	Tied       bool    // the head is the token embedding
	DType      string  // what to compute in: "float32", "float16", "bfloat16"; "" where the weights' own type decides

	// The tokens that begin and end a text. They may lie outside the
	// vocabulary: the class's own are the default in models of another one.
	BOS int64   // negative for none
	EOS []int64 // any of them; nil for none
}

// An Arch describes a model of any family: sizes, the few choices in which families differ, and
// the checkpoint's names.
type Arch struct {
	Base

	HeadDim int // D, numbers of a head
	KVHeads int // heads of keys and values; Heads/KVHeads heads of queries share one

	Norm                                Norm
	QKVBias, OutBias, MLPBias, HeadBias bool // which products have a bias

	Parallel bool // attention and MLP read the same stream and are added to it together
	PostNorm bool // a block's norms come behind its additions
	Conv     bool // weights are stored as [in,out], and a bias is added inside the product
	ByHead   bool // queries, keys and values of one product are laid out head by head

	ScaleOf      float64 // attention's scores are scaled by its power -0.5
	ScaleByBlock bool    // block i's scores are divided by i+1 as well
	UpcastScores bool    // eager attention scales its scores inside their product, in float32
	ScaleQuery   bool    // the queries are scaled, before they are split into heads
	FullScores   bool    // scores are computed in float32
	OwnSoftmax   bool    // eager attention's weights are made in the model's own type, not in float32
	DivideScore  bool    // they are divided by the root of ScaleOf
	ScoreCap     float64 // scores are kept within it by tanh; 0 for none
	LogitCap     float64 // the same of the logits
	EmbedScale   bool    // the token embedding is scaled by the root of C
	EagerOnly    bool    // transformers has no sdpa for the family

	Rope           *Rope // nil where positions have a table, or are not told
	LocalRope      *Rope // of blocks with a window, where it is another one
	PositionOffset int   // the row of the table that position 0 has
	ProjectDim     int   // width of embedding and head, where it is not C; else 0

	Window     int    // a token sees so many, itself the last; 0 for all
	Windowed   []bool // which blocks that is true of; nil for none
	WholeCache bool   // these blocks' caches hold all tokens all the same

	Names Names
}

// Norm is the kind of norm of the residual stream.
type Norm string

// The norms there are.
const (
	LayerNorm  Norm = "layer norm"
	RMSNorm    Norm = "RMS norm"
	RMSNormOne Norm = "RMS norm by 1 + weight"
)

// A Rope says how positions rotate the queries and keys.
type Rope struct {
	Theta float64
	Dim   int    // so many numbers of a head are turned
	Pairs bool   // neighbours are turned together, not a number and the one half of Dim behind
	Type  string // "default", "dynamic" (Theta is made for it), "linear" or "llama3"

	Factor    float64 // dynamic, linear and llama3
	Low, High float64 // llama3
	Original  int     // llama3: the context before it was stretched
}

// Names are the modules' names in the checkpoint, "" for a module that does not exist. Names of a
// block's parts are relative to the block.
type Names struct {
	Prefix                                   string // of all but the head, such as "model."
	Tokens, Positions, ProjectIn, ProjectOut string
	Stream                                   string // a module behind which the residual stream begins
	Blocks, FinalNorm, Head                  string

	Norm1, Norm2                          string
	AttnNorm, MLPNorm                     string // of what attention and MLP add
	Attn, Q, K, V, QKV, Out, QNorm, KNorm string
	MLP, Up, Gate, Down, Act              string
}

// activations are the MLP activations that golens has. transformers has several forms of GELU,
// whose last bits differ. So no name is taken for a similar one.
var activations = set("gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh", "gelu_pytorch_tanh", "hardswish",
	"leaky_relu", "linear", "mish", "quick_gelu", "relu", "relu2", "relu6", "sigmoid", "silu", "swish", "tanh")

// The largest sizes that are taken for a model's and not for damage. Each is
// far above any model's, and low enough that no product overflows.
const (
	mostVocab      = 1 << 28
	mostContext    = 1 << 28
	mostWidth      = 1 << 20
	mostInner      = 1 << 24
	mostBlocks     = 1 << 12
	mostParameters = 1 << 40
)

// finish fills in what a family left to the rule and refuses what contradicts
// itself.
func (a *Arch) finish(f *fields) {
	if f.err != nil {
		return
	}
	if a.HeadDim == 0 {
		a.HeadDim = a.Width / a.Heads
	}
	if a.KVHeads == 0 {
		a.KVHeads = a.Heads
	}
	if a.ScaleOf == 0 {
		a.ScaleOf = float64(a.HeadDim)
	}
	switch {
	case a.Heads%a.KVHeads != 0:
		f.fail("num_attention_heads is %d, which num_key_value_heads, %d, does not divide", a.Heads, a.KVHeads)
	case a.Heads*a.HeadDim > 4*mostWidth:
		f.fail("%d heads of %d numbers are more than golens takes", a.Heads, a.HeadDim)
	case a.ScoreCap < 0 || a.LogitCap < 0:
		f.fail("a bound of scores or logits is negative")
	case a.Windowed != nil && a.Window < 2:
		f.fail("the sliding window is of %d tokens; golens takes 2 and more", a.Window)
	}
	for _, r := range []*Rope{a.Rope, a.LocalRope} {
		if r != nil && (r.Dim < 2 || r.Dim%2 != 0 || r.Dim > a.HeadDim) {
			f.fail("%d of a head's %d numbers would be turned by rotary positions: it must be an even number", r.Dim, a.HeadDim)
		}
	}
	if n := a.Parameters(); f.err == nil && n > mostParameters {
		f.fail("the sizes make a model of %d parameters; the most that golens takes is %d", n, int64(mostParameters))
	}
}

// Parameters returns the number of the model's parameters. A tied unembedding counts once, with
// the embedding.
func (a *Arch) Parameters() int64 {
	width, inner, vocab := int64(a.Width), int64(a.Inner), int64(a.Vocab)
	q, kv := int64(a.Heads*a.HeadDim), int64(a.KVHeads*a.HeadDim)
	with := func(yes bool, n int64) int64 {
		if yes {
			return n
		}
		return 0
	}
	affine := int64(1)
	if a.Norm == LayerNorm {
		affine = 2
	}
	n := a.Names
	attention := width*(q+2*kv) + with(a.QKVBias, q+2*kv) + q*width + with(a.OutBias, width) +
		with(n.QNorm != "", 2*affine*int64(a.HeadDim))
	mlp := 2*width*inner + with(a.MLPBias, inner+width) + with(n.Gate != "", width*inner+with(a.MLPBias, inner))
	var norms int64
	for _, name := range []string{n.Norm1, n.Norm2, n.AttnNorm, n.MLPNorm} {
		norms += with(name != "", affine*width)
	}
	outer := width
	if a.ProjectDim > 0 {
		outer = int64(a.ProjectDim)
	}
	return vocab*outer + with(n.Positions != "", int64(a.Context+a.PositionOffset)*width) +
		with(a.ProjectDim > 0, 2*width*outer) + int64(a.Blocks)*(attention+mlp+norms) +
		with(n.FinalNorm != "", affine*width) + with(!a.Tied, vocab*outer) + with(a.HeadBias, vocab)
}

// Group returns how many query heads share one key and value head.
func (a *Arch) Group() int { return a.Heads / a.KVHeads }

// Kind returns 1 for a block with a window and 0 for one without.
func (a *Arch) Kind(block int) int {
	if a.Windowed != nil && a.Windowed[block] {
		return 1
	}
	return 0
}

// list names the members of a set in order.
func list[T any](set map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}

// String describes the rotation in a few words.
func (r *Rope) String() string {
	s := fmt.Sprintf("rotary positions on %d numbers of a head, theta %g", r.Dim, r.Theta)
	switch r.Type {
	case "dynamic":
		s += ", of another frequency beyond the context, where golens does not go"
	case "linear":
		s += fmt.Sprintf(", stretched by %g", r.Factor)
	case "llama3":
		s += fmt.Sprintf(", stretched by %g as in Llama 3", r.Factor)
	}
	return s
}
