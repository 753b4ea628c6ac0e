package main

import (
	"path/filepath"
	"strconv"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/synthetic"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/torch"
)

// TestExact follows a text through the whole program, tokens to files, and compares
// the files' arrays with transformers', bit by bit. The checkpoint has no vocabulary
// of its own: GPT-2's is used.
func TestExact(t *testing.T) {
	const prompt = "The way you do anything is the way you do everything"
	ids := []int64{464, 835, 345, 466, 1997, 318, 262, 835, 345, 466, 2279}
	steer := make([]float32, 96)
	for i := range steer {
		steer[i] = float32(i%5) - 1.75
	}
	dir := t.TempDir()
	npyFile := put(t, dir, "steer.npy", synthetic.NPY("<f4", "False", "96,", steer))
	for _, c := range []struct {
		name string
		args []string
		want reference.Request
	}{
		{"plain", nil, reference.Request{}},
		{"normed eager next", []string{"--lens", "normed", "--attention", "eager", "--target", "next", "--top", "9"},
			reference.Request{Lens: "normed", Attention: "eager", Next: true, Top: 9}},
		{"raw words", []string{"--lens", "raw", "--target-id", "1997,318", "--positions", "3,-1", "--layers", "4..6", "--at", "mlp", "--logits"},
			reference.Request{Lens: "raw", At: "mlp", Rows: []int{4, 5, 6}, Positions: []int{3, -1}, Targets: []int64{1997, 318}, TargetPositions: []int{3, -1}, Logits: true}},
		{"interventions", []string{"--scale", "h.3=0.8", "--zero", "transformer.h.5.mlp", "--add", "h.1.attn=" + npyFile, "--set", "h.2.mlp=" + npyFile, "--target", "next"},
			reference.Request{Next: true, Interventions: []reference.Intervention{reference.Set("h.2.mlp", steer, 96), reference.Scale("h.3", 0.8),
				reference.Zero("h.5.mlp"), reference.Add("h.1.attn", steer, 96)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			want.Model, want.IDs, want.Threads = reference.Model(t, "12x96"), ids, torch.Threads()
			arrays := reference.Lens(t, want)
			out := filepath.Join(dir, strconv.Quote(c.name)+".npz")
			d := lensJSON(t, want.Model, append([]string{prompt, "--npz", out, "--hidden"}, c.args...)...)
			z := readNPZ(t, read(t, out), "")
			compared := 0
			for _, f := range data.Fields {
				name := f.Name
				if name == "hidden" && want.At != "" {
					name = "states" // what was read, where that is not the stream
				}
				expected, ok := arrays[name]
				if _, has := d.arrays[f.Name]; has != ok && f.Name != "positions" {
					t.Errorf("%s: in the reference %v, in JSON %v", f.Name, ok, has)
				}
				if ok {
					compared++
					reference.EqualArrays(t, f.Name+" in JSON", d.arrays[f.Name], expected)
					reference.EqualArrays(t, f.Name+" in NPZ", z[f.Name], expected)
				}
			}
			if compared < 10 {
				t.Errorf("only %d arrays were compared", compared)
			}
		})
	}
}
