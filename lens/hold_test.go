package lens

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestEachHolds: a reading that Each starts is an error, and no deadlock.
func TestEachHolds(t *testing.T) {
	m := openModel(t, "", model.Options{})
	ids := []int64{464, 835}
	var held *torch.HeldError
	_, err := Read(t.Context(), m, ids, Options{Each: func(Row, *torch.Tensor) error {
		_, err := Read(t.Context(), m, ids, Options{})
		return err
	}})
	if !errors.As(err, &held) {
		t.Errorf("got %v", err)
	}
}

// TestReadEndsWithin: a reading that is cancelled in its forward does not run it to the end.
func TestReadEndsWithin(t *testing.T) {
	m := openModel(t, "", model.Options{})
	for _, fast := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		after := false
		h := &hooks.Registry{}
		h.Add("h.3.attn", hooks.Func("cancel", func(*torch.Tensor) (*torch.Tensor, error) {
			cancel()
			time.Sleep(10 * time.Millisecond) // until ctx's own goroutine has told
			return nil, nil
		}))
		h.Add("h.3", hooks.Func("see", func(*torch.Tensor) (*torch.Tensor, error) { after = true; return nil, nil }))
		_, err := Read(ctx, m, reference.IDs(1, 9, m.Sizes.Vocab), Options{Hooks: h, Fast: fast})
		if !errors.Is(err, context.Canceled) || after {
			t.Errorf("fast %v: cancelled in h.3.attn, h.3 ran %v: %v", fast, after, err)
		}
	}
}

// TestReadWaits: a reading waits for the device no longer than its ctx.
func TestReadWaits(t *testing.T) {
	m := openModel(t, "", model.Options{})
	err := m.Hold(t.Context(), func(model.Session) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		other := make(chan error)
		go func() {
			_, err := Read(ctx, m, []int64{464}, Options{})
			other <- err
		}()
		if err := <-other; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
