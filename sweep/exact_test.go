package sweep_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

func open(t *testing.T, dir string, a model.Attention) *model.Model {
	t.Helper()
	m, err := model.Open(dir, model.Options{Attention: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func places(t *testing.T, m *model.Model, site sweep.Site, blocks ...int) []sweep.Place {
	t.Helper()
	p, err := sweep.PlacesOf(m, site, blocks, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// threads runs f at a thread count and puts the former one back.
func threads(t *testing.T, n int, f func()) {
	t.Helper()
	before := torch.Threads()
	if err := torch.SetThreads(n); err != nil {
		t.Fatal(err)
	}
	defer torch.SetThreads(before)
	f()
}

// rows returns the clean values and, behind them, those of every run.
func rows(s *sweep.Series) []float32 { return append(append([]float32(nil), s.Clean...), s.Values...) }

// TestScalingStudy compares the published study, every block scaled by 0.8, with
// PyTorch: whole runs with forward hooks.
func TestScalingStudy(t *testing.T) {
	lengths := []int{1, 2, 14, 22, 64}
	if testing.Short() {
		lengths = []int{2, 22}
	}
	for _, name := range []string{"12x96", "4x64-untied", "3x768"} {
		dir := reference.Model(t, name)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := open(t, dir, a)
			for _, n := range []int{1, 2} {
				for _, T := range lengths {
					t.Run(fmt.Sprintf("%s/%s/threads=%d/T=%d", name, a, n, T), func(t *testing.T) {
						threads(t, n, func() { scalingStudy(t, dir, m, T, n) })
					})
				}
			}
		}
	}
}

func scalingStudy(t *testing.T, dir string, m *model.Model, T, n int) {
	ids := reference.IDs(uint64(T), T, m.Sizes.Vocab)
	word := lens.Word{Text: " insect", ID: ids[0]}
	var variants [][]reference.Change
	for i := range m.Sizes.Blocks {
		variants = append(variants, []reference.Change{{"kind": "scale", "factor": 0.8, "point": fmt.Sprintf("h.%d", i)}})
	}
	want := reference.Sweep{Model: dir, Attention: string(m.Attention), Threads: n}.Run(t, ids, variants, []int64{word.ID}, nil)
	got, err := sweep.Run(context.Background(), m, ids, sweep.Plan{Changes: sweep.Scale(0.8), Places: places(t, m, sweep.Resid), Words: []lens.Word{word}}, sweep.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reference.Equal(t, "logprob", rows(got.Of("logprob")), want["logprob"])
	if !got.Complete() {
		t.Error("not every run was made")
	}
}
