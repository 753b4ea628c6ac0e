package sweep

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/hooks"
)

// A Spec is an intervention as it is written: a kind and, for most, a value. The
// command line has them behind flags, --scale h.3=0.8, and a plan as text, "scale 0.8".
//
//	scale F            multiply
//	zero               zeros
//	mean               the mean over the run's positions
//	mean FILE          the mean over all positions of a file of texts
//	add FILE[*F]       add an array, F times
//	set FILE           put an array in its place
//	noise SD[,SEED]    add normal noise
//	project-out FILE   take out what lies along a direction
//	patch TEXT         what another prompt has at the same point
//	skip               a block as the identity
type Spec struct {
	Kind   string
	Factor float64 // of scale; of add, 1 unless given
	SD     float64
	Seed   int64
	File   string
	Text   string // the other prompt of patch

	At   hooks.Positions // where it acts
	From hooks.Positions // of patch: positions of the other prompt
	Site Site            // in a plan: the site of this part of a change; "" for the place's own
}

// SpecKinds are the kinds of interventions, in the order in which those at one point
// act: what puts something in a state's place comes before what changes it.
var SpecKinds = []string{"skip", "patch", "set", "mean", "zero", "scale", "project-out", "add", "noise"}

// replaces reports whether a kind leaves nothing of what was there.
func replaces(kind string) bool {
	return slices.Index(SpecKinds, kind) <= slices.Index(SpecKinds, "zero")
}

// ParseSpec reads the value of an intervention of a kind.
func ParseSpec(kind, value string) (Spec, error) {
	s := Spec{Kind: kind, Factor: math.NaN(), File: value}
	var err error
	switch kind {
	case "zero", "skip":
		s.File = ""
		if value != "" {
			err = errors.New("it takes no value")
		}
	case "mean":
	case "set", "project-out":
		if value == "" {
			err = errors.New("it needs a .npy file")
		}
	case "add":
		s.Factor = 1
		if i := strings.LastIndexByte(value, '*'); i >= 0 {
			if f, bad := finite(value[i+1:]); bad == nil {
				s.File, s.Factor = value[:i], f
			}
		}
		if s.File == "" {
			err = errors.New("it needs a .npy file, or FILE*F to add it F times")
		}
	case "scale":
		s.File = ""
		s.Factor, err = finite(value)
	case "noise":
		s.File = ""
		sd, seed, given := strings.Cut(value, ",")
		if s.SD, err = finite(sd); err == nil && s.SD < 0 {
			err = errors.New("a standard deviation is not negative")
		}
		if err == nil && given {
			if s.Seed, err = strconv.ParseInt(seed, 10, 64); err != nil || s.Seed < 0 {
				err = fmt.Errorf("the seed %q is no whole number from 0 on", seed)
			}
		}
	case "patch":
		s.File, s.Text = "", value
		if value == "" {
			err = errors.New("it needs another prompt")
		}
	default:
		err = fmt.Errorf("there are %s", strings.Join(SpecKinds, ", "))
	}
	if err != nil {
		return s, choice("%s: %v", strings.TrimSpace(kind+" "+value), err)
	}
	return s, nil
}

// finite reads a number, which is neither NaN nor infinite.
func finite(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large", text)
	case err != nil:
		return 0, fmt.Errorf("%q is no number", text)
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, errors.New("the number must be finite")
	}
	return f, nil
}

// String returns the intervention as it is written in a plan.
func (s Spec) String() string {
	text := s.Kind
	switch s.Kind {
	case "scale":
		text += " " + strconv.FormatFloat(s.Factor, 'g', -1, 64)
	case "noise":
		text += fmt.Sprintf(" %s,%d", strconv.FormatFloat(s.SD, 'g', -1, 64), s.Seed)
	case "patch":
		text += " " + strconv.Quote(s.Text)
	case "add":
		text += " " + s.File
		if s.Factor != 1 {
			text += "*" + strconv.FormatFloat(s.Factor, 'g', -1, 64)
		}
	default:
		if s.File != "" {
			text += " " + s.File
		}
	}
	if s.Site != "" {
		text += " at " + string(s.Site)
	}
	return text
}

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
		return point, at, from, &ChoiceError{err.Error()}
	}
	if mapped {
		if from, err = hooks.ParsePositions(there); err != nil {
			return point, at, from, &ChoiceError{err.Error()}
		}
	}
	return point, at, from, nil
}

// Conflict returns an error where two interventions at one point, of a run of T tokens,
// cannot both be meant: both put something in the place of the same positions.
func Conflict(point string, specs []Spec, T int) error {
	for i, a := range specs {
		for _, b := range specs[:i] {
			if replaces(a.Kind) && replaces(b.Kind) && overlap(a.At, b.At, T) {
				return choice("%s and %s conflict: both put something in the place of %s; leave one out, or give them different positions", b, a, point)
			}
		}
	}
	return nil
}

// overlap reports whether positions of a run of T tokens have one in common. Those that
// the run lacks are none of its.
func overlap(a, b hooks.Positions, T int) bool {
	x, err := a.Resolve(T)
	if err != nil {
		return false
	}
	y, err := b.Resolve(T)
	return err == nil && slices.ContainsFunc(x, func(p int) bool { return slices.Contains(y, p) })
}
