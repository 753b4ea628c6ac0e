package hooks

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/golens/golens/internal/similar"
	"github.com/golens/golens/torch"
)

// Points knows the modules of a model by name: PyTorch's dotted paths, such as
// "h.3", "h.3.attn" or "ln_f". A name stands for what the module returns; with
// ":in" behind it, for the first argument that the module gets. "h.3.attn:h5" is what
// head 5 gives to the projection at the attention's end. "transformer." in
// front of a name, which some checkpoints have and some not, may be there or lack.
type Points struct {
	root    *torch.Module
	modules map[string]*torch.Module
	aliases map[string]string
	heads   map[string]heads
	names   []string // in the order of addition
	by      *torch.Products
	ctx     context.Context // ends runs; nil for never
}

// heads say where the heads of an attention lie: dim columns each of the input of a module.
type heads struct {
	projection string
	n, dim     int
}

// Using returns the same points, in whose runs kernels compute some modules, nil for none,
// and whose runs end between two modules when ctx is done.
func (p *Points) Using(ctx context.Context, by *torch.Products) *Points {
	other := *p
	other.ctx, other.by = ctx, by
	return &other
}

// NewPoints returns the points of a model, none so far. The zero Points are of no model: a
// run of them is an error.
func NewPoints(root *torch.Module) *Points {
	p := &Points{root: root}
	p.prepare()
	return p
}

func (p *Points) prepare() {
	if p.modules == nil {
		p.modules, p.aliases, p.heads = map[string]*torch.Module{}, map[string]string{}, map[string]heads{}
	}
}

// Add makes a module known by a name. The Points own the handle from here on.
func (p *Points) Add(name string, m *torch.Module) {
	p.prepare()
	if _, ok := p.modules[name]; !ok {
		p.names = append(p.names, name)
	}
	p.modules[name] = m
}

// Alias makes a second name of a point known.
func (p *Points) Alias(alias, name string) {
	p.prepare()
	p.aliases[alias] = name
}

// AddHeads makes the heads of an attention known, n of them: what they give are the
// columns of the input of the module called projection, dim for each.
func (p *Points) AddHeads(attention, projection string, n, dim int) {
	p.prepare()
	p.heads[attention] = heads{projection, n, dim}
}

// Heads returns how many heads are known at a point, 0 for none.
func (p *Points) Heads(name string) int {
	s, err := p.resolve(name)
	if err != nil {
		return 0
	}
	return p.heads[s.canonical].n
}

// Names returns the points in the order in which the model has them.
func (p *Points) Names() []string { return p.names }

// Has reports whether name is a point.
func (p *Points) Has(name string) bool {
	_, err := p.resolve(name)
	return err == nil
}

// Canonical returns the one name that a point goes by, without prefix and alias.
func (p *Points) Canonical(name string) (string, error) {
	s, err := p.resolve(name)
	return s.canonical, err
}

// Module returns the module of a point; of a head, the projection that reads it.
func (p *Points) Module(name string) (*torch.Module, error) {
	s, err := p.resolve(name)
	return p.modules[s.module], err
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
	headMark  = ":h"
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
		if _, ok := p.modules[n]; !ok {
			continue
		}
		switch {
		case mark == "" || mark == inputMark:
			return spot{canonical: n + mark, module: n, input: mark != ""}, nil
		case strings.HasPrefix(mark, headMark):
			return p.head(name, n, mark)
		}
		break
	}
	return spot{}, &UnknownPointError{Name: name, Nearest: p.nearest(bare)}
}

// head returns what a mark such as ":h5" means behind the name of an attention.
func (p *Points) head(name, attention, mark string) (spot, error) {
	h, ok := p.heads[attention]
	if !ok {
		return spot{}, &HeadError{Name: name}
	}
	i, err := strconv.Atoi(mark[len(headMark):])
	if err != nil || i < 0 || i >= h.n || strconv.Itoa(i) != mark[len(headMark):] {
		return spot{}, &HeadError{Name: name, Heads: h.n}
	}
	return spot{canonical: attention + mark, module: h.projection, input: true, columns: []int64{int64(i * h.dim), int64(h.dim)}}, nil
}

// A HeadError says that a point has not the head that is asked for.
type HeadError struct {
	Name  string
	Heads int // how many there are, 0 where the point has none
}

func (e *HeadError) Error() string {
	if e.Heads == 0 {
		return fmt.Sprintf("there are no heads at %q: they are at a block's attention, such as h.0.attn:h0, where a model tells of them", e.Name)
	}
	return fmt.Sprintf("there is no head %q: the attention has %d, written :h0 to :h%d", e.Name, e.Heads, e.Heads-1)
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

// signs takes out what joins the words of a name.
var signs = strings.NewReplacer(".", "", "_", "", "-", "", "[", "", "]", "", " ", "")
