package torch

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A HeldError says that a goroutine asked for a device that it holds itself. It would wait
// for its own end.
type HeldError struct{ Device Device }

func (e *HeldError) Error() string {
	return fmt.Sprintf("torch: hold %s: what runs here holds it already, so waiting for it would never end: a hook, Each, Progress or any other function that is called during a run must not start another run; keep what it needs, and run when the first has ended", e.Device)
}

// A holding is who holds a device.
type holding struct {
	free chan struct{} // holds one element while nobody does
	by   atomic.Int64  // the thread of the system that does, 0 for none
}

var holdings sync.Map // Device to *holding

// holdingOf returns the holding of a device. All devices of a kind are one: what TF32 sets
// holds for all GPUs.
func holdingOf(d Device) *holding {
	d.index = 0
	if h, ok := holdings.Load(d); ok {
		return h.(*holding)
	}
	made := &holding{free: make(chan struct{}, 1)}
	made.free <- struct{}{}
	h, _ := holdings.LoadOrStore(d, made)
	return h.(*holding)
}

// Exclusive runs f while no other operation holds the device. Every thread of the system
// that calls into libtorch would get a team of helper threads of its own; one operation at
// a time keeps that to one or two teams. All GPUs count as one device.
//
// It waits for its turn until ctx is done, whose error it returns then. Hooks run within f
// and must not ask for the device again: that is a HeldError. (A goroutine that a hook starts
// and waits for is not recognized; it should wait with a ctx.)
func (d Device) Exclusive(ctx context.Context, f func() error) error {
	h := holdingOf(d)
	if h.by.Load() == thread() {
		return &HeldError{d}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-h.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	// On one thread of the system, the operation has one team and one heap. No other
	// goroutine runs on that thread meanwhile, so it tells who holds the device.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	h.by.Store(thread())
	defer func() {
		h.by.Store(0)
		h.free <- struct{}{}
	}()
	return f()
}

// thread returns the number of the system's thread that the goroutine is on.
func thread() int64 { return int64(unix.Gettid()) }
