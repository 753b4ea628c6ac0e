package model

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/golens/golens/model/config"
	"github.com/golens/golens/torch"
)

// A planner turns a configuration into the tree of a model's modules.
type planner struct {
	*config.Arch
	eager bool
}

// plan describes the model of a configuration of any family: its modules, their contents, and the
// names of its hook points. headKey is the checkpoint's tensor of the unembedding.
func plan(c *config.Arch, a Attention, headKey string) (node, Layout) {
	p := planner{Arch: c, eager: a == Eager}
	n := c.Names
	l := Layout{Embed: cmp.Or(n.Stream, "resid_in"), Norm: cmp.Or(n.FinalNorm, "resid_out"), Head: n.Head}
	blocks := node{slot: "blocks"}
	for i := range c.Blocks {
		block, points := p.block(i)
		l.Blocks = append(l.Blocks, points)
		blocks.children = append(blocks.children, block)
	}
	root := node{role: "model", more: runBlocks(c), attrs: p.whole()}
	root.children = append(root.children, p.embedding("tokens", n.Tokens, c.Vocab, cmp.Or(c.ProjectDim, c.Width), c.EmbedScale))
	if n.ProjectIn != "" {
		root.children = append(root.children, p.linear("project_in", n.ProjectIn, c.ProjectDim, c.Width, false))
	}
	if n.Positions != "" {
		root.children = append(root.children, p.embedding("positions", n.Positions, c.Context+c.PositionOffset, c.Width, false))
	}
	root.children = append(root.children, node{slot: "drop", point: l.Embed, role: "identity"})
	root.children = append(root.children, rotaries(c)...)
	final := node{slot: "norm", point: l.Norm, role: "identity"}
	if n.FinalNorm != "" {
		final = p.norm("norm", n.FinalNorm, c.Width)
	}
	root.children = append(root.children, blocks, final, p.head(headKey))
	return root, l
}

// whole returns the marks of the whole model.
func (p planner) whole() []torch.Slot {
	var out []torch.Slot
	if p.eager {
		out = append(out, mark("eager"))
	}
	if p.Names.Positions != "" {
		out = append(out, torch.Slot{Name: "offset", Value: p.PositionOffset})
	}
	if p.Windowed != nil {
		out = append(out, torch.Slot{Name: "window", Value: p.Window})
	}
	if p.WholeCache {
		out = append(out, mark("whole_cache"))
	}
	return out
}

// block describes block i.
func (p planner) block(i int) (node, BlockPoints) {
	n, at := p.Names, p.Names.Blocks+"."+strconv.Itoa(i)
	in := func(name string) string { return at + "." + name }
	b := node{slot: strconv.Itoa(i), point: at, role: "block"}
	points := BlockPoints{Out: at, Attn: in(n.Attn), MLP: in(cmp.Or(n.MLP, "mlp")), Attention: in(n.Attn), Projection: in(n.Out)}
	b.children = []node{p.norm("norm1", in(n.Norm1), p.Width), p.attention(i, in)}
	switch {
	case p.Parallel:
		b.attrs = append(b.attrs, mark("parallel"))
	default:
		points.Mid = in("resid_mid")
		b.children = append(b.children, node{slot: "mid", point: points.Mid, role: "identity"})
	}
	if p.PostNorm {
		b.attrs = append(b.attrs, mark("post"))
	}
	if n.AttnNorm != "" {
		points.Attn = in(n.AttnNorm)
		b.children = append(b.children, p.norm("attn_norm", points.Attn, p.Width))
	}
	if n.Norm2 != "" {
		b.children = append(b.children, p.norm("norm2", in(n.Norm2), p.Width))
	}
	b.children = append(b.children, p.mlp(in))
	if n.MLPNorm != "" {
		points.MLP = in(n.MLPNorm)
		b.children = append(b.children, p.norm("mlp_norm", points.MLP, p.Width))
	}
	return b, points
}

// attention describes the attention of block i. in makes the names of its parts.
func (p planner) attention(i int, in func(string) string) node {
	n := p.Names
	a := node{slot: "attn", point: in(n.Attn), role: "attention",
		attrs: []torch.Slot{{Name: "head_dim", Value: p.HeadDim}, {Name: "scale_of", Value: p.ScaleOf}}}
	add := func(yes bool, s torch.Slot) {
		if yes {
			a.attrs = append(a.attrs, s)
		}
	}
	add(p.eager, mark("eager"))
	add(p.Rope != nil, mark("rotary"))
	add(p.Rope != nil && p.Rope.Pairs, mark("pairs"))
	add(p.ByHead, mark("by_head"))
	add(p.ScaleQuery, mark("scale_query"))
	add(p.ScaleByBlock, torch.Slot{Name: "scale_by", Value: float64(i + 1)})
	add(p.UpcastScores, mark("upcast_scores"))
	add(p.FullScores, mark("full_scores"))
	add(p.DivideScore, mark("divide"))
	add(p.OwnSoftmax, mark("own_softmax"))
	add(p.ScoreCap > 0, torch.Slot{Name: "cap", Value: p.ScoreCap})
	add(p.Kind(i) == 1 && !p.WholeCache, torch.Slot{Name: "keep", Value: p.Window - 1})
	q, kv := p.Heads*p.HeadDim, p.KVHeads*p.HeadDim
	if n.QKV != "" {
		a.children = append(a.children, p.linear("qkv", in(n.QKV), p.Width, q+2*kv, p.QKVBias))
	} else {
		a.children = append(a.children, p.linear("q", in(n.Q), p.Width, q, p.QKVBias),
			p.linear("k", in(n.K), p.Width, kv, p.QKVBias), p.linear("v", in(n.V), p.Width, kv, p.QKVBias))
	}
	if n.QNorm != "" {
		a.children = append(a.children, p.norm("q_norm", in(n.QNorm), p.HeadDim), p.norm("k_norm", in(n.KNorm), p.HeadDim))
	}
	a.children = append(a.children, p.linear("out", in(n.Out), q, p.Width, p.OutBias))
	return a
}

