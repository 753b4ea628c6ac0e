package sweep_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/intervene"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// numbered is a Source whose prompts are seeds of random ids: "seed length".
type numbered struct{ vocab int }

func (n numbered) Array(string) ([]float32, []int64, error) { return nil, nil, fmt.Errorf("no files") }
func (n numbered) Texts(string) ([][]int64, error)          { return nil, fmt.Errorf("no files") }
func (n numbered) Encode(text string) ([]int64, error) {
	var seed uint64
	var T int
	_, err := fmt.Sscan(text, &seed, &T)
	return reference.IDs(seed, T, n.vocab), err
}

// entries makes a plan's entries of texts.
func entries(texts ...string) (out []sweep.Entry) {
	for _, text := range texts {
		out = append(out, sweep.Entry{Text: text, Where: "test"})
	}
	return out
}

// planOf resolves a file and runs it.
func planOf(t *testing.T, m *model.Model, f *sweep.File, ids []int64) *sweep.Result {
	t.Helper()
	var sc torch.Scope
	defer sc.Close()
	f.TargetIDs = entries("17")
	p, _, err := f.Plan(m, intervene.NewBinder(m, numbered{m.Sizes.Vocab}, &sc), ids)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sweep.Run(context.Background(), m, ids, p, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestOrigins compares patches from prompts of another length, from other points, and
// windows of blocks with PyTorch hooks that do the same.
func TestOrigins(t *testing.T) {
	dir := reference.Model(t, "4x64-untied")
	m := open(t, dir, model.SDPA)
	ids, other := reference.IDs(3, 7, m.Sizes.Vocab), reference.IDs(5, 10, m.Sizes.Vocab)
	ref := reference.Sweep{Model: dir, Threads: torch.Threads()}
	points := []string{"h.0", "h.1", "h.2", "h.3", "h.1.mlp", "h.2.mlp"}
	states := ref.Intervene(t, [][]int64{other}, nil, points...)
	patch := func(to, from string, at, taken []string) reference.Change {
		x := states["capture."+from]
		return reference.Change{"kind": "patch", "point": to, "at": at, "taken": taken}.With(t, "source", x.Float32, x.Shape...)
	}
	for _, c := range []struct {
		name string
		file sweep.File
		want [][]reference.Change
	}{
		{"last of both", sweep.File{Positions: entries("last")[0], Blocks: entries("2")[0], Changes: entries(`patch "5 10"`)},
			[][]reference.Change{{patch("h.2", "h.2", []string{"-1"}, []string{"-1"})}}},
		{"the end of both, and a beginning", sweep.File{Positions: entries("0,-2..")[0], Blocks: entries("2")[0], Changes: entries(`patch "5 10"`)},
			[][]reference.Change{{patch("h.2", "h.2", []string{"0", "-2.."}, []string{"0", "-2.."})}}},
		{"other blocks", sweep.File{Positions: entries("last")[0], Blocks: entries("0,2")[0], From: entries("h.1@4", "h.3"), Changes: entries(`patch "5 10"`)},
			[][]reference.Change{{patch("h.0", "h.1", []string{"-1"}, []string{"4"})}, {patch("h.2", "h.1", []string{"-1"}, []string{"4"})},
				{patch("h.0", "h.3", []string{"-1"}, []string{"-1"})}, {patch("h.2", "h.3", []string{"-1"}, []string{"-1"})}}},
		{"in words", sweep.File{Positions: entries("3")[0], Blocks: entries("0")[0], Changes: entries(`patch "5 10" from h.2@9 + scale 0.5 at mlp`)},
			[][]reference.Change{{patch("h.0", "h.2", []string{"3"}, []string{"9"}), {"kind": "scale", "factor": 0.5, "point": "h.0.mlp", "at": []string{"3"}}}}},
		{"a window", sweep.File{Positions: entries("1")[0], At: entries("mlp"), Blocks: entries("0,2")[0], Window: entries("3")[0], Changes: entries("scale 2")},
			[][]reference.Change{{{"kind": "scale", "factor": 2, "point": "h.0.mlp", "at": []string{"1"}}, {"kind": "scale", "factor": 2, "point": "h.1.mlp", "at": []string{"1"}}},
				{{"kind": "scale", "factor": 2, "point": "h.1.mlp", "at": []string{"1"}}, {"kind": "scale", "factor": 2, "point": "h.2.mlp", "at": []string{"1"}}, {"kind": "scale", "factor": 2, "point": "h.3.mlp", "at": []string{"1"}}}}},
		{"a window of two, patched", sweep.File{Positions: entries("1")[0], At: entries("mlp"), Blocks: entries("2")[0], Window: entries("2")[0], From: entries("8"), Changes: entries(`patch "5 10"`)},
			[][]reference.Change{{patch("h.1.mlp", "h.1.mlp", []string{"1"}, []string{"8"}), patch("h.2.mlp", "h.2.mlp", []string{"1"}, []string{"8"})}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := planOf(t, m, &c.file, ids)
			reference.Equal(t, "logprob", rows(got.Of("logprob")), ref.Run(t, ids, c.want, []int64{17}, nil)["logprob"])
		})
	}
	// Always, with a window and a mapped origin: a plan with it is that with the same changes.
	always := planOf(t, m, &sweep.File{Blocks: entries("3")[0], Changes: entries("scale 1"), Always: entries(`h.1..2.mlp@1:8 patch "5 10"`)}, ids)
	window := planOf(t, m, &sweep.File{Positions: entries("1")[0], At: entries("mlp"), Blocks: entries("2")[0], Window: entries("2")[0], From: entries("8"), Changes: entries(`patch "5 10"`)}, ids)
	if a, b := always.Of("logprob").Values[0], window.Of("logprob").Values[0]; a != b {
		t.Errorf("always gives %v, and the window %v", a, b)
	}
}

func TestOriginErrors(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	ids := reference.IDs(3, 7, m.Sizes.Vocab)
	patch := entries(`patch "5 5"`)
	for says, f := range map[string]sweep.File{
		"the other run has no position 6":          {Positions: entries("6")[0], Changes: patch},
		"3 positions of the other run cannot take": {Positions: entries("2..-1")[0], Changes: patch},
		"there is no hook point \"h.9\"":           {Positions: entries("0")[0], From: entries("h.9"), Changes: patch},
		"64 wide, and h.0.attn:h0 16":              {At: entries("attn:h0"), Blocks: entries("0")[0], Positions: entries("0")[0], From: entries("h.1"), Changes: patch},
		"states of 2 points cannot take":           {Positions: entries("0")[0], From: entries("h.1..2"), Changes: patch},
		"have a meaning for patch only":            {From: entries("h.1"), Changes: entries("zero")},
		"positions \"-.1\"":                        {From: entries("-.1"), Changes: patch},
		"a window has 1 block or more":             {Window: entries("0")[0], Changes: patch},
		"write how many blocks":                    {Window: entries("x")[0], Changes: patch},
		"no window of blocks":                      {Window: entries("2")[0], At: entries("embed"), Changes: patch},
	} {
		var sc torch.Scope
		_, _, err := f.Plan(m, intervene.NewBinder(m, numbered{m.Sizes.Vocab}, &sc), ids)
		sc.Close()
		mustChoice(t, says, err, says)
	}
}

// TestSeeds: a list of seeds is a change for each, and mean and spread are those of its values.
func TestSeeds(t *testing.T) {
	m := open(t, reference.Model(t, "4x64-untied"), model.SDPA)
	ids := reference.IDs(3, 7, m.Sizes.Vocab)
	r := planOf(t, m, &sweep.File{Blocks: entries("0,2")[0], Changes: entries("noise 0.5,0..2 + scale 0.5,1", "noise 0.5,9")}, ids)
	var names []string
	for _, g := range r.Groups {
		names = append(names, fmt.Sprint(g.Name, g.Changes))
	}
	if want := []string{"noise 0.5 + scale 0.5, 3 seeds[0 2 4]", "noise 0.5 + scale 1, 3 seeds[1 3 5]"}; !slices.Equal(names, want) {
		t.Fatalf("the groups are %q, want %q", names, want)
	}
	s := r.Of("logprob")
	mean, sd := s.Spread(r, r.Groups[1])
	for b := range r.Places {
		var x [3]float64
		for i, f := range r.Groups[1].Changes {
			x[i] = float64(s.At(r, f, b)[0])
		}
		m := (x[0] + x[1] + x[2]) / 3
		d := math.Sqrt(((x[0]-m)*(x[0]-m) + (x[1]-m)*(x[1]-m) + (x[2]-m)*(x[2]-m)) / 2)
		// Both are rounded to float32 once, and the sums here run in another order.
		if !(math.Abs(float64(mean[b])-m) <= 1e-6*math.Abs(m)) || !(math.Abs(float64(sd[b])-d) <= 1e-6*d) || d == 0 {
			t.Errorf("place %d: mean %v and spread %v, want %v and %v", b, mean[b], sd[b], m, d)
		}
	}
	if !strings.HasPrefix(r.Changes[6], "noise 0.5,9") {
		t.Error(r.Changes)
	}
}
