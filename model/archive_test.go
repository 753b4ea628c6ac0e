package model_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

// lengths include one token alone, whose products are computed in another way.
var lengths = []int{1, 2, 14, 64}

// points are where captures are compared, besides the whole of hidden states.
var points = []string{"wte", "drop", "h.0", "h.1.attn", "h.2.mlp", "h.3", "ln_f"}

func open(t *testing.T, path string, o model.Options) *model.Model {
	t.Helper()
	m, err := builtin.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// equalHF compares states, captures and logits with transformers, bit by bit. An
// archive's weights lie on 64-byte boundaries, those of a folder as in its file.
func equalHF(t *testing.T, m *model.Model, dir, attention string, T int) {
	t.Helper()
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	want := reference.Forward(t, reference.Request{Model: dir, IDs: ids, Attention: attention, Capture: points, Aligned: m.Dir != dir})
	h := &hooks.Registry{}
	for _, p := range points {
		h.Capture(p)
	}
	states := []string{m.Layout.Embed}
	for _, b := range m.Layout.Blocks[:len(m.Layout.Blocks)-1] {
		states = append(states, b.Out)
	}
	for _, p := range states {
		h.Capture(p)
	}
	err := m.Hold(context.Background(), func(s model.Session) error {
		run, err := s.Forward(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		for _, p := range points {
			reference.Equal(t, p, floats(t, run.Captured(p)), want["capture."+p])
		}
		for i, p := range append(states, m.Layout.Norm) {
			reference.Equal(t, fmt.Sprintf("hidden %d", i), floats(t, run.Captured(p)), want["hidden"].At(i))
		}
		reference.Equal(t, "logits", floats(t, run.Results[0]), want["model_logits"])
		trunk, err := s.Trunk(ids, nil)
		if err != nil {
			return err
		}
		defer trunk.Close()
		head, err := s.Head(trunk.Results[0])
		if err != nil {
			return err
		}
		defer head.Close()
		reference.Equal(t, "head of trunk", floats(t, head), want["model_logits"])
		before, err := s.Norm(run.Captured("h.3"))
		if err != nil {
			return err
		}
		defer before.Close()
		if len(m.Layout.Blocks) == 4 {
			reference.Equal(t, "norm of the last block", floats(t, before), want["capture.ln_f"])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func floats(t *testing.T, x *torch.Tensor) []float32 {
	t.Helper()
	v, err := model.Floats(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// oneThread runs the test at one thread, as the reference does.
func oneThread(t *testing.T) {
	before := torch.Threads()
	if err := torch.SetThreads(1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { torch.SetThreads(before) })
}

// gpt2Names are what users would give by flags; the sidecar or the layout does for the rest.
var gpt2Names = model.Names{Embed: "transformer.drop", Blocks: "transformer.h.*", Norm: "transformer.ln_f", Head: "lm_head"}

// TestArchives compares archives made in Python, by our script and by hand, with transformers.
func TestArchives(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "4x64-untied")
	live := torch.Live()
	for _, attention := range []string{"sdpa", "eager"} {
		for _, c := range []struct {
			kind  string
			names model.Names
		}{{"trace", model.Names{}}, {"script", model.Names{}}, {"dict", gpt2Names}, {"wrapped", model.Names{}}, {"plain", gpt2Names}} {
			t.Run(c.kind+"/"+attention, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "m.pt")
				reference.Archive(t, c.kind, dir, attention, path)
				m := open(t, path, model.Options{Names: c.names})
				if string(m.Attention) != attention || m.Sizes.Blocks != 4 || m.Sizes.Width != 64 || m.Sizes.Vocab != 1009 || m.Sizes.Context != 256 || len(m.Warnings) > 0 {
					t.Errorf("opened as %+v, %s, warnings %q", m.Sizes, m.Attention, m.Warnings)
				}
				for _, T := range lengths {
					equalHF(t, m, dir, attention, T)
				}
				sameDigest(t, m, dir)
			})
		}
	}
	if n := torch.Live(); n != live {
		t.Errorf("%d tensors and modules are left", n-live)
	}
}

// sameDigest compares the digest of an archive's weights with that of the checkpoint it was made from.
func sameDigest(t *testing.T, m *model.Model, dir string) {
	t.Helper()
	folder := open(t, dir, model.Options{})
	want, err := folder.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Digest(); err != nil || got != want {
		t.Errorf("the digest is %s (%v), that of the checkpoint %s", got, err, want)
	}
}

// TestTiedArchives is the same for a tied head with GPT-2's vocabulary, which tracing hands on as an argument.
func TestTiedArchives(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "12x96")
	for _, c := range []struct{ kind, attention string }{{"trace", "sdpa"}, {"script", "eager"}} {
		path := filepath.Join(t.TempDir(), "m.pt")
		reference.Archive(t, c.kind, dir, c.attention, path)
		m := open(t, path, model.Options{})
		if !m.Tied() {
			t.Errorf("%s: the head is not tied", c.kind)
		}
		unique, modules := m.Parameters()
		if want := int64(50257 * 96); modules-unique != want {
			t.Errorf("%s: the tied head counts %d, want %d", c.kind, modules-unique, want)
		}
		for _, T := range []int{1, 14} {
			equalHF(t, m, dir, c.attention, T)
		}
		sameDigest(t, m, dir)
	}
}

// TestBiasedHead reads a model of other names, whose head has a bias and whose result is a tuple.
func TestBiasedHead(t *testing.T) {
	oneThread(t)
	path := filepath.Join(t.TempDir(), "m.pt")
	reference.Archive(t, "biased", "", "sdpa", path)
	if _, err := model.Open(path, model.Options{}); err == nil || !strings.Contains(err.Error(), "its modules are") || !strings.Contains(err.Error(), "stack.0") {
		t.Errorf("without names: %v", err)
	}
	m := open(t, path, model.Options{Names: model.Names{Embed: "start", Blocks: "stack.*", Norm: "last", Head: "out"}})
	if m.Sizes != (model.Sizes{Vocab: 31, Width: 8, Blocks: 2}) {
		t.Errorf("sizes are %+v", m.Sizes)
	}
	ids := []int64{3, 30, 0, 7}
	want := reference.RunArchive(t, path, ids, 1)
	err := m.Hold(context.Background(), func(s model.Session) error {
		run, err := s.Trunk(ids, nil)
		if err != nil {
			return err
		}
		defer run.Close()
		x, err := s.Head(run.Results[0])
		if err != nil {
			return err
		}
		defer x.Close()
		reference.Equal(t, "logits", floats(t, x), want)
		_, err = s.Block(0, x)
		return err
	})
	if err != model.ErrWhole {
		t.Errorf("a block alone: %v", err)
	}
}

// TestHeadHooks: the trunk of an archive ends before its head, and a hook there
// would act on what is thrown away.
func TestHeadHooks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.pt")
	reference.Archive(t, "biased", "", "sdpa", path)
	m := open(t, path, model.Options{Names: model.Names{Embed: "start", Blocks: "stack.*", Norm: "last", Head: "out"}})
	for point, refused := range map[string]bool{"out": true, "out:in": true, "last": false, "stack.1:in": false, "stack.0.0": false} {
		h := &hooks.Registry{}
		h.Add(point, hooks.Scale(0.5))
		err := m.Hold(context.Background(), func(s model.Session) error {
			run, err := s.Trunk([]int64{1, 2}, h)
			if err == nil {
				run.Close()
			}
			return err
		})
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "has no part in trunk") {
			t.Errorf("a hook at %s: %v", point, err)
		}
	}
}

// TestRefusedArchives opens what cannot serve; the reason is said.
func TestRefusedArchives(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	for _, c := range []struct {
		kind, want string
		o          model.Options
	}{
		{"frozen", "no modules inside it, as after torch.jit.freeze", model.Options{}},
		{"optimized", "no modules inside it, as after torch.jit.freeze", model.Options{}},
		{"state", "has no constants.pkl, as a file of torch.save", model.Options{}},
		{"plain", "cannot be bfloat16: export the model again", model.Options{DType: "bfloat16"}},
		{"doubled", "does not give the model's logits", model.Options{Names: model.Names{Embed: "transformer.drop"}}},
		{"plain", "attention of", model.Options{Attention: model.Eager}},
		{"plain", "no module transformer.ln_g, the final norm", model.Options{Names: model.Names{Norm: "transformer.ln_g"}}},
		{"plain", "write a star", model.Options{Names: model.Names{Blocks: "transformer.h"}}},
		{"plain", "lm_head applied to what h.0.ln_1 returns", model.Options{Names: model.Names{Norm: "transformer.h.0.ln_1"}}},
		{"plain", "not what its name says", model.Options{Names: model.Names{Blocks: "transformer.h.*.attn.c_attn"}}},
		{"plain", "has no weight of shape [V,C]", model.Options{Names: model.Names{Head: "transformer.ln_f"}}},
	} {
		path := filepath.Join(t.TempDir(), "m.pt")
		reference.Archive(t, c.kind, dir, "sdpa", path)
		live := torch.Live()
		m, err := model.Open(path, c.o)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), path, "m.pt"), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s %+v: %v, want %q", c.kind, c.o, err, c.want)
		}
		if n := torch.Live(); n != live {
			t.Errorf("%s: %d tensors and modules are left", c.kind, n-live)
		}
	}
}

// TestHasRun: hooks on a module that has already run would never be called, and are refused.
func TestHasRun(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	path := filepath.Join(t.TempDir(), "m.pt")
	reference.Archive(t, "plain", dir, "sdpa", path)
	m, err := torch.Load(path, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids, err := torch.New([]int64{1, 2}, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	out, err := m.Call("forward", ids)
	if err != nil {
		t.Fatal(err)
	}
	out[0].Close()
	if err := m.Interpose(); err == nil || !strings.Contains(err.Error(), "has already run") {
		t.Errorf("hooks after a run: %v", err)
	}
}
