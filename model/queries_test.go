package model_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// queryFamilies have their queries, keys and values in every way that there is: the module
// and the first column of a head's part, in a model of heads heads of dim numbers.
var queryFamilies = []struct {
	name  string
	eager bool
	part  func(mark string, head, heads, dim int) (module string, first int)
}{
	{"gpt2", false, func(mark string, head, heads, dim int) (string, int) {
		return "h.1.attn.c_attn", strings.Index("qkv", mark)*heads*dim + head*dim
	}},
	{"neox", false, func(mark string, head, _, dim int) (string, int) {
		return "layers.1.attention.query_key_value", head*3*dim + strings.Index("qkv", mark)*dim
	}},
	{"llama3", false, separate("layers.1.self_attn.")}, // several heads share a key
	{"qwen3", false, separate("layers.1.self_attn.")},  // norms of queries and keys
	{"opt", false, separate("layers.1.self_attn.")},
	{"gptneo", true, separate("h.1.attn.attention.")},
	{"gptj", true, separate("h.1.attn.")},
	{"gemma3", false, separate("layers.1.self_attn.")},
}

func separate(attention string) func(string, int, int, int) (string, int) {
	return func(mark string, head, _, dim int) (string, int) { return attention + mark + "_proj", head * dim }
}

// TestQueries compares changes of one head's query, key or value with PyTorch hooks on the
// module that makes it: zeros, and the query of another head, block and prompt.
func TestQueries(t *testing.T) {
	oneThread(t)
	const T = 9
	for _, f := range queryFamilies {
		dir := reference.Model(t, f.name+"-96")
		attention := model.SDPA
		if f.eager {
			attention = model.Eager
		}
		m := openCheckpoint(t, dir, attention)
		ids, otherIDs := reference.IDs(8, T, m.Sizes.Vocab), reference.IDs(9, T+3, m.Sizes.Vocab)
		ref := reference.Sweep{Model: dir, Attention: string(attention), Threads: 1}
		clean := ref.Intervene(t, [][]int64{ids}, nil)["logits"]
		a, dim := m.Layout.Blocks[1].Attention, m.Sizes.HeadDim
		for _, mark := range []string{"q", "k", "v"} {
			n := m.Points.Heads(a, mark)
			if want := map[bool]int{true: m.Sizes.Heads, false: m.Config.Arch.KVHeads}[mark == "q"]; n != want {
				t.Errorf("%s has %d heads of %s, want %d", f.name, n, mark, want)
			}
			t.Run(f.name+"/"+mark, func(t *testing.T) {
				var sc torch.Scope
				defer sc.Close()
				module, first := f.part(mark, n-1, m.Sizes.Heads, dim)
				point := fmt.Sprintf("%s:%s%d", a, mark, n-1)
				var h hooks.Registry
				h.Add(point, hooks.Zero().At(hooks.At(2, -1)))
				h.Capture(module)
				got := forward(t, m, ids, &h, nil)
				want := ref.Intervene(t, [][]int64{ids}, []reference.Change{{"kind": "zero", "point": module, "columns": []int{first, dim}, "at": []string{"2", "-1"}}})["logits"]
				reference.Equal(t, "zeros", got, want)
				if slices.Equal(got, clean.Float32) {
					t.Error("zeros change nothing")
				}

				// The query of head 0 of block 0, of another prompt, for that of this head alone.
				from := strings.Replace(a, ".1.", ".0.", 1) + ":q0"
				var capture hooks.Registry
				capture.Capture(from)
				var source *torch.Tensor
				forward(t, m, otherIDs, &capture, func(r *hooks.Run) { source = torch.Keep(&sc, r.Take(from)) })
				values, err := torch.Values[float32](source)
				if err != nil {
					t.Fatal(err)
				}
				queries, at := f.part("q", 0, m.Sizes.Heads, dim)
				queries = strings.Replace(queries, ".1.", ".0.", 1)
				all := ref.Intervene(t, [][]int64{otherIDs}, nil, queries)["capture."+queries]
				width := len(all.Float32) / (T + 3)
				for p := range T + 3 {
					if !slices.Equal(values[p*dim:(p+1)*dim], all.Float32[p*width+at:p*width+at+dim]) {
						t.Fatalf("the captured query at %d is not PyTorch's", p)
					}
				}
				h = hooks.Registry{}
				h.Add(point, hooks.Patch("q0", source, hooks.Positions{}, positions(t, "0,-2..")))
				got = forward(t, m, ids, &h, nil)
				c := reference.Change{"kind": "patch", "point": module, "columns": []int{first, dim}, "at": []string{"0", "-2.."}, "taken": []string{"0", "-2.."}}.With(t, "source", values, 1, T+3, dim)
				reference.Equal(t, "patch", got, ref.Intervene(t, [][]int64{ids}, []reference.Change{c})["logits"])
				if slices.Equal(got, clean.Float32) {
					t.Error("the patch changes nothing")
				}
			})
		}
	}
}

