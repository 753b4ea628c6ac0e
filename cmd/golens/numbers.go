package main

import (
	"errors"
	"fmt"

	"github.com/golens/golens/hooks"
)

// chosen reads which of n layers or positions are meant, in the words of
// hooks.ParsePositions: "0,3", "5..8" with both ends, "last", "-2..". It returns their
// numbers from 0, each once, and nil for all. what names one of them in errors.
func chosen(text string, n int, what string) ([]int, error) {
	p, err := hooks.ParsePositions(text)
	if err == nil && p.All() {
		return nil, nil
	}
	var out []int
	if err == nil {
		out, err = p.Resolve(n)
	}
	e := new(hooks.PositionsError)
	switch {
	case !errors.As(err, &e):
		return out, err
	case e.Missing:
		return nil, fmt.Errorf("there is no %s %d: they go from 0 to %d, or from -1 back to -%d", what, e.At, n-1, n)
	}
	return nil, fmt.Errorf("%q: %s", text, e.Msg)
}
