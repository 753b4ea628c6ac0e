package model

import "github.com/golens/golens/model/config"

// Attention says how attention is computed. Both give the same numbers up to
// rounding; each equals the transformers implementation of that name bit for bit.
type Attention string

const (
	// SDPA is PyTorch's scaled_dot_product_attention, the default of transformers.
	SDPA Attention = "sdpa"
	// Eager computes scores, softmax and the weighted sum one after the other.
	Eager Attention = "eager"
)

// Sizes are the numbers that shapes are made of.
type Sizes struct {
	Vocab   int // V
	Context int // the largest T
	Width   int // C
	Blocks  int // L
	Heads   int // in each block
	HeadDim int // numbers of each; 0 where an archive does not tell
}

func sizesOf(c *config.Arch) Sizes {
	return Sizes{Vocab: c.Vocab, Context: c.Context, Width: c.Width, Blocks: c.Blocks, Heads: c.Heads, HeadDim: c.HeadDim}
}

// Layout names the hook points of a model by their part in it.
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
	Attn string // what attention adds
	MLP  string // what the MLP adds

	Attention  string // the attention itself, which has the heads; Attn, unless a norm follows on it
	Projection string // the product behind the heads, which reads them side by side; "" where it is not known
}
