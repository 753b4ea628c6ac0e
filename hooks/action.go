package hooks

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/torch"
)

// An Action is what an intervention does to the tensor at a point, or to a part of it: see At and
// Rows. Actions at one point act in the order in which they were added.
type Action struct {
	text   string // for people and manifests: "scale 0.8"
	method string // of actions.py, skipMethod, or "" for a function of Go
	args   []any
	fn     torch.HookFunc

	at   Positions
	rows []int64 // of the batch; nil for all
}

// skipMethod is the method of an action that needs the input of its module.
const skipMethod = "skip"

// String returns the action in words, such as "scale 0.8" or "zero at last".
func (a Action) String() string {
	text := a.text
	if !a.at.All() {
		text += " at " + a.at.String()
	}
	if a.rows != nil {
		text += " in rows " + strings.Trim(strings.ReplaceAll(fmt.Sprint(a.rows), " ", ","), "[]")
	}
	return text
}

// At returns the action limited to positions, dimension 1 of the tensor [B,T,C]. Other positions
// keep their bits.
func (a Action) At(p Positions) Action {
	a.at = p
	return a
}

// Rows returns the action limited to rows of the batch, dimension 0 of the tensor [B,T,C]. Other
// rows keep their bits.
func (a Action) Rows(rows ...int) Action {
	a.rows = []int64{}
	for _, r := range rows {
		a.rows = append(a.rows, int64(r))
	}
	return a
}

// Scale multiplies the tensor by a number, as `out * by` does in PyTorch.
func Scale(by float64) Action {
	return Action{text: "scale " + number(by), method: "scale", args: []any{by}}
}

// Zero replaces the tensor by zeros (zero ablation).
func Zero() Action { return Action{text: "zero", method: "zero"} }

// Mean replaces each position by the mean over all positions of the run (mean ablation), as
// `out.mean(1, keepdim=True)` does in PyTorch.
func Mean() Action { return Action{text: "mean", method: "mean"} }

// Add adds v to the tensor. v has the point's shape, or is repeated over the leading dimensions
// that it lacks: a vector [C] steers every position. With positions, v has a row for each of them,
// or for the whole run. The name stands for v in manifests.
func Add(name string, v *torch.Tensor) Action { return AddTimes(name, v, 1) }

// AddTimes adds v * by. Shapes are as for Add.
func AddTimes(name string, v *torch.Tensor, by float64) Action {
	text := "add " + name
	if by != 1 {
		text += "*" + number(by)
	}
	return Action{text: text, method: "add", args: []any{v, by}}
}

// Set replaces the tensor by v. Shapes are as for Add.
func Set(name string, v *torch.Tensor) Action {
	return Action{text: "set " + name, method: "set", args: []any{v}}
}

// Noise adds normal noise of standard deviation sd. The noise is `sd` times torch.randn in the
// point's whole shape, from a CPU generator with the seed. In a run that continues an earlier one,
// the shape is that of the call.
func Noise(sd float64, seed int64) Action {
	return Action{text: fmt.Sprintf("noise %s seed %d", number(sd), seed), method: "noise", args: []any{sd, seed}}
}

// ProjectOut removes the component along a direction v [C] from each position: x - (x·u)u with u =
// v / |v|. A zero v is an error.
func ProjectOut(name string, v *torch.Tensor) Action {
	return Action{text: "project-out " + name, method: "project_out", args: []any{v}}
}

// Patch replaces states of this run by states of another run (activation patching). source
// [B,T',C] is what the other run had, at this point or at any other of the same width.
//
// The positions at of this run get the positions from of the other run, one for one in the order
// in which they are written. Where from is all, at is read in both runs: 3 is position 3 of each,
// and -1 the last of each. Where both are all, both runs must have the same length.
func Patch(name string, source *torch.Tensor, from, at Positions) Action {
	text := "patch " + name
	if !from.All() {
		text += " from " + from.String()
	}
	return Action{text: text, method: "patch", args: []any{source, ints(from.ends)}, at: at}
}

// CheckPatch returns an error if a patch of a run of T positions by a run of S lacks a partner for
// a position: see Patch.
func CheckPatch(from, at Positions, T, S int) error {
	out, err := actions.Call("check_patch", T, ints(at.ends), S, ints(from.ends))
	if err != nil {
		return err
	}
	return out[0].Close()
}

// Skip replaces the output of a module by its input, so that a block becomes the identity. Input
// and output must have the same shape.
func Skip() Action { return Action{text: "skip", method: skipMethod} }

// Func gives the tensor, or the part that At and Rows choose, to a Go function and replaces it by
// the function's result. A nil result leaves the tensor unchanged. Both tensors are closed for the
// function: see torch.HookFunc.
func Func(name string, f torch.HookFunc) Action { return Action{text: name, fn: f} }

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// ints is a list for TorchScript, None for nil.
func ints(v []int64) any {
	if v == nil {
		return nil
	}
	return v
}

