package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseNumbers reads a list such as "0,3,5..8", with both ends, or "9..", which
// goes up to last. Negative numbers are kept as they are: they count from the end.
// "all" is nil.
func parseNumbers(text string, last int) ([]int, error) {
	if text == "all" {
		return nil, nil
	}
	out := []int{}
	for _, part := range strings.Split(text, ",") {
		from, to, err := parseRange(strings.TrimSpace(part), last)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		for i := from; i <= to; i++ {
			out = append(out, i)
		}
	}
	return out, nil
}

// parseRange reads a number, or two with .. between them, of which one may be missing.
func parseRange(text string, last int) (from, to int, err error) {
	left, right, isRange := strings.Cut(text, "..")
	if from, err = strconv.Atoi(left); err != nil && !(isRange && left == "") {
		return 0, 0, errors.New("write numbers such as 0,3 or 2..5 or 8.. or all")
	}
	switch {
	case !isRange:
		return from, from, nil
	case right == "" && from < 0:
		to = -1
	case right == "":
		if to = last; from > last {
			return 0, 0, fmt.Errorf("%s begins behind the last, which is %d", text, last)
		}
	default:
		if to, err = strconv.Atoi(right); err != nil {
			return 0, 0, errors.New("write numbers such as 0,3 or 2..5 or 8.. or all")
		}
	}
	if from > to || (from < 0) != (to < 0) {
		return 0, 0, fmt.Errorf("%s runs backwards: write the lower end first", text)
	}
	if to-from > 1<<20 {
		return 0, 0, fmt.Errorf("%s is too long", text)
	}
	return from, to, nil
}