func (p planner) mlp(in func(string) string) node {
	n := p.Names
	m := node{slot: "mlp", point: in(cmp.Or(n.MLP, "mlp")), role: "mlp"}
	if n.Gate != "" {
		m.children = append(m.children, p.linear("gate", in(n.Gate), p.Width, p.Inner, p.MLPBias))
	}
	m.children = append(m.children, p.linear("up", in(n.Up), p.Width, p.Inner, p.MLPBias),
		node{slot: "act", point: in(n.Act), role: "activation", attrs: []torch.Slot{mark(p.Activation)}},
		p.linear("down", in(n.Down), p.Inner, p.Width, p.MLPBias))
	return m
}

func (p planner) head(key string) node {
	n := node{slot: "head", point: p.Names.Head, role: "head",
		params: []param{{"weight", key, []int64{int64(p.Vocab), int64(cmp.Or(p.ProjectDim, p.Width))}}}}
	if p.HeadBias {
		n.params = append(n.params, param{"bias", p.Names.Head + ".bias", []int64{int64(p.Vocab)}})
	}
	if p.LogitCap > 0 {
		n.attrs = append(n.attrs, torch.Slot{Name: "cap", Value: p.LogitCap})
	}
	if p.Names.ProjectOut != "" {
		n.children = append(n.children, p.linear("project_out", p.Names.ProjectOut, p.Width, p.ProjectDim, false))
	}
	return n
}

func (p planner) norm(slot, at string, width int) node {
	n := node{slot: slot, point: at, role: "norm", attrs: []torch.Slot{{Name: "eps", Value: p.Eps}},
		params: []param{{"weight", at + ".weight", []int64{int64(width)}}}}
	switch p.Norm {
	case config.LayerNorm:
		n.params = append(n.params, param{"bias", at + ".bias", []int64{int64(width)}})
	case config.RMSNormOne:
		n.attrs = append(n.attrs, mark("plus_one"))
	}
	return n
}

func (p planner) linear(slot, at string, in, out int, bias bool) node {
	n := node{slot: slot, point: at, role: "linear", params: []param{{"weight", at + ".weight", []int64{int64(out), int64(in)}}}}
	if p.Conv {
		n.attrs = append(n.attrs, mark("conv"))
		n.params[0].shape = []int64{int64(in), int64(out)}
	}
	if bias {
		n.params = append(n.params, param{"bias", at + ".bias", []int64{int64(out)}})
	}
	return n
}

func (p planner) embedding(slot, at string, rows, width int, scale bool) node {
	n := node{slot: slot, point: at, role: "embedding", params: []param{{"weight", at + ".weight", []int64{int64(rows), int64(width)}}}}
	if scale {
		n.attrs = append(n.attrs, mark("scale"))
	}
	return n
}

// rotaries describes the modules that make the tables of rotary positions.
func rotaries(c *config.Arch) []node {
	var out []node
	for i, r := range []*config.Rope{c.Rope, c.LocalRope} {
		if r == nil {
			continue
		}
		n := node{slot: []string{"rotary", "rotary_local"}[i], role: "rotary", attrs: []torch.Slot{{Name: "n", Value: r.Dim}, {Name: "theta", Value: r.Theta}}}
		if r.Pairs {
			n.attrs = append(n.attrs, mark("pairs"))
		}
		if r.Type == "linear" || r.Type == "llama3" {
			n.attrs = append(n.attrs, mark(r.Type), torch.Slot{Name: "factor", Value: r.Factor})
		}
		if r.Type == "llama3" {
			n.attrs = append(n.attrs, torch.Slot{Name: "low", Value: r.Low}, torch.Slot{Name: "high", Value: r.High},
				torch.Slot{Name: "original", Value: float64(r.Original)})
		}
		out = append(out, n)
	}
	return out
}

// runBlocks writes the methods that run the blocks in order, each with the arguments of its kind
// besides the stream.
func runBlocks(c *config.Arch) string {
	var s strings.Builder
	s.WriteString("\ndef run_blocks(self, x: Tensor, around: List[List[Tensor]]) -> Tensor:\n")
	var kinds []string
	for i := range c.Blocks {
		fmt.Fprintf(&s, "    x = getattr(self.blocks, %q).forward(x, around[%d])\n", strconv.Itoa(i), c.Kind(i))
		kinds = append(kinds, strconv.Itoa(c.Kind(i)))
	}
	s.WriteString("    return x\n\ndef step_blocks(self, x: Tensor, around: List[List[Tensor]], past: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:\n    now: List[Tensor] = []\n")
	for i := range c.Blocks {
		fmt.Fprintf(&s, "    x, k, v = getattr(self.blocks, %q).forward_step(x, around[%d], past[%d:%d])\n    now += [k, v]\n", strconv.Itoa(i), c.Kind(i), 2*i, 2*i+2)
	}
	s.WriteString("    return x, now\n")
	fmt.Fprintf(&s, "\ndef around_block(self, x: Tensor, block: int) -> List[Tensor]:\n    return self.around(x, 0)[[%s][block]]\n", strings.Join(kinds, ", "))
	return s.String()
}
