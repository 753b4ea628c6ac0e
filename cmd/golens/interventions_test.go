package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/internal/synthetic"
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
	vectorFile := put(t, scratch, "a=b,c.npy", synthetic.NPY("<f4", "False", "16,", vector))
	gridFile := put(t, scratch, "grid.npy", synthetic.NPY("<f8", "False", fmt.Sprintf("%d, %d", len(ids), tinyWidth), doubles))
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

	// What another prompt has at h.0, and the mean over two texts.
	const other = "of the cat"
	textsFile := put(t, scratch, "texts.txt", []byte(other+"\r\n\nthe the\n"))
	patched, mean := captured(t, m, tok.Encode(other), "h.0"), make([]float64, tinyWidth)
	longer := captured(t, m, tok.Encode(other+" on"), "h.1")
	n := 0
	for _, line := range []string{other, "the the"} {
		x := captured(t, m, tok.Encode(line), "h.0")
		values, err := torch.Values[float32](x)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			mean[i%tinyWidth] += float64(v)
		}
		n += len(values) / tinyWidth
	}
	for i := range vector {
		vector[i] = float32(mean[i] / float64(n))
	}
	meanOf, err := torch.New(vector, tinyWidth)
	if err != nil {
		t.Fatal(err)
	}
	defer meanOf.Close()

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
		{[]string{"--mean", "h.1@0,2"}, func(h *hooks.Registry) { h.Add("h.1", hooks.Mean().At(hooks.At(0, 2))) }},
		{[]string{"--noise", "h.1=0.5,7", "--noise", "h.0@last=0.25"}, func(h *hooks.Registry) {
			h.Add("h.1", hooks.Noise(0.5, 7))
			h.Add("h.0", hooks.Noise(0.25, 0).At(hooks.Last))
		}},
		{[]string{"--project-out", "h.0=" + vectorFile}, func(h *hooks.Registry) { h.Add("h.0", hooks.ProjectOut("v", v)) }},
		{[]string{"--add", "h.0@-2..=" + vectorFile + "*-1.5"}, func(h *hooks.Registry) { h.Add("h.0", hooks.AddTimes("v", v, -1.5).At(hooks.At(-2, -1))) }},
		{[]string{"--skip", "h.1"}, func(h *hooks.Registry) { h.Add("h.1", hooks.Skip()) }},
		{[]string{"--zero", "h.1.attn:h1@last"}, func(h *hooks.Registry) { h.Add("h.1.attn:h1", hooks.Zero().At(hooks.Last)) }},
		{[]string{"--patch", "h.0@1:0=" + other}, func(h *hooks.Registry) { h.Add("h.0", hooks.Patch("other", patched, hooks.At(0), hooks.At(1))) }},
		{[]string{"--patch", "h.1@last=" + other + " on"}, func(h *hooks.Registry) { h.Add("h.1", hooks.Patch("other", longer, hooks.Last, hooks.Last)) }},
		{[]string{"--patch", "h.1@2 from h.0@1=" + other}, func(h *hooks.Registry) { h.Add("h.1", hooks.Patch("other", patched, hooks.At(1), hooks.At(2))) }},
		{[]string{"--patch", "model.layers.1@-1 from transformer.h.0=" + other}, func(h *hooks.Registry) { h.Add("h.1", hooks.Patch("other", patched, hooks.Positions{}, hooks.Last)) }},
		{[]string{"--scale", "h.0..1.mlp@last=3"}, func(h *hooks.Registry) {
			h.Add("h.0.mlp", hooks.Scale(3).At(hooks.Last))
			h.Add("h.1.mlp", hooks.Scale(3).At(hooks.Last))
		}},
		{[]string{"--zero", "blocks.1.attn.hook_v"}, func(h *hooks.Registry) {
			for i := range m.Sizes.Heads {
				h.Add(fmt.Sprintf("h.1.attn:v%d", i), hooks.Zero())
			}
		}},
		{[]string{"--mean", "h.0@1=" + textsFile}, func(h *hooks.Registry) { h.Add("h.0", hooks.Set("mean", meanOf).At(hooks.At(1))) }},
		// At one point in an order of their own, however they are typed.
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

// TestPatchEachLength patches prompts of several lengths from one text: each prompt has the
// numbers of a run of its own, and the end is the end of both texts.
func TestPatchEachLength(t *testing.T) {
	dir, scratch := tiny(t), t.TempDir()
	prompts := []string{"the", "the cat sat", "the dog and the cat and", "a cat"}
	const from = "=the dog on the cat"
	var lines strings.Builder
	for _, p := range prompts {
		fmt.Fprintf(&lines, "{\"prompt\": %q}\n", p)
	}
	file := put(t, scratch, "p.jsonl", []byte(lines.String()))
	for _, place := range []string{"h.1@last", "h.0@-1", "h.1@last from h.0", "h.1.attn:h1@last", "h.0@last:0"} {
		for _, command := range [][]string{{"lens"}, {"generate", "--max-new", "3", "--no-end"}} {
			with := func(args ...string) []string {
				return append(append(slices.Clone(command), args...), "--model", dir, "--patch", place+from, "--target", "next", "--json", "-")
			}
			var got []string
			for line := range strings.Lines(good(t, with("--prompts", file)...)) {
				got = append(got, line)
			}
			if len(got) != len(prompts) {
				t.Fatalf("%s %s: %d results of %d prompts", command[0], place, len(got), len(prompts))
			}
			for i, p := range prompts {
				own, want := readJSON(t, got[i]).arrays, readJSON(t, good(t, with(p)...)).arrays
				for _, name := range []string{"ids", "top_logits", "logsumexp", "target_prob"} {
					reference.EqualArrays(t, fmt.Sprintf("%s %s %q %s", command[0], place, p, name), own[name], want[name])
				}
			}
		}
	}
	got := golens(t, "lens", "--prompts", file, "--model", dir, "--patch", "h.1@0:99"+from)
	if got.code == 0 || !strings.Contains(got.stderr, "position 99") {
		t.Errorf("a position that the other text lacks: %d %s", got.code, got.stderr)
	}
}

