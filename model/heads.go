package model

import "github.com/golens/golens/hooks"

// addHeads makes the heads of each block's attention known by number, where the model
// tells how many there are and which products read and make them.
func (m *Model) addHeads() {
	n, dim := m.Sizes.Heads, m.Sizes.HeadDim
	if n < 1 || dim < 1 {
		return
	}
	for _, b := range m.Layout.Blocks {
		if b.Attention == "" || m.built[b.Projection] == nil {
			continue
		}
		m.Points.AddHeads(b.Attention, hooks.HeadOut, hooks.Heads{Module: b.Projection, Input: true, N: n, Dim: dim, Step: dim})
		if m.Config != nil {
			m.addQueries(b)
		}
	}
}

// addQueries makes the queries, keys and values of a block's heads known, as the product
// returns them that makes them: in front of norms of their own and of turning by position.
func (m *Model) addQueries(b BlockPoints) {
	a := m.Config.Arch
	marks := []string{hooks.HeadQuery, hooks.HeadKey, hooks.HeadValue}
	if fused := b.Out + "." + a.Names.QKV; a.Names.QKV != "" {
		if m.built[fused] == nil {
			return
		}
		for i, mark := range marks {
			h := hooks.Heads{Module: fused, N: a.Heads, Dim: a.HeadDim, First: i * a.Heads * a.HeadDim, Step: a.HeadDim}
			if a.ByHead {
				h.First, h.Step = i*a.HeadDim, 3*a.HeadDim
			}
			m.Points.AddHeads(b.Attention, mark, h)
		}
		return
	}
	for i, name := range []string{a.Names.Q, a.Names.K, a.Names.V} {
		module, n := b.Out+"."+name, a.KVHeads
		if i == 0 {
			n = a.Heads
		}
		if name == "" || m.built[module] == nil {
			continue
		}
		m.Points.AddHeads(b.Attention, marks[i], hooks.Heads{Module: module, N: n, Dim: a.HeadDim, Step: a.HeadDim})
		m.Points.NameHeads(module, b.Attention, marks[i])
	}
}
