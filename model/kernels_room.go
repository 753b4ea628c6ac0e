package model

// Packed weights are the process's own memory, which the system cannot take away and read
// again as it can with the pages of a file. A model that is larger than what is free stays
// with those.

// room returns a ChoiceError if the packed weights need more bytes than free says there are. If
// free knows nothing, room returns nil.
func (m *Model) room(free func() (int64, bool)) error {
	need := int64(0)
	for _, p := range m.tree.products("linear", m.built) {
		need += p.weight.shape[0] * p.weight.shape[1] * m.DType.Size()
	}
	if head, ok := m.headProduct(); ok {
		need += head.weight.shape[0] * head.weight.shape[1] * m.DType.Size()
	}
	if n, ok := free(); ok && need > n {
		return choice("model: packed weights of %s take %d MB, and %d MB of memory are free", m.Name, need>>20, n>>20)
	}
	return nil
}