//go:embed actions.py
var actionsText string

var actions = torch.NewProgram("Actions", actionsText)

// check returns an error for an action that cannot do anything.
func (a Action) check() error {
	if a.fn == nil && a.method == "" {
		return fmt.Errorf("hooks: the zero Action does nothing: use Scale, Zero, Add, Set or Func")
	}
	for i, r := range a.rows {
		if r < 0 || slices.Contains(a.rows[:i], r) {
			return fmt.Errorf("hooks: %s: rows of a batch are counted from 0, and each is named once", a)
		}
	}
	return nil
}

// A place is the module and the part of its tensor at which an action acts.
type place struct {
	at      *torch.Module
	input   bool
	columns []int64 // the first and how many; nil for all
	first   int     // see Registry.first
}

// steps returns what torch does for the action at a place.
func (a Action) steps(p place) ([]torch.Step, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	m, err := actions.Module()
	if err != nil {
		return nil, err
	}
	part := []any{ints(a.rows), ints(a.at.ends), ints(p.columns), p.first}
	step := torch.Step{At: p.at, Input: p.input}
	switch {
	case a.fn != nil && a.rows == nil && a.at.All() && p.columns == nil:
		step.Func = a.fn
	case a.fn != nil:
		step.Func = func(x *torch.Tensor) (*torch.Tensor, error) { return a.partly(m, x, part) }
	case a.method == skipMethod:
		return a.skip(m, p, part)
	default:
		step.Fn, step.Method, step.Args = m, a.method, append(part, a.args...)
	}
	return []torch.Step{step}, nil
}

// partly runs the action's function on a part of x and returns x with that part replaced.
func (a Action) partly(m *torch.Module, x *torch.Tensor, part []any) (*torch.Tensor, error) {
	var sc torch.Scope
	defer sc.Close()
	old, err := m.Call("part", append([]any{x}, part...)...)
	if err != nil {
		return nil, err
	}
	torch.Keep(&sc, old[0])
	if slices.Contains(old[0].Shape(), 0) {
		return nil, nil // no position of the action's is in this step
	}
	made, err := a.fn(old[0])
	if err != nil || made == nil {
		return nil, err
	}
	torch.Keep(&sc, made)
	out, err := m.Call("put", append(append([]any{x}, part...), made)...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// skip keeps the module's input and replaces the output by it. The two steps belong to one call
// and share the kept tensor.
func (a Action) skip(m *torch.Module, p place, part []any) ([]torch.Step, error) {
	if p.input || p.columns != nil {
		return nil, fmt.Errorf("hooks: skip needs a module with an input and an output, such as a block: name it without anything behind it")
	}
	var kept *torch.Tensor
	keep := func(x *torch.Tensor) (t *torch.Tensor, err error) {
		kept, err = x.Clone()
		return nil, err
	}
	put := func(*torch.Tensor) (*torch.Tensor, error) {
		defer kept.Close()
		return kept.Clone()
	}
	if a.rows != nil || !a.at.All() {
		put = func(x *torch.Tensor) (*torch.Tensor, error) {
			defer kept.Close()
			old, err := m.Call("part", append([]any{kept}, part...)...)
			if err != nil {
				return nil, err
			}
			defer old[0].Close()
			out, err := m.Call("put", append(append([]any{x}, part...), old[0])...)
			if err != nil {
				return nil, err
			}
			return out[0], nil
		}
	}
	return []torch.Step{{At: p.at, Input: true, Func: keep}, {At: p.at, Func: put}}, nil
}

// NeedsModule reports whether the action needs the input of its module as well as the output. Such
// an action cannot be applied to a tensor alone.
func (a Action) NeedsModule() bool { return a.method == skipMethod }

// ByRow reports whether the action treats each row of a batch as it treats that row alone. Noise
// does not, because it is drawn for the whole tensor, and neither does a Go function.
func (a Action) ByRow() bool { return a.fn == nil && a.method != "noise" }

// Apply returns the result of the action for a tensor x [B,T,C] outside of a run, with the same
// bits as in a run. Skip is an error, because it needs a module.
func (a Action) Apply(x *torch.Tensor) (*torch.Tensor, error) {
	if a.method == skipMethod {
		return nil, fmt.Errorf("hooks: skip needs a module, and has none outside of a run")
	}
	steps, err := a.steps(place{first: -1})
	if err != nil {
		return nil, err
	}
	s := steps[0]
	if s.Func != nil {
		out, err := s.Func(x)
		if out == nil && err == nil {
			return x.Clone()
		}
		return out, err
	}
	out, err := s.Fn.Call(s.Method, append([]any{x}, s.Args...)...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
