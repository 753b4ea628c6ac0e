package torch

import (
	"fmt"
	"runtime"

	"github.com/golens/golens/torch/kernel"
)

// A Selection is what there is to read of rows of logits without computing anything.
type Selection = kernel.Selection

// Select returns of logits x [...,V], float32 on the CPU and without gaps, the top largest
// of the rows numbered at, and where their targets [len(at),N], -1 for none, stand among
// all V.
func Select(x *Tensor, at []int64, top int, targets []int64) (*Selection, error) {
	const op = "select"
	fail := func(format string, a ...any) (*Selection, error) {
		return nil, &Error{Op: op, Msg: fmt.Sprintf(format, a...)}
	}
	defer runtime.KeepAlive(x)
	where, err := x.floats("logits")
	if err != nil {
		return nil, err
	}
	shape := x.Shape()
	if len(shape) == 0 || x.Numel() == 0 {
		return fail("logits %v have no row", shape)
	}
	V := shape[len(shape)-1]
	rows := x.Numel() / V
	for _, i := range at {
		if i < 0 || i >= rows {
			return fail("there is no row %d of %d", i, rows)
		}
	}
	out, err := kernel.Best().Select(kernel.Logits{At: where, Rows: at, N: V, Step: V}, top, targets, parallel())
	return out, ofKernel(op, err)
}
