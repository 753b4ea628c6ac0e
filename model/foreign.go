package model

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model/config"
)

// blockPaths are the paths of the blocks in classes of transformers; "blocks" is
// TransformerLens's.
var blockPaths = []string{"h", "transformer.h", "layers", "model.layers", "gpt_neox.layers", "model.decoder.layers", "blocks"}

// addForeign adds the names that TransformerLens and other families' classes have for points, if a
// name means exactly one point of this model. For names that mean nothing here it registers what
// there is instead. Archives without a configuration get the stream's names only.
func (m *Model) addForeign() {
	var a config.Arch
	if m.Config != nil {
		a = *m.Config.Arch
	}
	l, n := m.Layout, a.Names
	m.name(l.Norm, "ln_f", "norm", "final_layer_norm", "final_layernorm", "model.norm", "gpt_neox.final_layer_norm", "model.decoder.final_layer_norm", "ln_final", "ln_final.hook_normalized")
	m.name(l.Head, "lm_head", "embed_out", "unembed")
	m.Points.Absent("ln_final.hook_scale", "the norm keeps no scale of its own; "+l.Norm+" is what it returns")
	if m.Config != nil {
		m.name(n.Tokens, "wte", "embed_tokens", "embed_in", "model.embed_tokens", "gpt_neox.embed_in", "model.decoder.embed_tokens", "hook_embed")
		m.name(n.Positions, "wpe", "embed_positions", "model.decoder.embed_positions", "hook_pos_embed")
		m.name(n.Stream, "drop", "emb_dropout", "embed_dropout")
	}
	for _, name := range []string{"drop", "emb_dropout", "embed_dropout"} {
		m.Points.Absent(name, "it has no dropout behind its embedding; the residual stream in front of the first block is "+l.Embed)
	}
	for _, name := range []string{"wpe", "embed_positions", "hook_pos_embed"} {
		m.Points.Absent(name, "it adds no embedding of positions; the residual stream in front of the first block is "+l.Embed)
	}
	before := l.Embed
	for i, b := range l.Blocks {
		var paths []string
		for _, path := range blockPaths {
			paths = append(paths, path+"."+strconv.Itoa(i))
		}
		m.nameBlock(b, before, paths, a)
		m.missing(b, paths, n)
		before = b.Out
	}
}

// name adds other names for a point.
func (m *Model) name(point string, names ...string) {
	if base, _, _ := strings.Cut(point, ":"); m.built[base] == nil {
		return
	}
	for _, name := range names {
		m.Points.Foreign(name, point)
	}
}

