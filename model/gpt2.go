package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/golens/golens/model/config"
	"github.com/golens/golens/torch"
)

// gpt2 describes GPT-2: learned positions, layer norms in front of attention and
// MLP, weights stored as [in,out], and a head that is the token embedding again.
func gpt2(c *config.GPT2, a Attention, headKey string) (node, Layout) {
	C, V, inner := int64(c.Width), int64(c.Vocab), int64(c.Inner)
	norm := func(slot, at string) node {
		return node{slot: slot, point: at, role: "norm", attrs: []torch.Slot{{Name: "eps", Value: c.Eps}},
			params: []param{{"weight", at + ".weight", []int64{C}}, {"bias", at + ".bias", []int64{C}}}}
	}
	linear := func(slot, at string, in, out int64) node {
		return node{slot: slot, point: at, role: "linear", attrs: []torch.Slot{mark("conv")},
			params: []param{{"weight", at + ".weight", []int64{in, out}}, {"bias", at + ".bias", []int64{out}}}}
	}
	embedding := func(slot, at string, rows int64) node {
		return node{slot: slot, point: at, role: "embedding", params: []param{{"weight", at + ".weight", []int64{rows, C}}}}
	}
	attention := []torch.Slot{{Name: "head_dim", Value: c.Width / c.Heads}}
	var whole []torch.Slot
	if a == Eager {
		attention, whole = append(attention, mark("eager")), []torch.Slot{mark("eager")}
	}

	l := Layout{Embed: "drop", Norm: "ln_f", Head: "lm_head"}
	blocks := node{slot: "blocks"}
	for i := range c.Blocks {
		at := "h." + strconv.Itoa(i)
		l.Blocks = append(l.Blocks, BlockPoints{Out: at, Mid: at + ".resid_mid", Attn: at + ".attn", MLP: at + ".mlp"})
		blocks.children = append(blocks.children, node{slot: strconv.Itoa(i), point: at, role: "block", children: []node{
			norm("norm1", at+".ln_1"),
			{slot: "attn", point: at + ".attn", role: "attention", attrs: attention, children: []node{
				linear("qkv", at+".attn.c_attn", C, 3*C), linear("out", at+".attn.c_proj", C, C)}},
			{slot: "mid", point: at + ".resid_mid", role: "identity"},
			norm("norm2", at+".ln_2"),
			{slot: "mlp", point: at + ".mlp", role: "mlp", children: []node{
				linear("up", at+".mlp.c_fc", C, inner), {slot: "act", point: at + ".mlp.act", role: "activation"},
				linear("down", at+".mlp.c_proj", inner, C)}},
		}})
	}
	return node{role: "model", more: runBlocks(c.Blocks), attrs: whole, children: []node{
		embedding("tokens", "wte", V), embedding("positions", "wpe", int64(c.Context)),
		{slot: "drop", point: "drop", role: "identity"},
		blocks, norm("norm", "ln_f"),
		{slot: "head", point: "lm_head", role: "head", params: []param{{"weight", headKey, []int64{V, C}}}},
	}}, l
}

// runBlocks writes the methods that run one block after the other.
func runBlocks(n int) string {
	var s strings.Builder
	s.WriteString("\ndef run_blocks(self, x: Tensor, mask: Optional[Tensor]) -> Tensor:\n")
	for i := range n {
		fmt.Fprintf(&s, "    x = getattr(self.blocks, %q).forward(x, mask)\n", strconv.Itoa(i))
	}
	s.WriteString("    return x\n\ndef step_blocks(self, x: Tensor, mask: Optional[Tensor], past: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:\n    now: List[Tensor] = []\n")
	for i := range n {
		fmt.Fprintf(&s, "    x, k, v = getattr(self.blocks, %q).forward_step(x, mask, past[%d:%d])\n    now += [k, v]\n", strconv.Itoa(i), 2*i, 2*i+2)
	}
	s.WriteString("    return x, now\n")
	return s.String()
}
