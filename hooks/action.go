package hooks

import (
	_ "embed"
	"fmt"
	"strconv"
	"sync"

	"github.com/golens/golens/torch"
)

// An Action is what an intervention does to the tensor at a point. Actions at one
// point act in the order in which they were added.
type Action struct {
	text   string // for people and manifests: "scale 0.8"
	method string // of actions.py, or "" for a function of Go
	args   []any
	fn     torch.HookFunc
}

// String returns the action in words, such as "scale 0.8".
func (a Action) String() string { return a.text }

// Scale multiplies the tensor by a number, as `out * by` does in PyTorch.
func Scale(by float64) Action {
	return Action{text: "scale " + strconv.FormatFloat(by, 'g', -1, 64), method: "scale", args: []any{by}}
}

// Zero puts zeros in the tensor's place (zero ablation).
func Zero() Action { return Action{text: "zero", method: "zero"} }

// Add adds v, of the point's shape or repeated over the leading dimensions that it
// lacks: a [C] vector steers every position. The name stands for v in manifests.
func Add(name string, v *torch.Tensor) Action {
	return Action{text: "add " + name, method: "add", args: []any{v}}
}

// Set puts v in the tensor's place (patching); shapes as for Add.
func Set(name string, v *torch.Tensor) Action {
	return Action{text: "set " + name, method: "set", args: []any{v}}
}

// Func hands the tensor to a function of Go, and puts what it returns in the
// tensor's place; nil leaves the tensor as it is. Both tensors are closed for the
// function: see torch.HookFunc.
func Func(name string, f torch.HookFunc) Action { return Action{text: name, fn: f} }

//go:embed actions.py
var actionsText string

var actions = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Actions", actionsText)
})

// step returns what torch does for the action at a module.
func (a Action) step(at *torch.Module, input bool) (torch.Step, error) {
	s := torch.Step{At: at, Input: input}
	if a.fn != nil {
		s.Func = a.fn
		return s, nil
	}
	if a.method == "" {
		return s, fmt.Errorf("hooks: the zero Action does nothing: use Scale, Zero, Add, Set or Func")
	}
	m, err := actions()
	if err != nil {
		return s, err
	}
	s.Fn, s.Method, s.Args = m, a.method, a.args
	return s, nil
}
