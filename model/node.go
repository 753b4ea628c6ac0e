package model

import (
	"embed"
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// The TorchScript text of each role. A text may have variants, chosen while it is
// compiled by what a module has (hasattr), so one text serves every family.
//
//go:embed roles/*.py
var roles embed.FS

// A node describes a module before it is built: its role, what it holds, and the
// names it goes by in its parent and in PyTorch.
type node struct {
	slot     string       // its name in its parent
	point    string       // PyTorch's dotted path, also the name of the hook point; "" for none
	role     string       // the text roles/ROLE.py; "" for a mere holder of children
	more     string       // text of this module alone, behind the role's
	params   []param      // tensors of the checkpoint
	attrs    []torch.Slot // numbers, and marks that choose a variant
	children []node
}

// A param is a tensor of the checkpoint that a module holds.
type param struct {
	slot  string
	key   string // its name in the checkpoint, without prefix
	shape []int64
}

// mark is an attribute that is only asked for by hasattr.
func mark(name string) torch.Slot { return torch.Slot{Name: name, Value: true} }

// build makes the node's module, children first, and names it as a hook point.
func (n node) build(u *torch.Unit, w *weights, points map[string]*torch.Module) (*torch.Module, error) {
	slots := append([]torch.Slot(nil), n.attrs...)
	for _, p := range n.params {
		t, err := w.tensor(p.key, p.shape)
		if err != nil {
			return nil, err
		}
		slots = append(slots, torch.Slot{Name: p.slot, Value: t})
		if n.role == "linear" { // which a run reads whole
			w.preload(p.key)
		}
	}
	for _, c := range n.children {
		m, err := c.build(u, w, points)
		if err != nil {
			return nil, err
		}
		if c.point == "" {
			defer m.Close() // it lives on in its parent
		}
		slots = append(slots, torch.Slot{Name: c.slot, Value: m})
	}
	text := n.more
	class := "Holder"
	if n.role != "" {
		role, err := roleText(n.role)
		if err != nil {
			return nil, fmt.Errorf("model: no text for the role %s: %w", n.role, err)
		}
		text = role + n.more
		class = className(n.role)
	}
	m, err := u.Define(class, text, slots...)
	if err != nil {
		return nil, err
	}
	if n.point != "" {
		points[n.point] = m
	}
	return m, nil
}

// roleText returns the text of a role. The tests try others than the embedded ones.
var roleText = func(role string) (string, error) {
	text, err := roles.ReadFile("roles/" + role + ".py")
	return string(text), err
}

// register makes the points known in the order of the tree, parents first.
func (n node) register(p *hooks.Points, built map[string]*torch.Module) {
	if n.point != "" {
		p.Add(n.point, built[n.point])
	}
	for _, c := range n.children {
		c.register(p, built)
	}
}

// className turns a role's name into a class's: "mlp" to "Mlp".
func className(role string) string { return string(role[0]-'a'+'A') + role[1:] }
