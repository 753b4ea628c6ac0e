package model

// addHeads makes the heads of each block's attention known by number, where the
// model tells how many there are and which product reads them.
func (m *Model) addHeads() {
	if m.Sizes.Heads < 1 || m.Sizes.HeadDim < 1 {
		return
	}
	for _, b := range m.Layout.Blocks {
		if b.Attention != "" && m.built[b.Projection] != nil {
			m.Points.AddHeads(b.Attention, b.Projection, m.Sizes.Heads, m.Sizes.HeadDim)
		}
	}
}
