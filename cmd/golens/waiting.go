package main

import (
	"context"
	"io"
)

// waiting is a reader that may have nothing to give for a long time, such as a pipe.
// The end of ctx ends the wait, after which it is not to be read again.
type waiting struct {
	ctx context.Context
	r   io.Reader
	buf []byte
}

func (w *waiting) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	if w.buf == nil {
		w.buf = make([]byte, 1<<16) // a read that comes too late must not write to p
	}
	buf := w.buf[:min(len(p), len(w.buf))]
	done := make(chan result, 1)
	go func() {
		n, err := w.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	case r := <-done:
		return copy(p, buf[:r.n]), r.err
	}
}
