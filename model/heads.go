package model

// addHeads makes the heads of each block's attention known by number, where the
// model tells how many there are and the projection behind them has GPT-2's name.
func (m *Model) addHeads() {
	if m.Sizes.Heads < 1 || m.Sizes.Width%m.Sizes.Heads != 0 {
		return
	}
	for _, b := range m.Layout.Blocks {
		if projection := b.Attn + ".c_proj"; b.Attn != "" && m.built[projection] != nil {
			m.Points.AddHeads(b.Attn, projection, m.Sizes.Heads, m.Sizes.Width/m.Sizes.Heads)
		}
	}
}
