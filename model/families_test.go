package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// families are the random models of scripts/reference/families.py. sdpa is false
// where transformers has eager attention only.
var families = []struct {
	name string
	sdpa bool
	// a block's parts in transformers: its attention, and what its MLP adds
	attn, mlp string
}{
	{"gpt2", true, "attn", "mlp"},
	{"gpt2-by-block", true, "attn", "mlp"},
	{"gpt2-unscaled", true, "attn", "mlp"},
	{"phi", true, "self_attn", "mlp"},
	{"phi-shared", true, "self_attn", "mlp"},
	{"neox", true, "attention", "mlp"},
	{"neox-sequential", true, "attention", "mlp"},
	{"llama2", true, "self_attn", "mlp"},
	{"llama3", true, "self_attn", "mlp"},
	{"llama-linear", true, "self_attn", "mlp"},
	{"llama-biased", true, "self_attn", "mlp"},
	{"llama-wide", true, "self_attn", "mlp"},
	{"mistral", true, "self_attn", "mlp"},
	{"mistral-whole", true, "self_attn", "mlp"},
	{"qwen2", true, "self_attn", "mlp"},
	{"qwen2-window", true, "self_attn", "mlp"},
	{"qwen3", true, "self_attn", "mlp"},
	{"opt", true, "self_attn", "fc2"},
	{"opt-projected", true, "self_attn", "fc2"},
	{"gptj", false, "attn", "mlp"},
	{"gptneo", false, "attn", "mlp"},
	{"gemma2", false, "self_attn", "mlp"},
	{"gemma3", true, "self_attn", "mlp"},
}

// eachFamily runs f on every family in a size, in every dtype and attention.
func eachFamily(t *testing.T, size string, dtypes []model.DType, f func(t *testing.T, dir string, m *model.Model, ask reference.Request)) {
	for _, fam := range families {
		dir := reference.Model(t, fam.name+"-"+size)
		for _, d := range dtypes {
			for _, a := range []model.Attention{model.SDPA, model.Eager} {
				if a == model.SDPA && !fam.sdpa {
					continue
				}
				t.Run(fmt.Sprintf("%s-%s/%s/%s", fam.name, size, d, a), func(t *testing.T) {
					m := open(t, dir, model.Options{Attention: a, DType: d})
					f(t, dir, m, reference.Request{Model: dir, Attention: string(a), DType: string(d)})
				})
			}
		}
	}
}

var both = []model.DType{"float32", "bfloat16"}

