package lens

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// BenchmarkLens reads all rows with their statistics and next tokens, in exact mode and
// with each kernel of the fast mode, and runs the forward alone: by libtorch, by kernels in
// its order on weights in place, and on packed weights. $GOLENS_BENCH_MODEL names the model,
// $GOLENS_BENCH_TOKENS the length of the prompt (14) and $GOLENS_BENCH_THREADS the threads.
func BenchmarkLens(b *testing.B) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	m := openModel(b, os.Getenv("GOLENS_BENCH_MODEL"), model.Options{})
	if err := torch.SetThreads(number("GOLENS_BENCH_THREADS", 1)); err != nil {
		b.Fatal(err)
	}
	ids := reference.IDs(1, number("GOLENS_BENCH_TOKENS", 14), m.Sizes.Vocab)
	for _, kernel := range []Kernel{"", ATen, F32} {
		o := Options{Next: true, Fast: kernel != "", Kernel: kernel}
		if _, err := o.plan(m, len(ids)); err != nil {
			continue
		}
		b.Run(map[Kernel]string{"": "exact"}[kernel]+string(kernel), func(b *testing.B) {
			for b.Loop() {
				read(b, m, ids, o)
			}
		})
	}
	for name, by := range map[string]func(model.Session) (model.Session, error){
		"libtorch": func(s model.Session) (model.Session, error) { return s, nil },
		"in-order": func(s model.Session) (model.Session, error) { return s.InOrder(len(ids)) },
		"packed":   model.Session.Fast,
	} {
		b.Run("forward-"+name, func(b *testing.B) {
			err := m.Hold(context.Background(), func(s model.Session) error {
				s, err := by(s)
				if err != nil {
					return err
				}
				for b.Loop() {
					run, err := s.Trunk(ids, nil)
					if err != nil {
						return err
					}
					run.Close()
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
