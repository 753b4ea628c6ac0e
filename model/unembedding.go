package model

import (
	"slices"

	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
	"github.com/golens/golens/torch/sumorder"
)

// An Unembedding is the map from a row x [N] to logits: y = W x + bias. Models that soft-cap their
// logits have y = Cap tanh(y / Cap).
type Unembedding struct {
	Weight *torch.Tensor // W [V,N], in the model's type
	Bias   *torch.Tensor // [V], or nil
	Cap    float64       // 0 for no soft-capping

	orders sumorder.Table
}

// Close closes the handles. The weights stay in the model.
func (u *Unembedding) Close() error {
	u.Weight.Close()
	return u.Bias.Close()
}

// Unembedding returns the weights of the unembedding for a product of the caller's own. They share
// the model's memory. The rows to multiply are those that Narrow returns.
func (m *Model) Unembedding() (*Unembedding, error) {
	m.fetchHead()
	u := &Unembedding{orders: m.kernels.orders}
	var err error
	if u.Weight, err = m.head.Parameter("weight"); err != nil {
		return nil, err
	}
	parts, err := m.head.Parts()
	if err == nil && slices.Contains(parts[0].Tensors, "bias") {
		u.Bias, err = m.head.Parameter("bias")
	}
	if err != nil {
		u.Close()
		return nil, err
	}
	u.Cap = m.LogitCap()
	return u, nil
}

// OrderOfMany returns the order of chains in which libtorch sums products of many rows with the
// table. It is found on a part of the table, and is 0 if no kernel has it.
func (u *Unembedding) OrderOfMany() (kernel.Order, error) {
	const rows, words = 16, 1024
	p := sumorder.Product{Rows: rows}
	n := min(words, u.Weight.Shape()[0])
	var err error
	if p.Weight, err = u.Weight.Narrow(0, 0, n); err != nil {
		return 0, err
	}
	defer p.Weight.Close()
	if u.Bias != nil {
		if p.Bias, err = u.Bias.Narrow(0, 0, n); err != nil {
			return 0, err
		}
		defer p.Bias.Close()
	}
	o, err := u.orders.Find(p)
	return max(o, 0), err // a readout does not sum in lanes
}

// LogitCap returns the bound of soft-capped logits, or 0.
func (m *Model) LogitCap() float64 {
	if m.Config == nil || m.archive != nil && !m.root.HasMethod("around_block") {
		return 0 // such a head is built from its tensors alone
	}
	return m.Config.Arch.LogitCap
}

// Narrow returns x [B,T,C] in the width of the unembedding's table, [B,T,N]. In nearly every model
// that is x itself.
func (s Session) Narrow(x *torch.Tensor) (*torch.Tensor, error) {
	return torch.One(s.m.head.Call("narrow", x))
}