// TestForeignNames: names of TransformerLens and of other families' classes stand for the
// point that they mean, in every family; others say what is there instead.
func TestForeignNames(t *testing.T) {
	for _, f := range families {
		m := openCheckpoint(t, reference.Model(t, f.name+"-96"), model.Eager)
		b, l, n := m.Layout.Blocks[2], m.Layout, m.Config.Arch.Names
		same := map[string]string{
			"blocks.2.hook_resid_pre": m.Layout.Blocks[1].Out, "blocks.2.hook_resid_post": b.Out, "blocks.0.hook_resid_pre": l.Embed, "blocks.2.hook_attn_out": b.Attn, "blocks.2.hook_mlp_out": b.MLP,
			"blocks.2.attn.hook_z": b.Projection + ":in", "blocks.2.attn.hook_z:h1": b.Attention + ":h1", "blocks.2.attn.hook_q:h1": b.Attention + ":q1",
			"hook_embed": n.Tokens, "ln_final": l.Norm, "model.layers.2": b.Out, "transformer.h.2": b.Out, "h.2": b.Out, "layers.2.self_attn": b.Attention, "gpt_neox.layers.2.attention": b.Attention,
			"model.embed_tokens": n.Tokens, "transformer.wte": n.Tokens, "model.norm": l.Norm, "transformer.ln_f": l.Norm, "embed_out": l.Head, "lm_head": l.Head,
			"blocks.2.mlp.hook_post": b.Out + "." + n.Down + ":in", "model.layers.2.mlp.down_proj": b.Out + "." + n.Down, "transformer.h.2.attn.c_proj": b.Projection,
		}
		if b.Mid != "" {
			same["blocks.2.hook_resid_mid"] = b.Mid
		}
		if n.Q != "" {
			same["blocks.2.attn.hook_v"], same["transformer.h.2.attn.q_proj"] = b.Out+"."+n.V, b.Out+"."+n.Q
		}
		for name, want := range same {
			if got, err := m.Points.Canonical(name); err != nil || got != want {
				t.Errorf("%s: %s is %q (%v), want %q", f.name, name, got, err, want)
			}
		}
		absent := map[string]string{"blocks.2.attn.hook_pattern": b.Attention + ":q0", "blocks.2.attn.hook_rot_k": b.Attention + ":k0", "blocks.2.attn.hook_result": b.Attention + ":h0", "blocks.2.ln1.hook_scale": "no scale"}
		if b.Mid == "" {
			absent["blocks.2.hook_resid_mid"], absent["h.2.resid_mid"] = b.Out, b.Out
		}
		if n.Stream == "" {
			absent["drop"] = l.Embed
		}
		if n.Positions == "" {
			absent["hook_pos_embed"] = l.Embed
		}
		if m.Config.Arch.ByHead {
			absent["blocks.2.attn.hook_q"] = ":q0"
		}
		for name, says := range absent {
			_, err := m.Points.Canonical(name)
			if !strings.Contains(fmt.Sprint(err), says) || strings.Contains(fmt.Sprint(err), "nearest") {
				t.Errorf("%s: %s is %v, want %q", f.name, name, err, says)
			}
		}
		_, err := m.Points.Canonical("blocks.2.hook_nothing")
		if e := (*hooks.UnknownPointError)(nil); !errors.As(err, &e) || slices.ContainsFunc(e.Nearest, func(s string) bool { return strings.Contains(s, "hook_") }) {
			t.Errorf("%s: %v", f.name, err)
		}
		m.Close()
	}
}
