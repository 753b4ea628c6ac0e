package model

// A model's weights are used where they lie in mapped files, and their pages count as the
// process's memory once they were read. Of a run that reads the whole model once, the
// trunk's matrices are not needed any more when the head's is.

// fetchHead loads the unembedding's weights in the background, the first time that they are
// needed.
func (m *Model) fetchHead() {
	m.headComes.Do(func() {
		for _, p := range m.tree.products("head", m.built) {
			m.weights.preload(p.weight.key)
		}
	})
}

// ReleaseTrunk evicts the pages of the mapped files that hold the weights of the blocks. A later
// read loads them again. Call it in a session after its last Trunk.
func (s Session) ReleaseTrunk() {
	for _, p := range s.m.tree.products("linear", s.m.built) {
		s.m.weights.forget(p.weight.key)
	}
}
