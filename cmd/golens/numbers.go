package main

import (
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
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "..")
		a, err := strconv.Atoi(from)
		if isRange && from == "" {
			a, err = 0, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no list of numbers: write 0,3 or 2..5 or 8.. or all", text)
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(to); to == "" {
				if b, err = last, nil; a < 0 {
					b = -1
				}
			}
			if err != nil || a > b || (a < 0) != (b < 0) {
				return nil, fmt.Errorf("%q is no range of numbers: write both ends, the lower first", part)
			}
			if b-a > 1<<20 {
				return nil, fmt.Errorf("the range %s is too long", part)
			}
		}
		for i := a; i <= b; i++ {
			out = append(out, i)
		}
	}
	return out, nil
}
