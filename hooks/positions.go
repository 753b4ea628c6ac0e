package hooks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Positions are the tokens of a run at which an action acts. They are written "all", "last", or as
// numbers and ranges such as "0,3", "2..5", "..2" and "-2..". A range includes both ends, and
// negative numbers count from the end. The zero Positions are all positions. The commands read
// layers in the same way.
type Positions struct {
	ends []int64 // two for each range; nil for all
	text string
}

// Last is the last position of a run.
var Last = At(-1)

// At returns the positions with the given numbers, counted from 0, or from the end with -1 as the
// last.
func At(positions ...int) Positions {
	p := Positions{ends: []int64{}}
	var texts []string
	for _, i := range positions {
		p.ends = append(p.ends, int64(i), int64(i))
		texts = append(texts, strconv.Itoa(i))
	}
	p.text = strings.Join(texts, ",")
	return p
}

// A PositionsError says what is wrong with the text of positions.
type PositionsError struct {
	Text, Msg string
	Missing   bool  // the text is right, and the run has no position of the number At
	At        int64 // as it is written
}

func (e *PositionsError) Error() string { return fmt.Sprintf("positions %q: %s", e.Text, e.Msg) }

// ParsePositions reads positions in their written form. Whether a run has these positions is
// checked when it runs.
func ParsePositions(text string) (Positions, error) {
	fail := func(msg string) (Positions, error) { return Positions{}, &PositionsError{Text: text, Msg: msg} }
	switch text {
	case "all":
		return Positions{}, nil
	case "last":
		return Last, nil
	}
	p := Positions{ends: []int64{}, text: text}
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		left, right, isRange := strings.Cut(part, "..")
		if !isRange {
			right = left
		} else {
			left, right = cmp.Or(left, "0"), cmp.Or(right, "-1")
		}
		from, err1 := strconv.ParseInt(left, 10, 32)
		to, err2 := strconv.ParseInt(right, 10, 32)
		switch {
		case err1 != nil || err2 != nil:
			return fail("write all, last, or numbers such as 0,3 or 2..5 or -2..")
		case (from < 0) == (to < 0) && from > to:
			return fail(part + " runs backwards: write the lower end first")
		case from < 0 && to >= 0:
			return fail(part + " begins behind the end that it counts from: write both ends from one side")
		}
		p.ends = append(p.ends, from, to)
	}
	return p, nil
}

// All reports whether p includes every position.
func (p Positions) All() bool { return p.ends == nil }

// String returns the positions in the form that ParsePositions reads.
func (p Positions) String() string {
	switch {
	case p.ends == nil:
		return "all"
	case slices.Equal(p.ends, Last.ends):
		return "last"
	}
	return p.text
}

// Resolve returns the position numbers, counted from 0, in a run of T tokens. Each occurs once, in
// the written order.
func (p Positions) Resolve(T int) ([]int, error) {
	var out []int
	if p.ends == nil {
		for i := range T {
			out = append(out, i)
		}
		return out, nil
	}
	seen := make([]bool, T)
	for i := 0; i < len(p.ends); i += 2 {
		from, to := int(p.ends[i]), int(p.ends[i+1])
		if from < 0 {
			from += T
		}
		if to < 0 {
			to += T
		}
		if from < 0 || from >= T || to >= T {
			at := p.ends[i]
			if from >= 0 && from < T {
				at = p.ends[i+1]
			}
			return nil, &PositionsError{Text: p.String(), Msg: fmt.Sprintf("there is no position %d: the run has %d, counted from 0 or from -1 back", at, T), Missing: true, At: at}
		}
		if from > to {
			return nil, &PositionsError{Text: p.String(), Msg: fmt.Sprintf("a range is empty in a run of %d tokens", T)}
		}
		for at := from; at <= to; at++ {
			if !seen[at] {
				seen[at] = true
				out = append(out, at)
			}
		}
	}
	if len(out) == 0 {
		return nil, &PositionsError{Text: p.String(), Msg: "no position is left"}
	}
	return out, nil
}
