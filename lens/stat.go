package lens

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/golens/golens/torch"
)

// A Stat is a statistic of a row's logits that is computed on request (Options.Stats). Its
// values are float32: one for each cell, or one for each target. Every reading computes it,
// ReadText takes its means, and files, terminal and page show it by what is said here.
//
// A Stat is a file of its own in this package, with a line in Stats, or a value that a
// program makes for itself.
type Stat struct {
	Name  string // of its array and column, such as "margin": small letters, digits and _
	Title string // for people, such as "margin of the likeliest token"
	Unit  string // such as "nats"; "" for plain numbers
	Doc   string // what it is, in a few words

	OfTargets bool // one value for each target, not for each cell

	// Exact is the method "stat" as TorchScript text. It is given the logits x [1,T,V] in
	// float32 of all positions that are read together, since a sum over the vocabulary has
	// other bits when a position is taken alone. Of cells:
	//
	//	def stat(self, x: Tensor) -> Tensor:                           # [1,T]
	//
	// and of targets, with positions at [Q] and ids [Q,N]:
	//
	//	def stat(self, x: Tensor, at: Tensor, ids: Tensor) -> Tensor:  # [Q,N]
	Exact string

	// Fast, if it is set, makes the value in fast mode from what the kernels read anyway.
	// It needs Candidates of each cell; where Options.Top is less, and where Fast is nil,
	// fast mode computes logits a second time and gives them to Exact.
	Fast       func(FastCell) float32
	Candidates int
}

// A FastCell is what fast mode reads of one cell, and of one target for a Stat of targets.
type FastCell struct {
	TopIDs                 []int64 // [K], likeliest first
	TopLogits              []float32
	LogSumExp, Entropy, KL float64 // nats

	TargetLogit            float32
	TargetRank, TargetTies int64
}

// Stats are the statistics that StatOf knows, in the order of docs and help.
func Stats() []Stat { return []Stat{Margin, InTop(10)} }

// StatOf returns the statistic of a name. "in_top_K" is InTop of any K.
func StatOf(name string) (Stat, error) {
	all := Stats()
	if i := slices.IndexFunc(all, func(s Stat) bool { return s.Name == name }); i >= 0 {
		return all[i], nil
	}
	if s, ok := inTopOf(name); ok {
		return s, nil
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return Stat{}, choice("no statistic is called %q: there are %s, and in_top_K for any K", name, strings.Join(names, ", "))
}

// A StatValues is a statistic of a result: [R,P], or [R,Q,N] of targets as in Targets.
type StatValues struct {
	Stat
	Values []float32 // NaN where the text has no next token
}

// StatNamed returns a statistic that was asked for, and nil for another.
func (r *Result) StatNamed(name string) *StatValues {
	i := slices.IndexFunc(r.Stats, func(s StatValues) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Stats[i]
}

// statPrograms are the compiled texts of statistics, by text.
var statPrograms sync.Map

// call computes the statistic of logits x; at and ids are those of targets.
func (s Stat) call(x, at, ids *torch.Tensor) (*torch.Tensor, error) {
	program, ok := statPrograms.Load(s.Exact)
	if !ok {
		program, _ = statPrograms.LoadOrStore(s.Exact, torch.NewProgram("Stat", s.Exact))
	}
	args := []any{x}
	if s.OfTargets {
		args = append(args, at, ids)
	}
	v, err := torch.One(program.(*torch.Program).Call("stat", args...))
	if err != nil {
		return nil, fmt.Errorf("the statistic %s: %w", s.Name, err)
	}
	want := []int64{1, x.Shape()[1]}
	if s.OfTargets {
		want = ids.Shape()
	}
	if got := v.Shape(); !slices.Equal(got, want) {
		v.Close()
		return nil, fmt.Errorf("the statistic %s of logits %v has the shape %v where %v was expected", s.Name, x.Shape(), got, want)
	}
	return v, nil
}

// checkStats says what is wrong with the statistics that are asked for.
func (p *plan) checkStats() error {
	seen := map[string]bool{}
	for _, s := range p.Stats {
		switch {
		case s.Name == "" || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			return choice("a statistic cannot be called %q: its name has small letters, digits and _", s.Name)
		case seen[s.Name]:
			return choice("the statistic %s is asked for twice", s.Name)
		case s.OfTargets && !p.Next && len(p.Words) == 0:
			return choice("the statistic %s is one of targets, and there are none: ask for words or for the text's next tokens", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// stats computes the statistics of logits x [1,T,V]: of each [P], or [Q,N] of targets.
func (r *reader) stats(x *torch.Tensor) ([][]float32, error) {
	out := make([][]float32, len(r.Stats))
	for i, s := range r.Stats {
		v, err := s.call(x, r.targetsAt, r.targets)
		if err != nil {
			return nil, err
		}
		all, err := torch.Values[float32](v)
		v.Close()
		if err != nil {
			return nil, fmt.Errorf("the statistic %s: %w", s.Name, err)
		}
		if out[i] = all; !s.OfTargets {
			out[i] = nil
			for _, p := range r.positions {
				out[i] = append(out[i], all[p])
			}
		}
	}
	return out, nil
}

// joinStats puts the rows' values of each statistic together.
func (r *reader) joinStats() {
	for i, s := range r.Stats {
		v := StatValues{Stat: s}
		for _, c := range r.cells {
			v.Values = append(v.Values, c.stats[i]...)
		}
		if t := r.out.Targets; s.OfTargets && t.Next {
			for k := range v.Values {
				if t.IDs[k%len(t.IDs)] < 0 {
					v.Values[k] = float32(math.NaN())
				}
			}
		}
		r.out.Stats = append(r.out.Stats, v)
	}
}
