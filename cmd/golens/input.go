package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// readInput returns everything on standard input. Ctrl-C ends the wait for it.
func readInput(c *cli.Context) (string, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(c.App.Reader)
		done <- result{data, err}
	}()
	select {
	case <-c.Context.Done():
		return "", context.Cause(c.Context)
	case r := <-done:
		if r.err != nil {
			return "", fmt.Errorf("read standard input: %w", r.err)
		}
		return string(r.data), nil
	}
}
