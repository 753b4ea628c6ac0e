package selftest

import (
	"fmt"
	"math"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// forward returns the logits of ids, T*V numbers.
func (t *test) forward(ids []int64, h *hooks.Registry) (logits []float32, err error) {
	err = t.m.Hold(t.ctx, func(s model.Session) error {
		run, err := s.Forward(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		logits, err = model.Floats(run.Results[0])
		return err
	})
	return logits, err
}

func (t *test) headOfBlocks() (logits []float32, err error) {
	err = t.m.Hold(t.ctx, func(s model.Session) error {
		var sc torch.Scope
		defer sc.Close()
		x, err := s.Embed(t.ids)
		if err != nil {
			return err
		}
		torch.Keep(&sc, x)
		for i := range t.m.Layout.Blocks {
			if x, err = s.Block(i, x); err != nil {
				return err
			}
			torch.Keep(&sc, x)
		}
		if x, err = s.Norm(x); err != nil {
			return err
		}
		logits, err = headValues(s, torch.Keep(&sc, x))
		return err
	})
	return logits, err
}

func headValues(s model.Session, x *torch.Tensor) ([]float32, error) {
	y, err := s.Head(x)
	if err != nil {
		return nil, err
	}
	defer y.Close()
	return torch.Values[float32](y)
}

// same returns an error unless both have the same bits.
func same(got, want []float32) error {
	if len(got) != len(want) {
		return fmt.Errorf("there are %d numbers, not %d", len(got), len(want))
	}
	differ, most := 0, 0.0
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			differ++
			most = max(most, math.Abs(float64(got[i])-float64(want[i])))
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d numbers differ, by up to %.3g", differ, len(got), most)
	}
	return nil
}
