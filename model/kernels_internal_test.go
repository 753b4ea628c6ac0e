package model

import (
	"context"
	"testing"

	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
	"github.com/golens/golens/torch/sumorder"
)

// TestProductsByText: where one kind of product has an order that no kernel has, its
// module runs text by text, and all else is as before; where none is left, there is no
// batch.
func TestProductsByText(t *testing.T) {
	m, err := Open(reference.Model(t, "4x64-untied"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const T = 9
	texts := [][]int64{reference.IDs(1, T, m.Sizes.Vocab), reference.IDs(2, T, m.Sizes.Vocab)}
	all := m.tree.products("linear", m.built)
	if len(all) != 4*m.Sizes.Blocks {
		t.Fatalf("there are %d products in %d blocks", len(all), m.Sizes.Blocks)
	}
	err = m.Hold(context.Background(), func(s Session) error {
		for _, p := range all { // as trials would find them
			if _, err := m.orderOf(p, T); err != nil {
				return err
			}
		}
		found := map[sumorder.Key]kernel.Order{}
		known := 0
		for key, o := range m.kernels.orders {
			if found[key] = o; o != 0 {
				known++
			}
		}
		for without := range found {
			m.kernels.orders[without] = 0
			left := known
			if found[without] != 0 {
				left--
			}
			b, ok, err := s.Batched(T)
			if err != nil {
				return err
			}
			if ok != (left > 0) {
				t.Errorf("%d of %d products are left, and there is a batch: %v", left, known, ok)
			}
			if ok {
				run, err := b.TrunkOf(texts, nil)
				if err != nil {
					return err
				}
				defer run.Close()
				for i, ids := range texts {
					alone, err := s.Trunk(ids, nil)
					if err != nil {
						return err
					}
					defer alone.Close()
					row, err := run.Results[0].Narrow(0, int64(i), 1)
					if err != nil {
						return err
					}
					defer row.Close()
					if same, err := sameBytes(row, alone.Results[0]); err != nil || !same {
						t.Errorf("without %+v text %d has other bits in a batch (%v)", without, i, err)
					}
				}
			}
			m.kernels.orders[without] = found[without]
			key := shapeKey{T, torch.Threads()}
			m.kernels.batched[key].products.Close()
			delete(m.kernels.batched, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoom: weights are packed only where there is memory for them.
func TestRoom(t *testing.T) {
	m, err := Open(reference.Model(t, "4x64-untied"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	need := int64(4 * (m.Sizes.Blocks*12*64*64 + m.Sizes.Vocab*64))
	for _, c := range []struct {
		free  int64
		known bool
		room  bool
	}{{need, true, true}, {need - 1, true, false}, {0, true, false}, {0, false, true}} {
		err := m.room(func() (int64, bool) { return c.free, c.known })
		if (err == nil) != c.room {
			t.Errorf("with %d of %d bytes: %v", c.free, need, err)
		}
	}
}
