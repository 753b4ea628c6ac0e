package lens_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// TestFamilies compares the three lenses of every family with PyTorch, bit by bit, in
// float32 and bfloat16: heads with a bias, within a bound and behind a projection,
// and statistics in float32 whatever the model computes in.
func TestFamilies(t *testing.T) {
	for _, name := range []string{"phi", "neox", "neox-sequential", "llama3", "mistral", "qwen2", "qwen3", "opt", "opt-projected", "gptj", "gptneo", "gemma2", "gemma3"} {
		dir := reference.Model(t, name+"-96")
		for _, d := range []model.DType{"float32", "bfloat16"} {
			m, err := model.Open(dir, model.Options{DType: d})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close() })
			for _, kind := range []lens.Projection{lens.Notebook, lens.Raw, lens.Normed} {
				if name == "opt-projected" && kind == lens.Normed {
					continue // it has no final norm
				}
				for _, T := range []int{1, 14} {
					t.Run(fmt.Sprintf("%s/%s/%s/T=%d", name, d, kind.Name(), T), func(t *testing.T) {
						withThreads(t, 1, func(t *testing.T) {
							compareFamily(t, m, reference.Request{Model: dir, DType: string(d), Lens: kind.Name()}, T)
						})
					})
				}
			}
		}
	}
}

func compareFamily(t *testing.T, m *model.Model, ask reference.Request, T int) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	ask.IDs, ask.Attention, ask.Threads, ask.Next, ask.Top, ask.Logits = ids, string(m.Attention), 1, true, 7, true
	want := reference.Lens(t, ask)
	got, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: lensOf(t, ask.Lens), Next: true, Top: 7, Logits: true, Hidden: true, Stats: stats})
	if err != nil {
		t.Fatal(err)
	}
	equalResult(t, got, want)
	reference.Equal(t, "hidden", got.Hidden, want["hidden"])
	reference.Equal(t, "logits", got.Logits, want["logits"])
	if got.Manifest.DType != ask.DType {
		t.Errorf("the manifest says %s", got.Manifest.DType)
	}
	for _, at := range []lens.Site{lens.Attn, lens.MLP, lens.ResidMid} {
		if at == lens.ResidMid && m.Layout.Blocks[0].Mid == "" || ask.Lens != "raw" || m.Family() == "opt" && at == lens.ResidMid {
			continue // there is no such state, or PyTorch's class does not show it
		}
		ask.At = string(at)
		want := reference.Lens(t, ask)
		got, err := lens.Read(context.Background(), m, ids, lens.Options{Projection: lens.Raw, At: at, Next: true, Top: 7, Hidden: true})
		if err != nil {
			t.Fatal(err)
		}
		equalResult(t, got, want)
		reference.Equal(t, string(at)+": states", got.Hidden, want["states"])
	}
}

// TestFamiliesGenerate compares the lens of every step of a generation.
func TestFamiliesGenerate(t *testing.T) {
	for _, name := range []string{"phi", "llama3", "mistral", "opt-projected", "gemma2"} {
		dir := reference.Model(t, name+"-96")
		for _, d := range []model.DType{"float32", "bfloat16"} {
			t.Run(name+"/"+string(d), func(t *testing.T) {
				m, err := model.Open(dir, model.Options{DType: d})
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				withThreads(t, 1, func(t *testing.T) {
					ids := reference.IDs(5, 5, m.Sizes.Vocab)
					want := reference.Generate(t, reference.Generation{New: 10, EndOfText: -1, Request: reference.Request{
						Model: dir, IDs: ids, Attention: string(m.Attention), DType: string(d), Threads: 1, Lens: "notebook", Top: 3}})
					g, err := lens.Generate(context.Background(), m, ids, lens.GenerateOptions{MaxNew: 10, NoEnd: true,
						Lens: lens.Options{Top: 3, Next: true, Hidden: true}}, nil)
					if err != nil {
						t.Fatal(err)
					}
					equalGeneration(t, g, want)
				})
			})
		}
	}
}

// lensOf returns the lens of a name.
func lensOf(t *testing.T, name string) lens.Projection {
	t.Helper()
	p, err := lens.ProjectionOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
