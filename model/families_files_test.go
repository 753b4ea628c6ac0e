package model_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/checkpoint"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// TestFamilyArchives: a model of every family goes into a TorchScript archive, which
// gives its bits and has its parts, and back into a folder with the same weights.
func TestFamilyArchives(t *testing.T) {
	oneThread(t)
	for _, fam := range families {
		for _, d := range both {
			t.Run(fam.name+"/"+string(d), func(t *testing.T) {
				dir := reference.Model(t, fam.name+"-96")
				m := open(t, dir, model.Options{DType: d})
				path := filepath.Join(t.TempDir(), "m.pt")
				if err := m.Export(path); err != nil {
					t.Fatal(err)
				}
				a := open(t, path, model.Options{})
				if a.Sizes != m.Sizes || a.DType != m.DType || a.Attention != m.Attention || !a.Cached() || !a.Apart() {
					t.Errorf("the archive has %+v in %v, %s; the model %+v in %v, %s", a.Sizes, a.DType, a.Attention, m.Sizes, m.DType, m.Attention)
				}
				if got, want := a.Layout, m.Layout; !reflect.DeepEqual(got, want) {
					t.Errorf("the archive's layout is\n%+v, the model's\n%+v", got, want)
				}
				ask := reference.Request{Model: dir, IDs: reference.IDs(6, 14, m.Sizes.Vocab), Attention: string(m.Attention), DType: string(d), Aligned: true}
				hidden, logits := states(t, a, ask.IDs, nil)
				want := reference.Forward(t, ask)
				reference.Equal(t, "hidden_states", hidden, want["hidden"])
				reference.Equal(t, "logits", logits, want["model_logits"])
				generate(t, a, ask.IDs, 8, 0, -1, nil).equal(t, reference.Generate(t, reference.Generation{Request: ask, New: 8, EndOfText: -1}))

				if d == "float32" {
					reference.Equal(t, "logits in Python", reference.RunArchive(t, path, ask.IDs, 1).Float32, want["model_logits"])
				}

				back := filepath.Join(t.TempDir(), "folder")
				if err := model.Import(path, back, "", model.Names{}); err != nil {
					t.Fatal(err)
				}
				again := open(t, back, model.Options{})
				mine, err := a.Digest()
				if err != nil {
					t.Fatal(err)
				}
				if other, err := again.Digest(); err != nil || other != mine || again.DType != m.DType {
					t.Errorf("the folder has the digest %s in %v, the archive %s (%v)", other, again.DType, mine, err)
				}
			})
		}
	}
}

// TestFamilyShards: weights in several files, and in another type than is computed in.
func TestFamilyShards(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "llama3-96", "--dtype", "bfloat16", "--shard-size", "200KB")
	if files, err := filepath.Glob(filepath.Join(dir, "*.safetensors")); err != nil || len(files) < 3 {
		t.Fatalf("the checkpoint has the files %v: %v", files, err)
	}
	for asked, computes := range map[model.DType]torch.DType{"": torch.BFloat16, model.Auto: torch.BFloat16, "float32": torch.Float32} {
		m := open(t, dir, model.Options{DType: asked})
		if m.DType != computes || len(m.Warnings) > 0 {
			t.Errorf("%q computes in %v, want %v; warnings %q", asked, m.DType, computes, m.Warnings)
		}
		ids := reference.IDs(4, 14, m.Sizes.Vocab)
		hidden, logits := states(t, m, ids, nil)
		want := reference.Forward(t, reference.Request{Model: dir, IDs: ids, DType: computes.String()})
		reference.Equal(t, "hidden_states", hidden, want["hidden"])
		reference.Equal(t, "logits", logits, want["model_logits"])
	}
	if _, err := model.Open(dir, model.Options{DType: "float8"}); err == nil || !strings.Contains(err.Error(), `no type to compute in is called "float8"`) {
		t.Errorf("an unknown type: %v", err)
	}
}

// TestFamilyLayouts: what old checkpoints of a family hold besides is passed over
// without a word, names may lack the class's prefix, and what is missing is named.
func TestFamilyLayouts(t *testing.T) {
	oneThread(t)
	for _, c := range []struct{ name, prefix, lack string }{
		{"neox", "gpt_neox.", "gpt_neox.layers.1.attention.dense.bias"},
		{"llama3", "model.", "model.layers.2.mlp.gate_proj.weight"},
		{"opt", "model.", "model.decoder.layers.0.fc1.bias"}, // what stays is decoder.
		{"phi", "model.", "lm_head.bias"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := reference.Model(t, c.name+"-96")
			ids := reference.IDs(4, 14, 1009)
			want := reference.Forward(t, reference.Request{Model: from, IDs: ids})
			for _, prefixed := range []bool{true, false} {
				dir := t.TempDir()
				rewrite(t, from, dir, func(name string) string {
					if !prefixed {
						return strings.TrimPrefix(name, c.prefix)
					}
					return name
				})
				m := open(t, dir, model.Options{})
				if len(m.Warnings) > 0 {
					t.Errorf("warnings %q", m.Warnings)
				}
				_, logits := states(t, m, ids, nil)
				reference.Equal(t, "logits", logits, want["model_logits"])
			}
			dir := t.TempDir()
			rewrite(t, from, dir, func(name string) string {
				if name == c.lack {
					return ""
				}
				return name
			})
			if _, err := model.Open(dir, model.Options{}); err == nil || !strings.Contains(err.Error(), c.lack) {
				t.Errorf("without %s: %v", c.lack, err)
			}
		})
	}
}

// rewrite copies a checkpoint under other names, "" for none, and adds the masks and
// tables that old versions of transformers stored.
func rewrite(t *testing.T, from, to string, rename func(string) string) {
	t.Helper()
	set, err := checkpoint.OpenDir(from)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var tensors []safetensors.Tensor
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		if new := rename(name); new != "" {
			tensors = append(tensors, safetensors.Tensor{Name: new, DType: e.DType, Shape: e.Shape, Data: set.Reader(e)})
		}
	}
	for _, odd := range []string{"gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.masked_bias", "model.layers.1.self_attn.rotary_emb.inv_freq"} {
		tensors = append(tensors, safetensors.Float32(odd, []int64{1, 2}, []float32{1, 2}))
	}
	if err := safetensors.WriteFile(filepath.Join(to, "model.safetensors"), nil, tensors...); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(from, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
}