// nameBlock names the parts of a block. Its number follows each of paths.
func (m *Model) nameBlock(b BlockPoints, before string, paths []string, a config.Arch) {
	n := a.Names
	part := func(name string) string {
		if name == "" {
			return ""
		}
		return b.Out + "." + name
	}
	of := func(mark string) string { // the heads, where the model tells of them
		if m.Points.Heads(b.Attention, strings.Replace(mark, "z", hooks.HeadOut, 1)) > 0 {
			return b.Attention + ":" + mark
		}
		return ""
	}
	all := map[string][]string{
		b.Out:  {"", "resid_post", "hook_resid_post"},
		before: {"resid_pre", "hook_resid_pre"},
		b.Mid:  {"resid_mid", "hook_resid_mid"},
		b.Attn: {"hook_attn_out"},
		b.MLP:  {"hook_mlp_out"},
	}
	for _, attn := range []string{"attn", "self_attn", "attention"} {
		all[b.Attention] = append(all[b.Attention], attn)
		for mark, names := range map[string][]string{"q": {"q_proj", "hook_q"}, "k": {"k_proj", "hook_k"}, "v": {"v_proj", "hook_v"}, "z": {"hook_z"}} {
			for _, name := range names {
				all[of(mark)] = append(all[of(mark)], attn+"."+name)
			}
		}
		for _, name := range []string{"c_proj", "out_proj", "o_proj", "dense"} {
			all[b.Projection] = append(all[b.Projection], attn+"."+name)
		}
	}
	if m.Config != nil {
		mlp := part(n.MLP)
		if mlp == "" {
			mlp = part("mlp")
		}
		all[mlp] = append(all[mlp], "mlp")
		pre, post := part(n.Up), part(n.Down)+":in"
		if n.Gate != "" {
			pre = part(n.Gate)
			all[part(n.Gate)] = append(all[part(n.Gate)], "mlp.gate_proj")
			all[part(n.Up)] = append(all[part(n.Up)], "mlp.up_proj", "mlp.hook_pre_linear")
		} else {
			all[pre] = append(all[pre], "mlp.c_fc", "mlp.fc1", "fc1", "mlp.dense_h_to_4h", "mlp.fc_in")
		}
		all[pre] = append(all[pre], "mlp.hook_pre")
		all[post] = append(all[post], "mlp.hook_post")
		all[part(n.Down)] = append(all[part(n.Down)], "mlp.down_proj", "mlp.c_proj", "mlp.fc2", "fc2", "mlp.dense_4h_to_h", "mlp.fc_out")
		if !a.PostNorm {
			all[part(n.Norm1)] = append(all[part(n.Norm1)], "ln_1", "input_layernorm", "self_attn_layer_norm", "ln1", "ln1.hook_normalized")
			if n.Norm2 != "" && !a.Parallel {
				all[part(n.Norm2)] = append(all[part(n.Norm2)], "ln_2", "ln2", "ln2.hook_normalized")
				all[part(n.Norm2)+":in"] = append(all[part(n.Norm2)+":in"], "hook_mlp_in")
			}
		}
	}
	for point, names := range all {
		if base, input, _ := strings.Cut(point, ":"); input == "in" {
			for _, name := range names {
				m.nameInput(base, paths, name)
			}
			continue
		}
		for _, name := range names {
			for _, path := range paths {
				m.name(point, strings.TrimSuffix(path+"."+name, "."))
			}
		}
	}
}

// nameInput adds another name for the input of a module.
func (m *Model) nameInput(module string, paths []string, name string) {
	if m.built[module] == nil {
		return
	}
	for _, path := range paths {
		m.Points.Foreign(path+"."+name, module+":in")
	}
}

// missing registers, for names in a block that mean nothing here, what there is instead.
func (m *Model) missing(b BlockPoints, paths []string, n config.Names) {
	attn := b.Attention
	patterns := fmt.Sprintf("attention's scores and patterns are made within one operation; %s:q0 and %s:k0 are the query and key of a head, and %s:h0 what it gives", attn, attn, attn)
	apart := fmt.Sprintf("name one head: %s:q0, and k0, v0 and h0", attn)
	norm := "the norm keeps no scale of its own"
	if n.Norm1 != "" {
		norm += fmt.Sprintf("; %s.%s is what the first of the block returns", b.Out, n.Norm1)
	}
	for name, why := range map[string]string{
		"attn.hook_pattern": patterns, "attn.hook_attn_scores": patterns, "attn.hook_attn": patterns,
		"attn.hook_rot_q":  fmt.Sprintf("queries have a point before positions turn them: %s:q0", attn),
		"attn.hook_rot_k":  fmt.Sprintf("keys have a point before positions turn them: %s:k0", attn),
		"attn.hook_result": fmt.Sprintf("what a single head adds to the stream is never computed; %s:h0 is its part in front of the projection", attn),
		"attn.hook_q":      apart, "attn.hook_k": apart, "attn.hook_v": apart, "attn.hook_z": apart,
		"hook_resid_mid": fmt.Sprintf("its attention and MLP are added to the stream together; %s is the stream behind both", b.Out),
		"resid_mid":      fmt.Sprintf("its attention and MLP are added to the stream together; %s is the stream behind both", b.Out),
		"ln1.hook_scale": norm, "ln2.hook_scale": norm,
		"hook_attn_in": apart, "hook_q_input": apart, "hook_k_input": apart, "hook_v_input": apart,
		"hook_mlp_in": fmt.Sprintf("%s is what the MLP adds", b.MLP),
	} {
		for _, path := range paths {
			m.Points.Absent(path+"."+name, why)
		}
	}
}
