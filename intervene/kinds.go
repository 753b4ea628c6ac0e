package intervene

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/hooks"
)

// A Kind is a kind of intervention: its written form, its effect, and the function that makes its
// action. Kinds lists all of them. The flags of the commands, plans, errors and the table in
// docs/interventions.md come from that list. A new kind is an action of package hooks and an entry
// there.
type Kind struct {
	Name     string
	Value    string // what its value is, such as "FACTOR"; "" for a kind without one
	Optional bool   // the value can be left out
	Example  string // its written form at a point: "h.3=0.8"
	Usage    string // what it does
	More     string // further forms of its value, at a point
	Given    string // its effect with a value, if the value is optional
	Many     string // the written form of several values, each a change of its own; "" for none
	Torch    string // the same in PyTorch, x the tensor [1,T,C]
	Replaces bool   // it replaces the whole value

	read    func(s *Spec, value string) error     // sets the spec's fields; nil where the value is a file
	write   func(s Spec) string                   // the value as read reads it; nil where it is a file
	many    func(value string) ([]string, error)  // the values that a value stands for; nil for itself
	bind    func(*Binder, *Bound, []string) error // sets the action at points
	undrawn func(s Spec) string                   // the spec without its seed; nil where nothing is drawn
}

// Kinds returns all kinds, in the order in which those at one point act: kinds that replace a
// state come before kinds that change it.
func Kinds() []Kind {
	return []Kind{
		{Name: "skip", Example: "h.3", Usage: "make a block the identity", Torch: "the block's input", Replaces: true,
			bind: always(func(Spec) hooks.Action { return hooks.Skip() })},
		{Name: "patch", Value: "TEXT", Example: `h.3@last="other prompt"`, Usage: "replace by the value of a run on another prompt", More: "POINT@3:5=TEXT takes its position 5 for position 3, and \"POINT@3 from h.8@5=TEXT\" its value at h.8", Torch: "the value of the other run", Replaces: true,
			read: readPatch, write: writePatch, bind: (*Binder).bindPatch},
		{Name: "set", Value: "FILE", Example: "h.3=state.npy", Usage: "replace by the array of a .npy file", Torch: "`v`", Replaces: true,
			bind: ofArray(func(s Spec, a array) hooks.Action { return hooks.Set(s.File, a.t) })},
		{Name: "mean", Value: "FILE", Optional: true, Example: "h.3.mlp", Usage: "replace by the mean over the run's positions", Given: "replace by the mean over all positions of a file of texts, one text a line",
			Torch: "`x.mean(1, keepdim=True)`, over all positions of the run", Replaces: true, bind: (*Binder).bindMean},
		{Name: "zero", Example: "h.3.mlp", Usage: "replace by zeros", Torch: "`torch.zeros_like(x)`", Replaces: true,
			bind: always(func(Spec) hooks.Action { return hooks.Zero() })},
		{Name: "scale", Value: "FACTOR", Example: "h.3=0.8", Usage: "multiply by a number", Many: "a list 0,0.5,0.8 or a range 0:2:0.1 with both ends", Torch: "`x * 0.8`",
			read: readFactor, write: func(s Spec) string { return number(s.Factor) }, many: factorTexts,
			bind: always(func(s Spec) hooks.Action { return hooks.Scale(s.Factor) })},
		{Name: "project-out", Value: "FILE", Example: "h.3=direction.npy", Usage: "remove the component along the direction [C] of a .npy file", Torch: "`x - (x * u).sum(-1, keepdim=True) * u`, `u = d / d.norm()`",
			bind: ofArray(func(s Spec, a array) hooks.Action { return hooks.ProjectOut(s.File, a.t) })},
		{Name: "add", Value: "FILE", Example: "h.3=steer.npy*2", Usage: "add the array of a .npy file, [C] for every position or [T,C]; FILE*F adds it F times", Torch: "`x + v * 2`",
			read: readTimes, write: writeTimes, bind: ofArray(func(s Spec, a array) hooks.Action { return hooks.AddTimes(s.File, a.t, s.Factor) })},
		{Name: "noise", Value: "SD", Example: "h.3=0.1,7", Usage: "add normal noise of standard deviation SD; SD,SEED sets the seed (default 0)", Many: "seeds 0..9 or 0,3,4, as in 0.1,0..9", Torch: "`x + torch.randn(x.shape, generator=g) * 0.1`, g a CPU generator with the seed 7",
			read: readNoise, write: func(s Spec) string { return fmt.Sprintf("%s,%d", number(s.SD), s.Seed) }, many: seedTexts,
			undrawn: func(s Spec) string { return "noise " + number(s.SD) },
			bind:    always(func(s Spec) hooks.Action { return hooks.Noise(s.SD, s.Seed) })},
	}
}

// KindOf returns the kind of a name, and whether it exists.
func KindOf(name string) (Kind, bool) {
	all := Kinds()
	if i := rank(name); i >= 0 {
		return all[i], true
	}
	return Kind{}, false
}