// captured returns what a run has at a point.
func captured(t *testing.T, m *model.Model, ids []int64, point string) *torch.Tensor {
	t.Helper()
	var out *torch.Tensor
	err := m.Hold(context.Background(), func(s model.Session) error {
		h := &hooks.Registry{}
		h.Capture(point)
		run, err := s.Forward(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		out = run.Take(point)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

// TestBadInterventions: what cannot be meant is refused in one sentence.
func TestBadInterventions(t *testing.T) {
	dir, scratch := tiny(t), t.TempDir()
	wide := put(t, scratch, "wide.npy", synthetic.NPY("<f4", "False", "17,", make([]float32, 17)))
	zero := put(t, scratch, "zero.npy", synthetic.NPY("<f4", "False", "16,", make([]float32, 16)))
	empty := put(t, scratch, "empty.txt", []byte("\n \n"))
	for _, b := range []struct {
		flags []string
		code  int
		says  []string
	}{
		{[]string{"--scale", "h.0@9=2"}, 1, []string{"there is no position 9"}},
		{[]string{"--scale", "h.0@x=2"}, 2, []string{"--scale h.0@x=2", "positions"}},
		{[]string{"--scale", "h.0@0:1=2"}, 2, []string{"--patch only"}},
		{[]string{"--zero", "h.0.attn:h9"}, 2, []string{"there is no head", ":h0 to :h"}},
		{[]string{"--zero", "h.0.mlp:h0"}, 2, []string{"there are no heads"}},
		{[]string{"--zero", "h.0=1"}, 2, []string{"--zero h.0=1", "write POINT"}},
		{[]string{"--mean", "h.0="}, 2, []string{"--mean h.0=", "POINT=FILE"}},
		{[]string{"--mean", "h.0=/nosuch.txt"}, 1, []string{"--mean h.0=/nosuch.txt", "no such file"}},
		{[]string{"--mean", "h.0=" + empty}, 1, []string{"holds no text"}},
		{[]string{"--noise", "h.0=-1"}, 2, []string{"--noise h.0=-1", "not negative"}},
		{[]string{"--noise", "h.0=NaN"}, 2, []string{"finite"}},
		{[]string{"--noise", "h.0=1,x"}, 2, []string{"seed"}},
		{[]string{"--project-out", "h.0=" + zero}, 1, []string{"--project-out", "zero"}},
		{[]string{"--project-out", "h.0=" + wide}, 1, []string{"[17]", "16 wide"}},
		{[]string{"--add", "h.0.attn:h0=" + zero}, 1, []string{"[16]", "h.0.attn:h0", "4 wide"}},
		{[]string{"--patch", "h.0=the"}, 1, []string{"say which take the place of which"}},
		{[]string{"--patch", "h.0@0 from h.9=the"}, 2, []string{"--patch h.0@0 from h.9=the", "no hook point", "h.9"}},
		{[]string{"--patch", "h.0@0:1 from h.1=the"}, 2, []string{"given twice"}},
		{[]string{"--patch", "h.0@0 from h.0.attn:h1=the"}, 2, []string{"4 wide", "16"}},
		{[]string{"--patch", "h.0@9 from 0=the"}, 1, []string{"there is no position 9"}},
		{[]string{"--scale", "h.0 from h.1=2"}, 2, []string{"--patch only"}},
		{[]string{"--scale", "h.1..0=2"}, 2, []string{"lower number first"}},
		{[]string{"--zero", "h.0..9"}, 2, []string{"h.2"}},
		{[]string{"--noise", "h.0=1,0..3"}, 2, []string{"seed"}},
		{[]string{"--zero", "blocks.0.attn.hook_pattern"}, 2, []string{"h.0.attn:q0"}},
		{[]string{"--patch", "h.0"}, 2, []string{"write POINT=TEXT"}},
		{[]string{"--skip", "h.0.mlp"}, 2, []string{"only a block can be skipped", "--zero"}},
		{[]string{"--skip", "ln_f"}, 2, []string{"only a block can be skipped"}},
		{[]string{"--zero", "h.0", "--mean", "transformer.h.0@last"}, 2, []string{"zero", "mean", "conflict", "h.0"}},
		{[]string{"--zero", "h.0", "--zero", "h.0"}, 2, []string{"conflict"}},
		{[]string{"--mean", "lm_head"}, 2, []string{"lm_head", "ln_f"}},
	} {
		got := golens(t, append([]string{"lens", text, "--model", dir}, b.flags...)...)
		t.Run(fmt.Sprint(b.flags), func(t *testing.T) { refused(t, got, b.code, b.says...) })
	}
}
