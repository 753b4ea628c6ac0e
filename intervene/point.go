package intervene

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/golens/golens/hooks"
)

// A Where is the place of an intervention, and the origin of the states of a patch.
type Where struct {
	Points []string // one, or one for each block of a window
	At     hooks.Positions
	From   Origin
}

// An Origin is the place from which a patch takes its states. The zero Origin is the point and the
// positions that are changed.
type Origin struct {
	Points []string        // nil for the point that is changed; else one for all points, or one for each
	At     hooks.Positions // all for those that are changed, counted in the other prompt
	text   string
}

// Own reports whether o is the zero Origin.
func (o Origin) Own() bool { return o.Points == nil && o.At.All() }

// String returns the origin in the form that ParseOrigin reads.
func (o Origin) String() string { return o.text }

// ParsePoint reads a place: a point, and after @ the positions, as in "h.3", "h.3@last" and
// "h.3.attn:h5@0,3". "h.2..5.mlp" is a window: the MLPs of the blocks 2 to 5. The origin of a
// patch follows the word from, "h.2@12 from h.8@5". An origin of positions alone can follow a
// colon, "h.3@0,3:2,7".
func ParsePoint(text string) (w Where, err error) {
	place, origin, given := strings.Cut(text, " from ")
	if given {
		if w.From, err = ParseOrigin(strings.TrimSpace(origin)); err != nil {
			return w, err
		}
	}
	point, where, some := strings.Cut(strings.TrimSpace(place), "@")
	if w.Points, err = window(point); err != nil || !some {
		return w, err
	}
	here, there, mapped := strings.Cut(where, ":")
	if w.At, err = parsePositions(here); err != nil || !mapped {
		return w, err
	}
	if given {
		return w, choice("%s: the other prompt's positions are given twice: behind the colon and behind from", text)
	}
	w.From.text = there
	w.From.At, err = parsePositions(there)
	return w, err
}

// ParseOrigin reads the origin of a patch: positions, "5" or "last", a point, "h.8", or both,
// "h.8@5".
func ParseOrigin(text string) (o Origin, err error) {
	o.text = text
	if o.At, err = parsePositions(text); err == nil || strings.Trim(text, "0123456789-.,") == "" {
		return o, err
	}
	point, where, given := strings.Cut(text, "@")
	if o.Points, err = window(point); err != nil || !given {
		o.At = hooks.Positions{}
		return o, err
	}
	o.At, err = parsePositions(where)
	return o, err
}

func parsePositions(text string) (hooks.Positions, error) {
	p, err := hooks.ParsePositions(text)
	if err != nil {
		return p, &ChoiceError{Msg: err.Error()}
	}
	return p, nil
}

// blockRange is a range of numbers between dots, as in "h.2..5.mlp".
var blockRange = regexp.MustCompile(`^(.*?\.|)(\d+)\.\.(\d+)((?:[.:].*)?)$`)

// mostBlocks is the largest number of blocks in a window.
const mostBlocks = 4096

// window returns the points of a window, or the one point that is no window.
func window(point string) ([]string, error) {
	m := blockRange.FindStringSubmatch(point)
	if m == nil {
		return []string{point}, nil
	}
	from, err1 := strconv.Atoi(m[2])
	to, err2 := strconv.Atoi(m[3])
	if err1 != nil || err2 != nil || from > to || to-from >= mostBlocks {
		return nil, choice("%s: a window of blocks is written with the lower number first, such as h.2..5.mlp", point)
	}
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, m[1]+strconv.Itoa(i)+m[4])
	}
	return out, nil
}
