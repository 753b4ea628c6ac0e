package model_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The head's later products have the bits of its first one of a shape, which libtorch
// makes: by a kernel or not, one by one, several states at once, or some positions of
// several, with a bias and without. A product of NaN before them settles on nothing.
func TestHeadInOrder(t *testing.T) {
	for _, preset := range []string{"12x96", "phi-96"} {
		dir := reference.Model(t, preset)
		for _, threads := range []int{1, 2} {
			for _, T := range []int{1, 3, 4, 14, 40} {
				t.Run(fmt.Sprintf("%s/threads=%d/T=%d", preset, threads, T), func(t *testing.T) {
					atThreads(t, threads, func() { headAgain(t, open(t, dir, model.Options{}), T) })
				})
			}
		}
	}
}

func headAgain(t *testing.T, m *model.Model, T int) {
	C := m.Sizes.Width
	r := rand.New(rand.NewPCG(uint64(T), 1))
	v := make([]float32, T*C)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	tensor := func() *torch.Tensor {
		x, err := torch.New(v, 1, int64(T), int64(C))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { x.Close() })
		return x
	}
	x, same := tensor(), []*torch.Tensor{tensor(), tensor(), tensor()}
	v[0] = float32(math.NaN())
	nan := tensor()
	err := m.Hold(context.Background(), func(s model.Session) error {
		y, err := s.Head(nan)
		if err != nil {
			return err
		}
		y.Close()
		first, err := s.Head(x)
		if err != nil {
			return err
		}
		defer first.Close()
		later, err := s.Heads(same)
		if err != nil {
			return err
		}
		for i, y := range later {
			if !sameRow(t, y, 0, first) {
				t.Errorf("product %d has other bits than libtorch's", i)
			}
			y.Close()
		}
		// Of states that differ, each must have its own.
		v[0], v[1] = 3, -v[1]
		other := tensor()
		second, err := s.Head(other)
		if err != nil {
			return err
		}
		defer second.Close()
		return headInParts(t, s, []*torch.Tensor{x, other}, []*torch.Tensor{first, second})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// headInParts compares parts of states with the logits [1,T,V] of each.
func headInParts(t *testing.T, s model.Session, states, want []*torch.Tensor) error {
	T := int(want[0].Shape()[1])
	if !s.HasHeadParts(T) {
		t.Logf("the order of %d rows is none of the kernels'", T)
		if _, err := s.HeadParts(states, 0, 1); err == nil {
			t.Error("parts came in an order that is not known")
		}
		return nil
	}
	for from := 0; from < T; from += 3 {
		n := min(3, T-from)
		y, err := s.HeadParts(states, from, n)
		if err != nil {
			return err
		}
		for i := range states {
			part, err := want[i].Narrow(1, int64(from), int64(n))
			if err != nil {
				return err
			}
			if !sameRow(t, y, i, part) {
				t.Errorf("positions %d to %d of state %d have other bits than the whole", from, from+n-1, i)
			}
			part.Close()
		}
		y.Close()
	}
	return nil
}