// Form returns the written form of the kind at a point, for people.
func (k Kind) Form() string {
	switch {
	case k.Value == "":
		return "POINT"
	case k.Optional:
		return "POINT or POINT=" + k.Value
	}
	return "POINT=" + k.Value
}

// AtPoint describes the effect of the kind at a point, for people.
func (k Kind) AtPoint() string {
	text := k.Usage
	if k.Given != "" {
		text += "; with " + k.Value + ", " + k.Given
	}
	if k.More != "" {
		text += "; " + k.More
	}
	return text
}

// DocTable returns the table of kinds of docs/interventions.md, in Markdown.
func DocTable() string {
	var out strings.Builder
	out.WriteString("| kind | flag of `lens`, `hidden` and `generate` | what it does | in PyTorch, x the tensor [1,T,C] |\n| --- | --- | --- | --- |\n")
	for _, k := range Kinds() {
		fmt.Fprintf(&out, "| %s | `--%s %s` | %s | %s |\n", k.Name, k.Name, k.Example, k.AtPoint(), k.Torch)
	}
	return out.String()
}

// rank returns the place of a kind in the order in which kinds act, or -1 for an unknown kind.
func rank(name string) int {
	return slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == name })
}

// Compare orders interventions at one point in the order in which they act.
func Compare(a, b Spec) int { return rank(a.Kind) - rank(b.Kind) }

// kindNames lists the kinds for people.
func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func readPatch(s *Spec, value string) error {
	s.Text = value
	if value == "" {
		return errors.New("it needs another prompt")
	}
	return nil
}

func writePatch(s Spec) string {
	text := strconv.Quote(s.Text)
	if !s.From.Own() {
		text += " from " + s.From.String()
	}
	return text
}

func readFactor(s *Spec, value string) (err error) {
	s.Factor, err = finite(value)
	return err
}

// factorTexts returns the factors of a list or range, each as a value.
func factorTexts(value string) ([]string, error) {
	factors, err := ParseFactors(value)
	var out []string
	for _, f := range factors {
		out = append(out, number(f))
	}
	return out, err
}

func readTimes(s *Spec, value string) error {
	s.File, s.Factor = value, 1
	if i := strings.LastIndexByte(value, '*'); i >= 0 {
		if f, bad := finite(value[i+1:]); bad == nil {
			s.File, s.Factor = value[:i], f
		}
	}
	if s.File == "" {
		return errors.New("it needs a .npy file, or FILE*F to add it F times")
	}
	return nil
}

func writeTimes(s Spec) string {
	if s.Factor != 1 {
		return s.File + "*" + number(s.Factor)
	}
	return s.File
}

func readNoise(s *Spec, value string) (err error) {
	sd, seed, given := strings.Cut(value, ",")
	if s.SD, err = finite(sd); err != nil {
		return err
	}
	if s.SD < 0 {
		return errors.New("a standard deviation is not negative")
	}
	if given {
		if s.Seed, err = strconv.ParseInt(seed, 10, 64); err != nil || s.Seed < 0 {
			return fmt.Errorf("the seed %q is no whole number from 0 on", seed)
		}
	}
	return nil
}

// seedTexts returns the values with one seed each of "0.1,0..9" or "0.1,0,3,4".
func seedTexts(value string) ([]string, error) {
	sd, list, given := strings.Cut(value, ",")
	if !given || !strings.ContainsAny(list, ",.") {
		return []string{value}, nil
	}
	var out []string
	for _, part := range strings.Split(list, ",") {
		low, high, isRange := strings.Cut(part, "..")
		if !isRange {
			high = low
		}
		from, err1 := strconv.ParseInt(low, 10, 64)
		to, err2 := strconv.ParseInt(high, 10, 64)
		if err1 != nil || err2 != nil || from < 0 || from > to || to-from >= mostFactors {
			return nil, choice("noise %s: the seeds %q are no whole numbers from 0 on, such as 0..9 or 0,3,4", value, part)
		}
		for seed := from; ; seed++ {
			text := fmt.Sprintf("%s,%d", sd, seed)
			if slices.Contains(out, text) {
				return nil, choice("noise %s: the seed %d is there twice", value, seed)
			}
			if out = append(out, text); seed == to {
				break
			}
		}
	}
	return out, nil
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

// always binds an action that is the same at every point.
func always(action func(Spec) hooks.Action) func(*Binder, *Bound, []string) error {
	return func(_ *Binder, out *Bound, _ []string) error {
		a := action(out.spec)
		out.action = func(string) hooks.Action { return a }
		return nil
	}
}

// ofArray binds an action with the array of a file, which must fit every point.
func ofArray(action func(Spec, array) hooks.Action) func(*Binder, *Bound, []string) error {
	return func(b *Binder, out *Bound, points []string) error {
		a, err := b.array(out.spec.File)
		if err != nil {
			return fmt.Errorf("%s: %w", out.spec, err)
		}
		for _, p := range points {
			if err := b.fits(out.spec, a, p); err != nil {
				return err
			}
		}
		out.Key += " (" + a.digest + ")"
		return always(func(s Spec) hooks.Action { return action(s, a) })(b, out, points)
	}
}
