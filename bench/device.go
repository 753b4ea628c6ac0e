package bench

import (
	"context"

	"github.com/golens/golens/torch"
)

// A Device is the activity of one run on a GPU, counted in a run of its own that is not timed.
type Device struct {
	Kernels    int       `json:"kernels"`
	Busy       float64   `json:"busy_seconds"` // of its kernels, added up
	ToDevice   Transfers `json:"to_device"`
	FromDevice Transfers `json:"from_device"`
	Within     Transfers `json:"within_device"`
}

// Transfers are copies of memory.
type Transfers struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

// count runs the work once more and counts the activity of the GPU.
func (w *work) count(ctx context.Context) error {
	a, err := torch.Profile(func() error { return w.once(ctx) })
	if err != nil {
		return err
	}
	w.Device = deviceOf(a)
	return nil
}

func deviceOf(a torch.Activity) *Device {
	return &Device{a.Kernels, a.Busy.Seconds(), Transfers(a.ToDevice), Transfers(a.FromDevice), Transfers(a.Within)}
}
