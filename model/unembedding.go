package model

import (
	"slices"

	"github.com/golens/golens/torch"
)

// An Unembedding is the head of a model as what it computes: the logits of a row x [N]
// are y = W x + bias, and within a bound where there is one, y = Cap tanh(y / Cap).
type Unembedding struct {
	Weight *torch.Tensor // W [V,N], in the model's type
	Bias   *torch.Tensor // [V], or nil
	Cap    float64       // 0 for no bound
}

// Close frees what holds the weights; they live on in the model.
func (u *Unembedding) Close() error {
	u.Weight.Close()
	return u.Bias.Close()
}

// Unembedding returns the head's weights, which share the model's memory, for a
// product of the caller's own. Its rows are those that Narrow returns.
func (m *Model) Unembedding() (*Unembedding, error) {
	m.fetchHead()
	u := &Unembedding{}
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

// LogitCap returns the bound within which the head keeps its logits, or 0.
func (m *Model) LogitCap() float64 {
	if m.Config == nil || m.archive != nil && !m.root.HasMethod("around_block") {
		return 0 // such a head is built from its tensors alone
	}
	return m.Config.Arch.LogitCap
}

// Narrow returns x [B,T,C] as wide as the head's table, which is x itself in nearly
// every model.
func (s Session) Narrow(x *torch.Tensor) (*torch.Tensor, error) {
	return torch.One(s.m.head.Call("narrow", x))
}
