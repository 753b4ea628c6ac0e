package intervene

import (
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/choices"
)

// A ChoiceError says that an intervention asks for something that the model does not have, or that
// makes no sense.
type ChoiceError = choices.Error

func choice(format string, a ...any) error { return choices.Errorf(format, a...) }

// A Spec is a written intervention: a kind and, for most kinds, a value. The command line has it
// as a flag, --scale h.3=0.8, and a plan as text, "scale 0.8".
type Spec struct {
	Kind   string
	Factor float64 // of scale; of add, 1 unless given; else NaN
	SD     float64
	Seed   int64
	File   string
	Text   string // the other prompt of patch

	At   hooks.Positions // where it acts
	From Origin          // of patch
	Site Site            // in a plan: the site of this part of a change; "" for the place's own
}

// ParseSpec reads the value of an intervention of a kind.
func ParseSpec(kind, value string) (Spec, error) {
	s := Spec{Kind: kind, Factor: math.NaN()}
	k, ok := KindOf(kind)
	var err error
	switch {
	case !ok:
		err = errors.New("there are " + kindNames())
	case k.Value == "" && value != "":
		err = errors.New("it takes no value")
	case k.read != nil:
		err = k.read(&s, value)
	case k.Value == "FILE" && !k.Optional && value == "":
		err = errors.New("it needs a .npy file")
	default:
		s.File = value
	}
	if err != nil {
		return s, choice("%s: %v", strings.TrimSpace(kind+" "+value), err)
	}
	return s, nil
}

// String returns the intervention in the form of a plan.
func (s Spec) String() string {
	value := s.File
	if k, ok := KindOf(s.Kind); ok && k.write != nil {
		value = k.write(s)
	}
	text := strings.TrimSpace(s.Kind + " " + value)
	if s.Site != "" {
		text += " at " + string(s.Site)
	}
	return text
}

// Conflict returns an error if two interventions at one point conflict in a run of T tokens: both
// replace the value at the same positions.
func Conflict(point string, specs []Spec, T int) error {
	replaces := func(s Spec) bool {
		k, _ := KindOf(s.Kind)
		return k.Replaces
	}
	for i, a := range specs {
		for _, b := range specs[:i] {
			if replaces(a) && replaces(b) && overlap(a.At, b.At, T) {
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