// states runs a model and returns Hugging Face's hidden_states [L+1,T,C] and the
// logits [T,V].
func states(t *testing.T, m *model.Model, ids []int64, h *hooks.Registry) (hidden, logits []float32) {
	t.Helper()
	h = h.Clone()
	points := []string{m.Layout.Embed}
	for _, b := range m.Layout.Blocks[:len(m.Layout.Blocks)-1] {
		points = append(points, b.Out)
	}
	for _, p := range append(points, m.Layout.Norm) {
		h.Capture(p)
	}
	err := m.Hold(context.Background(), func(s model.Session) error {
		run, err := s.Forward(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		for _, p := range append(points, m.Layout.Norm) {
			hidden = append(hidden, floats(t, run.Captured(p))...)
		}
		logits = floats(t, run.Results[0])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return hidden, logits
}

// TestFamilies compares every state and the logits of every family with
// transformers, bit by bit: prompts on both sides of windows and of where matrix
// libraries change their order of summation, one thread and two.
func TestFamilies(t *testing.T) {
	before := torch.Threads()
	defer torch.SetThreads(before)
	for _, size := range []string{"96", "480"} {
		eachFamily(t, size, both, func(t *testing.T, dir string, m *model.Model, ask reference.Request) {
			for _, c := range []struct{ T, threads int }{{1, 1}, {2, 1}, {14, 1}, {40, 1}, {40, 2}, {257, 1}} {
				if err := torch.SetThreads(c.threads); err != nil {
					t.Fatal(err)
				}
				ids := reference.IDs(uint64(c.T), c.T, m.Sizes.Vocab)
				hidden, logits := states(t, m, ids, nil)
				ask.IDs, ask.Threads = ids, c.threads
				want := reference.Forward(t, ask)
				name := fmt.Sprintf("T=%d, %d threads: ", c.T, c.threads)
				reference.Equal(t, name+"hidden_states", hidden, want["hidden"])
				reference.Equal(t, name+"logits", logits, want["model_logits"])
			}
		})
	}
}

// TestFamiliesHalf compares float16, in which transformers runs a checkpoint that is
// stored so.
func TestFamiliesHalf(t *testing.T) {
	oneThread(t)
	eachFamily(t, "96", []model.DType{"float16"}, func(t *testing.T, dir string, m *model.Model, ask reference.Request) {
		for _, T := range []int{1, 2, 14} {
			ask.IDs = reference.IDs(uint64(T), T, m.Sizes.Vocab)
			hidden, logits := states(t, m, ask.IDs, nil)
			want := reference.Forward(t, ask)
			reference.Equal(t, fmt.Sprintf("T=%d: hidden_states", T), hidden, want["hidden"])
			reference.Equal(t, fmt.Sprintf("T=%d: logits", T), logits, want["model_logits"])
		}
		generate(t, m, ask.IDs, 24, 0, -1, nil).equal(t, reference.Generate(t, reference.Generation{Request: ask, New: 24, EndOfText: -1}))
	})
}

// TestFamilyHooks compares hooks at blocks, attention and MLP with PyTorch's
// forward hooks.
func TestFamilyHooks(t *testing.T) {
	oneThread(t)
	eachFamily(t, "96", both, func(t *testing.T, dir string, m *model.Model, ask reference.Request) {
		fam := families[0]
		for _, f := range families {
			if strings.HasPrefix(t.Name(), "TestFamilyHooks/"+f.name+"-96/") {
				fam = f
			}
		}
		ask.IDs = reference.IDs(14, 14, m.Sizes.Vocab)
		_, plain := states(t, m, ask.IDs, nil)
		blocks := strings.TrimSuffix(m.Layout.Blocks[0].Out, "0")
		for point, theirs := range map[string]string{"h.0": blocks + "0", "h.2.attn": blocks + "2." + fam.attn, "h.1.mlp": blocks + "1." + fam.mlp} {
			h := &hooks.Registry{}
			h.Add(point, hooks.Scale(0.8))
			hidden, logits := states(t, m, ask.IDs, h)
			ask.Interventions = []reference.Intervention{reference.Scale(theirs, 0.8)}
			want := reference.Forward(t, ask)
			reference.Equal(t, point+": hidden_states", hidden, want["hidden"])
			reference.Equal(t, point+": logits", logits, want["model_logits"])
			if slices.Equal(logits, plain) {
				t.Errorf("%s: the hook changes nothing", point)
			}
		}
	})
}

// TestFamilyHeads: a head is its columns of what the projection behind the attention
// reads, also where heads are not as wide as C over their number.
func TestFamilyHeads(t *testing.T) {
	oneThread(t)
	for name, point := range map[string]string{"phi-shared": "layers.1.self_attn", "neox": "layers.1.attention", "llama3": "layers.1.self_attn",
		"qwen3": "layers.1.self_attn", "opt": "layers.1.self_attn", "gptj": "h.1.attn"} {
		t.Run(name, func(t *testing.T) {
			dir := reference.Model(t, name+"-96")
			m := open(t, dir, model.Options{})
			ids := reference.IDs(3, 14, m.Sizes.Vocab)
			_, plain := states(t, m, ids, nil)
			for _, head := range []int{0, 5} {
				h := &hooks.Registry{}
				h.Add(fmt.Sprintf("h.1.attn:h%d", head), hooks.Scale(0.3))
				_, got := states(t, m, ids, h)
				ref := reference.Sweep{Model: dir, Threads: 1, Attention: string(m.Attention)}
				want := ref.Intervene(t, [][]int64{ids}, []reference.Change{{"kind": "scale", "factor": 0.3, "point": point, "head": head}})
				reference.Equal(t, "logits", got, want["logits"])
				if slices.Equal(got, plain) {
					t.Errorf("head %d changes nothing", head)
				}
			}
		})
	}
}

// TestFamilyBlocks: the blocks one by one give the bits of a whole run.
func TestFamilyBlocks(t *testing.T) {
	eachFamily(t, "96", both, func(t *testing.T, dir string, m *model.Model, ask reference.Request) {
		ids := reference.IDs(3, 14, m.Sizes.Vocab)
		h := &hooks.Registry{}
		h.Capture(m.Layout.Embed)
		err := m.Hold(context.Background(), func(s model.Session) error {
			whole, err := s.Trunk(ids, h)
			if err != nil {
				return err
			}
			defer whole.Close()
			run, err := s.Resume(0, whole.Captured(m.Layout.Embed), nil)
			if err != nil {
				return err
			}
			defer run.Close()
			reference.Equal(t, "trunk", floats(t, run.Results[0]), reference.Array{Float32: floats(t, whole.Results[0])})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestFamilyGenerate compares 32 greedy steps behind prompts on both sides of the
// windows with transformers' generate.
func TestFamilyGenerate(t *testing.T) {
	oneThread(t)
	eachFamily(t, "96", both, func(t *testing.T, dir string, m *model.Model, ask reference.Request) {
		for _, T := range []int{1, 5, 14} {
			ask.IDs = reference.IDs(uint64(T), T, m.Sizes.Vocab)
			generate(t, m, ask.IDs, 32, 0, -1, nil).equal(t, reference.Generate(t, reference.Generation{Request: ask, New: 32, EndOfText: -1}))
		}
	})
}

// TestFamilyBatch: several prompts in one run have the bits of PyTorch's batch.
func TestFamilyBatch(t *testing.T) {
	oneThread(t)
	const B, T = 3, 14
	for _, name := range []string{"phi-shared", "neox", "llama3", "mistral", "opt-projected", "gptj", "gptneo", "gemma2", "gemma3"} {
		t.Run(name, func(t *testing.T) {
			dir := reference.Model(t, name+"-96")
			m := open(t, dir, model.Options{})
			var batch [][]int64
			var stream, got []float32
			for b := range B {
				batch = append(batch, reference.IDs(uint64(b), T, m.Sizes.Vocab))
			}
			err := m.Hold(context.Background(), func(s model.Session) error {
				for _, ids := range batch {
					x, err := s.Embed(ids)
					if err != nil {
						return err
					}
					stream = append(stream, floats(t, x)...)
					x.Close()
				}
				x, err := torch.New(stream, B, T, int64(m.Sizes.Width))
				if err != nil {
					return err
				}
				defer x.Close()
				run, err := s.Resume(0, x, nil)
				if err != nil {
					return err
				}
				defer run.Close()
				y, err := s.Head(run.Results[0])
				if err != nil {
					return err
				}
				defer y.Close()
				got = floats(t, y)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			ref := reference.Sweep{Model: dir, Threads: 1, Attention: string(m.Attention)}
			reference.Equal(t, "logits", got, ref.Intervene(t, batch, nil)["logits"])
		})
	}
}
