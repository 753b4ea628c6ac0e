package main

import (
	"fmt"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestInterventions: flags do what the library's hooks do.
func TestInterventions(t *testing.T) {
	dir, scratch := tiny(t), t.TempDir()
	m, err := model.Open(dir, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	ids := tok.Encode(text)
	vector := make([]float32, tinyWidth)
	doubles := make([]float64, len(ids)*tinyWidth)
	grid := make([]float32, len(doubles))
	for i := range vector {
		vector[i] = float32(i) / 3
	}
	for i := range doubles {
		doubles[i] = 1 / float64(i+3)
		grid[i] = float32(doubles[i])
	}
	vectorFile := put(t, scratch, "a=b,c.npy", npy("<f4", "False", "16,", vector))
	gridFile := put(t, scratch, "grid.npy", npy("<f8", "False", fmt.Sprintf("%d, %d", len(ids), tinyWidth), doubles))
	v, err := torch.New(vector, tinyWidth)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	g, err := torch.New(grid, int64(len(ids)), tinyWidth)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()

	clean := lensJSON(t, dir, text)
	for _, c := range []struct {
		flags []string
		hooks func(*hooks.Registry)
	}{
		{[]string{"--scale", "h.0=0.8"}, func(h *hooks.Registry) { h.Add("h.0", hooks.Scale(0.8)) }},
		{[]string{"--scale", "h.0=-1e-3", "--scale", "h.1.attn=2"}, func(h *hooks.Registry) {
			h.Add("h.0", hooks.Scale(-1e-3))
			h.Add("h.1.attn", hooks.Scale(2))
		}},
		{[]string{"--zero", "h.1.mlp"}, func(h *hooks.Registry) { h.Add("h.1.mlp", hooks.Zero()) }},
		{[]string{"--zero", "transformer.h.1.mlp"}, func(h *hooks.Registry) { h.Add("h.1.mlp", hooks.Zero()) }},
		{[]string{"--zero", "h.1:in"}, func(h *hooks.Registry) { h.Add("h.1:in", hooks.Zero()) }},
		{[]string{"--add", "h.0=" + vectorFile}, func(h *hooks.Registry) { h.Add("h.0", hooks.Add("v", v)) }},
		{[]string{"--add", "h.0=" + gridFile}, func(h *hooks.Registry) { h.Add("h.0", hooks.Add("g", g)) }},
		{[]string{"--set", "h.0.attn=" + vectorFile}, func(h *hooks.Registry) { h.Add("h.0.attn", hooks.Set("v", v)) }},
		// At one point: set, scale, zero, add, however they are typed.
		{[]string{"--add", "h.0=" + gridFile, "--scale", "h.0=0.5", "--set", "h.0=" + vectorFile}, func(h *hooks.Registry) {
			h.Add("h.0", hooks.Set("v", v))
			h.Add("h.0", hooks.Scale(0.5))
			h.Add("h.0", hooks.Add("g", g))
		}},
	} {
		h := &hooks.Registry{}
		c.hooks(h)
		want, err := lens.Read(t.Context(), m, ids, lens.Options{Hooks: h, Next: true})
		if err != nil {
			t.Fatal(err)
		}
		got := lensJSON(t, dir, append([]string{text, "--target", "next"}, c.flags...)...)
		name := fmt.Sprint(c.flags)
		reference.Equal(t, name+" top_logits", want.TopLogits, got.arrays["top_logits"])
		reference.Equal(t, name+" logsumexp", want.LogSumExp, got.arrays["logsumexp"])
		reference.Equal(t, name+" target_prob", want.Targets.Prob, got.arrays["target_prob"])
		if fmt.Sprint(got.arrays["logsumexp"]) == fmt.Sprint(clean.arrays["logsumexp"]) {
			t.Errorf("%s changes nothing", name)
		}
	}
}
