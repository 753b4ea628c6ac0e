package model

import "github.com/golens/golens/model/config"

// Attention is the way in which attention is computed. Both ways give the same numbers up to
// rounding. Each equals transformers' implementation of that name bit for bit.
type Attention string

const (
	// SDPA is PyTorch's scaled_dot_product_attention, the default of transformers.
	SDPA Attention = "sdpa"
	// Eager computes scores, softmax and the weighted sum one after the other.
	Eager Attention = "eager"
)

// Sizes are the dimensions of a model.
type Sizes struct {
	Vocab   int // V
	Context int // the largest T
	Width   int // C
	Blocks  int // L
	Heads   int // in each block
	HeadDim int // width of each; 0 if an archive does not say
}

func sizesOf(c *config.Arch) Sizes {
	return Sizes{Vocab: c.Vocab, Context: c.Context, Width: c.Width, Blocks: c.Blocks, Heads: c.Heads, HeadDim: c.HeadDim}
}

// Layout names the hook points of the parts of a model.
type Layout struct {
	Embed  string // returns the residual stream before the first block: tokens and positions
	Blocks []BlockPoints
	Norm   string // the final norm
	Head   string // the unembedding
}

// BlockPoints names the hook points of one block.
type BlockPoints struct {
	Out  string // the residual stream after the block
	Mid  string // the residual stream after attention was added; "" where attention and MLP are added together
	Attn string // what attention adds to the stream
	MLP  string // what the MLP adds to the stream

	Attention  string // the attention module, which has the heads; Attn, unless a norm follows it
	Projection string // the output projection, which reads the heads side by side; "" if unknown
}
