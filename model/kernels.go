package model

import (
	"fmt"
	"sync"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
	"github.com/golens/golens/torch/sumorder"
)

// What kernels compute of a model, in the place of the text of its modules. They read
// weights where they are mapped, or packed: when that is asked for first, one tensor after
// the other, and the pages in which they were mapped are given back, which come again from
// the file if something reads them. All of it belongs to whoever holds the device.
type kernels struct {
	weights  map[string]weight // by the checkpoint's names
	plain    *torch.Products   // has the bits of the text, whatever the shape; nil for none
	fast     *torch.Products
	headFast bool                         // the head is among the fast ones
	room     func() error                 // whether there is memory for packed weights, asked once
	ordered  map[shapeKey]*torch.Products // has the bits of the text at one shape; nil for none
	batched  map[shapeKey]*batched
	orders   sumorder.Table
}

// A weight is one of the checkpoint's, as kernels read it.
type weight struct {
	*torch.Weight
	packed bool
}

// A shapeKey is what products belong to that have the bits of libtorch's.
type shapeKey struct{ tokens, threads int }

func newKernels() kernels {
	return kernels{weights: map[string]weight{}, ordered: map[shapeKey]*torch.Products{}, batched: map[shapeKey]*batched{},
		orders: sumorder.Table{}}
}

// A product is a module that multiplies by a weight.
type product struct {
	at     *torch.Module
	weight param
	bias   *param
	conv   bool // the weight is [in,out]
}

// products returns the modules of a role among a node and what is below it.
func (n node) products(role string, built map[string]*torch.Module) []product {
	var out []product
	if n.role == role && built[n.point] != nil {
		p := product{at: built[n.point]}
		for i := range n.params {
			switch n.params[i].slot {
			case "weight":
				p.weight = n.params[i]
			case "bias":
				p.bias = &n.params[i]
			}
		}
		p.conv = n.has("conv")
		out = append(out, p)
	}
	for _, c := range n.children {
		out = append(out, c.products(role, built)...)
	}
	return out
}

// has reports whether a module has an attribute.
func (n node) has(mark string) bool {
	for _, a := range n.attrs {
		if a.Name == mark {
			return true
		}
	}
	return false
}

// activations returns the modules of a kind of activation.
func (n node) activations(kind string, built map[string]*torch.Module) []*torch.Module {
	var out []*torch.Module
	if n.role == "activation" && n.has(kind) {
		out = append(out, built[n.point])
	}
	for _, c := range n.children {
		out = append(out, c.activations(kind, built)...)
	}
	return out
}

// Packs returns nil if golens's kernels can compute the model's products and there is memory for
// packed weights. Otherwise it returns a ChoiceError with the reason.
func (m *Model) Packs() error {
	if err := m.Kernels(); err != nil {
		return err
	}
	return m.kernels.room()
}

// Kernels returns nil if golens's kernels can compute the model's products, and otherwise a
// ChoiceError with the reason.
func (m *Model) Kernels() error {
	switch {
	case m.archive != nil:
		return choice("model: %s is a TorchScript archive, whose products are its own code: kernels are for models from a folder", m.Name)
	case !m.Device.Kernels():
		return choice("model: %s is on %s: kernels are for the CPU", m.Name, m.Device)
	case m.DType != torch.Float32:
		return choice("model: %s computes in %s: kernels are for float32", m.Name, m.DType)
	}
	return nil
}

// preparePlain has what needs no packed weights computed by kernels that keep all bits.
func (m *Model) preparePlain() error {
	if m.Kernels() != nil {
		return nil
	}
	m.kernels.room = sync.OnceValue(func() error { return m.room(proc.Available) })
	p, err := torch.NewProducts()
	if err != nil {
		return err
	}
	m.kernels.plain = p
	return m.geluByParts(p)
}

func (m *Model) geluByParts(p *torch.Products) error {
	for _, at := range m.tree.activations("gelu_new", m.built) {
		if err := p.GELUNew(at); err != nil {
			return err
		}
	}
	return nil
}

// weight returns a product's weight, as it is there already or in place, or in panels. When
// it is packed first its mapped pages are given back.
func (m *Model) weight(p product, pack bool) (*torch.Weight, error) {
	w := m.weights
	e, ok := w.find(p.weight.key)
	if !ok {
		return nil, fmt.Errorf("model: %s has no tensor %s: %w", w.from, p.weight.key, errNoTensor)
	}
	made, ok := m.kernels.weights[e.Name]
	if ok && (made.packed || !pack) {
		return made.Weight, nil
	}
	t, err := w.tensor(p.weight.key, p.weight.shape)
	if err != nil {
		return nil, err
	}
	read := torch.InPlace
	if pack {
		read = torch.Pack
	}
	got, err := read(t, p.conv)
	if err != nil {
		return nil, err
	}
	made.Close()
	m.kernels.weights[e.Name] = weight{got, pack}
	if pack {
		w.forget(p.weight.key)
	}
	return got, nil
}

// addLinear has a product computed by a kernel in an order, of so many rows or, with 0, of any.
func (m *Model) addLinear(to *torch.Products, p product, o kernel.Order, rows int, pack bool) error {
	w, err := m.weight(p, pack)
	if err != nil {
		return err
	}
	var bias *torch.Tensor
	if p.bias != nil {
		if bias, err = m.weights.tensor(p.bias.key, p.bias.shape); err != nil {
			return err
		}
	}
	return to.Linear(p.at, w, bias, o, rows)
}

// headProduct returns the head as a product, where it is nothing else.
func (m *Model) headProduct() (product, bool) {
	for _, c := range m.tree.children {
		if c.role == "head" {
			all := c.products("head", m.built)
			return all[0], len(c.children) == 0 && !c.has("cap")
		}
	}
	return product{}, false
}

// Close frees the packed weights.
func (k *kernels) Close() {
	k.plain.Close()
	k.fast.Close()
	for _, p := range k.ordered {
		p.Close()
	}
	for _, b := range k.batched {
		b.products.Close()
	}
	for _, w := range k.weights {
		w.Close()
	}
}
