package hooks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/xrash/smetrics"

	"github.com/golens/golens/torch"
)

// Points knows the modules of a model by name: PyTorch's dotted paths, such as
// "h.3", "h.3.attn" or "ln_f". A name stands for what the module returns; with
// ":in" behind it, for the first argument that the module gets. "transformer." in
// front of a name, which some checkpoints have and some not, may be there or lack.
type Points struct {
	root    *torch.Module
	modules map[string]*torch.Module
	aliases map[string]string
	names   []string // in the order of addition
}

// NewPoints returns the points of a model, none so far.
func NewPoints(root *torch.Module) *Points {
	return &Points{root: root, modules: map[string]*torch.Module{}, aliases: map[string]string{}}
}

// Add makes a module known by a name. The Points own the handle from here on.
func (p *Points) Add(name string, m *torch.Module) {
	if _, ok := p.modules[name]; !ok {
		p.names = append(p.names, name)
	}
	p.modules[name] = m
}

// Alias makes a second name of a point known.
func (p *Points) Alias(alias, name string) { p.aliases[alias] = name }

// Names returns the points in the order in which the model has them.
func (p *Points) Names() []string { return p.names }

// Has reports whether name is a point.
func (p *Points) Has(name string) bool {
	_, _, err := p.resolve(name)
	return err == nil
}

// Canonical returns the one name that a point goes by, without prefix and alias.
func (p *Points) Canonical(name string) (string, error) {
	c, input, err := p.resolve(name)
	if err == nil && input {
		c += inputMark
	}
	return c, err
}

// Module returns the module of a point.
func (p *Points) Module(name string) (*torch.Module, error) {
	c, _, err := p.resolve(name)
	return p.modules[c], err
}

// Close frees the handles of all modules.
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

func (p *Points) resolve(name string) (canonical string, input bool, err error) {
	c, input := strings.CutSuffix(name, inputMark)
	bare := strings.TrimPrefix(c, prefix)
	for _, n := range []string{c, bare, prefix + c} {
		if a, ok := p.aliases[n]; ok {
			n = a
		}
		if _, ok := p.modules[n]; ok {
			return n, input, nil
		}
	}
	return "", false, &UnknownPointError{Name: name, Nearest: p.nearest(bare)}
}

// An UnknownPointError says that a model has no point of a name, and which it has.
type UnknownPointError struct {
	Name    string
	Nearest []string
}

func (e *UnknownPointError) Error() string {
	if len(e.Nearest) == 0 {
		return fmt.Sprintf("there is no hook point %q in this model: it has none", e.Name)
	}
	return fmt.Sprintf("there is no hook point %q in this model; the nearest are %s", e.Name, strings.Join(e.Nearest, ", "))
}

// nearest returns the few points that name may have meant: first the one that
// differs in signs only ("h3": h.3), then those of which it is the end ("mlp":
// h.0.mlp, h.1.mlp), those that contain it, and those that look most like it.
func (p *Points) nearest(name string) []string {
	name = strings.ToLower(name)
	all := append(append([]string(nil), p.names...), slices.Sorted(maps.Keys(p.aliases))...)
	near := make(map[string]float64, len(all))
	for _, s := range all {
		low := strings.ToLower(s)
		near[s] = smetrics.JaroWinkler(name, low, 0.7, 4)
		switch {
		case name == "":
		case signs.Replace(low) == signs.Replace(name):
			near[s] = 4
		case strings.HasSuffix(low, "."+name):
			near[s] = 3
		case strings.Contains(low, name):
			near[s] += 1
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(near[b], near[a]) })
	return all[:min(4, len(all))]
}

// signs takes out what joins the words of a name.
var signs = strings.NewReplacer(".", "", "_", "", "-", "", "[", "", "]", "", " ", "")
