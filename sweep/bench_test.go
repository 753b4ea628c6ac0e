package sweep_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// BenchmarkScaling is the scaling study, in exact and in fast mode. $GOLENS_BENCH_MODEL
// names the model, $GOLENS_BENCH_TOKENS the length of the prompt (22) and
// $GOLENS_BENCH_THREADS the threads: scripts/measure_sweep.py runs it beside PyTorch.
func BenchmarkScaling(b *testing.B) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	m, err := model.Open(os.Getenv("GOLENS_BENCH_MODEL"), model.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	if err := torch.SetThreads(number("GOLENS_BENCH_THREADS", 1)); err != nil {
		b.Fatal(err)
	}
	ids := reference.IDs(1, number("GOLENS_BENCH_TOKENS", 22), m.Sizes.Vocab)
	places, err := sweep.PlacesOf(m, sweep.Resid, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	plan := sweep.Plan{Changes: sweep.Scale(0.8), Places: places, Words: []lens.Word{{Text: "a", ID: 17}}}
	for _, fast := range []bool{false, true} {
		b.Run(map[bool]string{false: "exact", true: "fast"}[fast], func(b *testing.B) {
			for b.Loop() {
				if _, err := sweep.Run(b.Context(), m, ids, plan, sweep.Options{Fast: fast}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
