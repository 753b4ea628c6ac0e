package intervene

import (
	"strings"

	"github.com/golens/golens/hooks"
)

// ParsePoint reads a point with the positions at which something acts there:
// "h.3", "h.3@last", "h.3.attn:h5@0,3", and for patch "h.3@0,3:2,7", where behind the
// colon are the other prompt's.
func ParsePoint(text string) (point string, at, from hooks.Positions, err error) {
	point, where, given := strings.Cut(text, "@")
	if !given {
		return point, at, from, nil
	}
	here, there, mapped := strings.Cut(where, ":")
	if at, err = hooks.ParsePositions(here); err != nil {
		return point, at, from, &ChoiceError{Msg: err.Error()}
	}
	if mapped {
		if from, err = hooks.ParsePositions(there); err != nil {
			return point, at, from, &ChoiceError{Msg: err.Error()}
		}
	}
	return point, at, from, nil
}
