package model_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// made is what a greedy generation gives: the arrays of reference.Generate that
// are no lens.
type made struct {
	sequence []int64
	logits   []float32   // [n,V]
	hidden   [][]float32 // for each state [T+n-1,C]
}

// generate decodes greedily until n tokens have come or end has.
func generate(t *testing.T, m *model.Model, ids []int64, n, minLength int, end int64, h *hooks.Registry) made {
	t.Helper()
	out := made{sequence: append([]int64(nil), ids...), hidden: make([][]float32, len(m.Layout.Blocks)+1)}
	g := model.NewGenerationConfig()
	if g.MinLength = minLength; end >= 0 {
		g.EOS = []int64{end}
	}
	c, err := model.NewChooser(g, len(ids))
	if err != nil {
		t.Fatal(err)
	}
	h = h.Clone()
	points := []string{m.Layout.Embed}
	for _, b := range m.Layout.Blocks[:len(m.Layout.Blocks)-1] {
		points = append(points, b.Out)
	}
	for _, p := range points {
		h.Capture(p)
	}
	err = m.Hold(context.Background(), func(s model.Session) error {
		d, run, err := s.Begin(ids, h)
		if err != nil {
			return err
		}
		defer d.Close()
		for range n {
			for i, p := range points {
				out.hidden[i] = append(out.hidden[i], floats(t, run.Captured(p))...)
			}
			out.hidden[len(points)] = append(out.hidden[len(points)], floats(t, run.Results[0])...)
			x, err := s.NextLogits(run)
			run.Close()
			if err != nil {
				return err
			}
			out.logits = append(out.logits, floats(t, x)...)
			id, err := c.Choose(x, out.sequence)
			x.Close()
			if err != nil {
				return err
			}
			if out.sequence = append(out.sequence, id); id == end || len(out.sequence) == len(ids)+n {
				return nil
			}
			if run, err = s.Step(d, id, h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (g made) equal(t *testing.T, want reference.Arrays) {
	t.Helper()
	reference.Equal(t, "sequence", g.sequence, want["sequence"])
	reference.Equal(t, "logits", g.logits, want["logits"])
	var hidden []float32
	for _, h := range g.hidden {
		hidden = append(hidden, h...)
	}
	reference.Equal(t, "hidden", hidden, want["hidden"])
}

// TestGenerate compares 64 greedy steps with transformers' generate: the tokens,
// every state of every step and the logits, bit by bit.
func TestGenerate(t *testing.T) {
	before := torch.Threads()
	defer torch.SetThreads(before)
	for _, preset := range []string{"12x96", "4x64-untied", "3x768"} {
		dir := reference.Model(t, preset)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, model.Options{Attention: a})
			for _, threads := range []int{1, 2} {
				for _, T := range []int{1, 14} {
					t.Run(fmt.Sprintf("%s/%s/threads=%d/T=%d", preset, a, threads, T), func(t *testing.T) {
						if err := torch.SetThreads(threads); err != nil {
							t.Fatal(err)
						}
						ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
						ask := reference.Generation{Request: reference.Request{Model: dir, IDs: ids, Attention: string(a), Threads: threads}, New: 64, EndOfText: -1}
						live := torch.Live()
						got := generate(t, m, ids, 64, 0, -1, nil)
						if n := torch.Live(); n > live+2 { // what makes choices stays
							t.Errorf("%d tensors are left", n-live)
						}
						got.equal(t, reference.Generate(t, ask))
					})
				}
			}
		}
	}
}

// TestMinLength: end-of-text is forbidden until there are so many tokens, and ends
// the text then.
func TestMinLength(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "12x96")
	m := open(t, dir, model.Options{})
	ids := reference.IDs(4, 6, m.Sizes.Vocab)
	free := generate(t, m, ids, 20, 0, -1, nil)
	end := free.sequence[len(ids)+3] // what would be the fourth token, taken for the end of text
	for _, least := range []int{0, 5, 12, 26} {
		t.Run(fmt.Sprint(least), func(t *testing.T) {
			got := generate(t, m, ids, 20, least, end, nil)
			want := reference.Generate(t, reference.Generation{Request: reference.Request{Model: dir, IDs: ids}, New: 20, MinLength: least, EndOfText: end})
			got.equal(t, want)
			if n := len(got.sequence); n < least {
				t.Errorf("the text has %d tokens, at least %d were asked for", n, least)
			}
		})
	}
}

// TestOwnEnd: the folder's generation_config.json names the tokens that end a text,
// before config.json does.
func TestOwnEnd(t *testing.T) {
	oneThread(t)
	source, dir := reference.Model(t, "4x64-untied"), t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors"} {
		if err := os.Symlink(filepath.Join(source, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	m := open(t, dir, model.Options{})
	if g, err := m.GenerationConfig(); err != nil || !slices.Equal(g.EOS, []int64{1008}) || g.File != "config.json" {
		t.Fatalf("the model's own end: %+v, %v", g, err)
	}
	ids := reference.IDs(4, 6, m.Sizes.Vocab)
	end := generate(t, m, ids, 8, 0, -1, nil).sequence[len(ids)+4]
	text := fmt.Sprintf(`{"eos_token_id": [1000, %d, 50256]}`, end)
	if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if g, err := m.GenerationConfig(); err != nil || !slices.Equal(g.EOS, []int64{1000, end, 50256}) || g.File != "generation_config.json" {
		t.Errorf("the tokens that end a text: %+v, %v", g, err)
	}
	want := reference.Generate(t, reference.Generation{Request: reference.Request{Model: dir, IDs: ids}, New: 20, EndOfText: -1, OwnEnd: true})
	if n := len(want["sequence"].Int64); n >= len(ids)+20 {
		t.Fatalf("transformers does not end at %d: %d tokens", end, n)
	}
	generate(t, m, ids, 20, 0, end, nil).equal(t, want)
}

// TestGenerateHooks: interventions act in every step, and states show them.
func TestGenerateHooks(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "4x64-untied")
	for _, a := range []model.Attention{model.SDPA, model.Eager} {
		m := open(t, dir, model.Options{Attention: a})
		ids := reference.IDs(2, 7, m.Sizes.Vocab)
		for _, point := range []string{"h.1", "h.1.attn", "h.2.mlp", "h.0.ln_1", "wte", "h.2.attn.c_attn", "ln_f"} {
			h := &hooks.Registry{}
			h.Add(point, hooks.Scale(0.8))
			got := generate(t, m, ids, 12, 0, -1, h)
			got.equal(t, reference.Generate(t, reference.Generation{New: 12, EndOfText: -1, Request: reference.Request{
				Model: dir, IDs: ids, Attention: string(a), Interventions: []reference.Intervention{reference.Scale(point, 0.8)}}}))
		}
	}
}

// TestGenerateArchive: an archive of our own has the cached step, and the bits of
// transformers with weights where an archive has them; another one's steps read the whole text.
func TestGenerateArchive(t *testing.T) {
	oneThread(t)
	dir := reference.Model(t, "4x64-untied")
	ids := reference.IDs(9, 5, 1009)
	for _, a := range []model.Attention{model.SDPA, model.Eager} {
		path := filepath.Join(t.TempDir(), "m.pt")
		m := open(t, dir, model.Options{Attention: a})
		if err := m.Export(path); err != nil {
			t.Fatal(err)
		}
		own := open(t, path, model.Options{})
		if !own.Cached() {
			t.Fatal("an archive of our own has no cached step")
		}
		want := reference.Generate(t, reference.Generation{New: 64, EndOfText: -1, Request: reference.Request{
			Model: dir, IDs: ids, Attention: string(a), Aligned: true}})
		generate(t, own, ids, 64, 0, -1, nil).equal(t, want)
	}
}
