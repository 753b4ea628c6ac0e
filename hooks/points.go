package hooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/golens/golens/internal/similar"
	"github.com/golens/golens/torch"
)

// Points are the named modules of a model. A name is PyTorch's dotted path, such as "h.3",
// "h.3.attn" or "ln_f", and stands for the module's output. With ":in" after it, the name stands
// for the module's first argument.
//
// "h.3.attn:h5" is the part of head 5 in the input of the attention's output projection. q5, k5
// and v5 are the head's query, key and value: see AddHeads. The prefix "transformer.", which only
// some checkpoints have, is optional.
type Points struct {
	root    *torch.Module
	modules map[string]*torch.Module
	aliases map[string]string
	foreign map[string]string
	absent  map[string]string
	heads   map[string]Heads  // by attention and mark: "h.3.attn:q"
	ofHeads map[string]string // by the module that makes the tensor, such as a projection: "h.3.attn:q"
	names   []string          // in the order of addition
	by      *torch.Products
	ctx     context.Context // ends runs; nil for never
}

// Using returns the same points for runs in which kernels compute the modules of by, and which end
// between two modules when ctx is done. by can be nil.
func (p *Points) Using(ctx context.Context, by *torch.Products) *Points {
	other := *p
	other.ctx, other.by = ctx, by
	return &other
}

// NewPoints returns an empty set of points for a model. The zero Points have no model, and a run
// of them is an error.
func NewPoints(root *torch.Module) *Points {
	p := &Points{root: root}
	p.prepare()
	return p
}

func (p *Points) prepare() {
	if p.modules == nil {
		p.modules, p.aliases, p.foreign, p.absent = map[string]*torch.Module{}, map[string]string{}, map[string]string{}, map[string]string{}
		p.heads, p.ofHeads = map[string]Heads{}, map[string]string{}
	}
}

// Add names a module. The Points own the module handle from then on.
func (p *Points) Add(name string, m *torch.Module) {
	p.prepare()
	if _, ok := p.modules[name]; !ok {
		p.names = append(p.names, name)
	}
	p.modules[name] = m
}

// Alias adds a second name for a point.
func (p *Points) Alias(alias, name string) {
	p.prepare()
	p.aliases[alias] = name
}

// Foreign adds the name that another program or another family has for a point. Errors never
// suggest such names. The point can be one of heads: "h.3.attn:q".
func (p *Points) Foreign(alias, name string) {
	p.prepare()
	p.foreign[alias] = name
}

// Absent registers a name that this model does not have, with a sentence for the error that says
// what there is instead.
func (p *Points) Absent(name, why string) {
	p.prepare()
	p.absent[name] = why
}

// Names returns the names of the points in the order of the model.
func (p *Points) Names() []string { return p.names }

// Has reports whether name is a point.
func (p *Points) Has(name string) bool {
	_, err := p.resolve(name)
	return err == nil
}

// Canonical returns the main name of a point, without prefix or alias.
func (p *Points) Canonical(name string) (string, error) {
	s, err := p.resolve(name)
	return s.canonical, err
}

// Module returns the module of a point. For a head, that is the projection whose tensor holds the
// head.
func (p *Points) Module(name string) (*torch.Module, error) {
	s, err := p.resolve(name)
	return p.modules[s.module], err
}

// Close closes the handles of all modules.
func (p *Points) Close() error {
	for _, m := range p.modules {
		m.Close()
	}
	return nil
}

const (
	inputMark = ":in"
	prefix    = "transformer."
)

// A spot is what a name means.
type spot struct {
	canonical string // the one name that it goes by
	module    string
	input     bool
	columns   []int64 // the first and how many, of a head; nil for all
}

func (p *Points) resolve(name string) (spot, error) {
	c, mark := name, ""
	if i := strings.IndexByte(name, ':'); i >= 0 {
		c, mark = name[:i], name[i:]
	}
	bare := strings.TrimPrefix(c, prefix)
	for _, n := range []string{c, bare, prefix + c} {
		if a, ok := p.aliases[n]; ok {
			n = a
		}
		if a, ok := p.foreign[n]; ok && p.modules[n] == nil {
			switch base, letter, _ := strings.Cut(a, ":"); {
			case letter == "in" && mark == "":
				n, mark = base, inputMark
			case letter != "":
				return p.head(name, a, mark)
			default:
				n = a
			}
		}
		if _, ok := p.modules[n]; !ok {
			continue
		}
		if mark == "" || mark == inputMark {
			return spot{canonical: n + mark, module: n, input: mark != ""}, nil
		}
		if whole, ok := p.ofHeads[n]; ok && strings.HasPrefix(mark, ":h") {
			return p.head(name, whole, mark)
		}
		if len(mark) > 1 && strings.Contains("hzqkv", mark[1:2]) {
			return p.head(name, n+mark[:2], mark)
		}
		break
	}
	for _, n := range []string{c, bare, prefix + c} {
		if why, ok := p.absent[n]; ok {
			return spot{}, &UnknownPointError{Name: name, Why: why}
		}
	}
	return spot{}, &UnknownPointError{Name: name, Nearest: p.nearest(bare)}
}

// An UnknownPointError says that a model has no point of a name, and names the nearest points.
type UnknownPointError struct {
	Name    string
	Nearest []string
	Why     string // why there is none, and what to use instead; "" if unknown
}

func (e *UnknownPointError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("there is no hook point %q in this model: %s", e.Name, e.Why)
	}
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("there is no hook point %q in this model: it has none", e.Name)
	}
	return fmt.Sprintf("there is no hook point %q in this model; the nearest are %s", e.Name, strings.Join(e.Nearest, ", "))
}

// nearest returns the few points that are similar to name: first the one that
// differs in punctuation only ("h3": h.3), then those of which it is the end ("mlp":
// h.0.mlp, h.1.mlp), those that contain it, and those that look most like it.
func (p *Points) nearest(name string) []string {
	name = strings.ToLower(name)
	all := append(append([]string(nil), p.names...), slices.Sorted(maps.Keys(p.aliases))...)
	return similar.Nearest(all, func(s string) float64 {
		low := strings.ToLower(s)
		switch {
		case name == "":
		case signs.Replace(low) == signs.Replace(name):
			return 4
		case strings.HasSuffix(low, "."+name):
			return 3
		case strings.Contains(low, name):
			return similar.Score(name, low) + 1
		}
		return similar.Score(name, low)
	}, 0, 4)
}

// signs removes the punctuation of a name.
var signs = strings.NewReplacer(".", "", "_", "", "-", "", "[", "", "]", "", " ", "")
