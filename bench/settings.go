package bench

import (
	"slices"
	"strings"
	"time"

	"github.com/golens/golens/internal/choices"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

// Settings say what is measured. Defaults fills in empty fields.
type Settings struct {
	Works  []Kind      `json:"works"`
	Modes  []string    `json:"modes"`
	Kernel lens.Kernel `json:"kernel"` // of the fast mode; auto unless set
	Tokens []int       `json:"tokens"` // nil for each work's own lengths
	Runs   int         `json:"runs"`   // of each work, at most
	Pairs  int         `json:"pairs"`  // of runs with and without captures, at most
	New    int         `json:"new"`    // tokens that are generated
	Chunks int         `json:"chunks"` // of a text
	// Shape is that of a model of random weights, "" for any other. It is for the caller
	// to open.
	Shape string `json:"shape,omitempty"`
	// Time ends the measurement; what is under way is finished. 0 for no end.
	Time time.Duration `json:"time_ns"`
}

// The lengths that works have unless Settings say others.
var (
	lengths         = []int{1, 14, 64, 256, 1024}
	generateLengths = []int{14}
	textLengths     = []int{256}
)

// Defaults returns the settings with every empty field filled in.
func (s Settings) Defaults() Settings {
	if s.Works == nil {
		s.Works = Kinds
	}
	if s.Modes == nil {
		s.Modes = []string{Exact, Fast}
	}
	if s.Kernel == "" {
		s.Kernel = lens.Auto
	}
	for _, n := range []struct {
		at        *int
		otherwise int
	}{{&s.Runs, 10}, {&s.Pairs, 100}, {&s.New, 16}, {&s.Chunks, 4}} {
		if *n.at == 0 {
			*n.at = n.otherwise
		}
	}
	return s
}

// A ChoiceError says that Settings ask for something that does not exist.
type ChoiceError = choices.Error

func choice(format string, a ...any) error { return choices.Errorf(format, a...) }

func (s Settings) check() error {
	for i, k := range s.Works {
		if !slices.Contains(Kinds, k) {
			return choice("no work is called %q: there are %s", k, kindList())
		}
		if slices.Contains(s.Works[:i], k) {
			return choice("the work %s is named twice", k)
		}
	}
	for i, mode := range s.Modes {
		if mode != Exact && mode != Fast {
			return choice("no mode is called %q: there are exact and fast", mode)
		}
		if slices.Contains(s.Modes[:i], mode) {
			return choice("the mode %s is named twice", mode)
		}
	}
	for i, T := range s.Tokens {
		if T < 1 {
			return choice("a text of %d tokens cannot be read: 1 is the least", T)
		}
		if slices.Contains(s.Tokens[:i], T) {
			return choice("the length %d is named twice", T)
		}
	}
	for _, c := range []struct {
		n    int
		what string
	}{{s.Runs, "runs"}, {s.Pairs, "pairs of runs"}, {s.New, "new tokens"}, {s.Chunks, "chunks"}} {
		if c.n < 1 || c.n > 1_000_000 {
			return choice("there cannot be %d %s: give 1 to 1,000,000", c.n, c.what)
		}
	}
	if len(s.Works) == 0 || len(s.Modes) == 0 || s.Tokens != nil && len(s.Tokens) == 0 {
		return choice("nothing is left to measure")
	}
	return nil
}

func kindList() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// lengthsOf returns the lengths of a work that fit the model's context, and those that do not.
func (s Settings) lengthsOf(k Kind, m *model.Model) (fit, not []int) {
	all := s.Tokens
	if all == nil {
		switch k {
		case Generate:
			all = generateLengths
		case Text:
			all = textLengths
		default:
			all = lengths
		}
	}
	for _, T := range all {
		n := T
		if k == Generate {
			n += s.New - 1 // the last one is not read
		}
		if c := m.Sizes.Context; c > 0 && n > c {
			not = append(not, T)
		} else {
			fit = append(fit, T)
		}
	}
	slices.Sort(fit)
	return fit, not
}
