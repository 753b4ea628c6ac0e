package hooks

import (
	"fmt"
	"sort"
	"strings"

	"github.com/xrash/smetrics"

	"github.com/golens/golens/torch"
)

// Points knows the modules of a model by name: PyTorch's dotted paths, such as
// "h.3", "h.3.attn" or "ln_f". A name stands for what the module returns; with
// ":in" behind it, for the first argument that the module gets. Names that begin
// with "transformer." are understood as well.
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

const inputMark = ":in"

func (p *Points) resolve(name string) (canonical string, input bool, err error) {
	c, input := strings.CutSuffix(name, inputMark)
	c = strings.TrimPrefix(c, "transformer.")
	if a, ok := p.aliases[c]; ok {
		c = a
	}
	if _, ok := p.modules[c]; !ok {
		return "", false, &UnknownPointError{Name: name, Nearest: p.nearest(c)}
	}
	return c, input, nil
}

// An UnknownPointError says that a model has no point of a name, and which it has.
type UnknownPointError struct {
	Name    string
	Nearest []string
}

func (e *UnknownPointError) Error() string {
	return fmt.Sprintf("there is no hook point %q in this model; the nearest are %s", e.Name, strings.Join(e.Nearest, ", "))
}

// nearest returns the few points whose names look most like name.
func (p *Points) nearest(name string) []string {
	all := append([]string(nil), p.names...)
	for a := range p.aliases {
		all = append(all, a)
	}
	sort.Strings(all)
	near := func(s string) float64 { return smetrics.JaroWinkler(strings.ToLower(name), s, 0.7, 4) }
	sort.SliceStable(all, func(i, j int) bool { return near(all[i]) > near(all[j]) })
	return all[:min(4, len(all))]
}
