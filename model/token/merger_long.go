package token

import "slices"

// splitLong merges with a heap of the merges that are possible and a linked
// list of symbols: n log n in the length of the word, so that a megabyte
// without a space is no trouble. A word may have up to 2 GiB.
func (m *merger) splitLong(v *vocabulary) []int32 {
	n := len(m.ids)
	m.next, m.prev = slices.Grow(m.next[:0], n), slices.Grow(m.prev[:0], n)
	m.queue = slices.Grow(m.queue[:0], n)
	for i, rank := range m.ranks {
		m.next = append(m.next, int32(i+1))
		m.prev = append(m.prev, int32(i-1))
		if rank != noRank {
			m.queue = append(m.queue, queued(rank, i))
		}
	}
	for i := len(m.queue)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	for len(m.queue) > 0 {
		rank, at := m.pop()
		if m.ranks[at] != rank {
			continue // one of the two symbols has merged otherwise since
		}
		gone := int(m.next[at])
		after := int(m.next[gone])
		m.ids[at] = v.merges[rank].made
		m.next[at] = int32(after)
		m.ranks[gone] = noRank
		if after < n {
			m.prev[after] = int32(at)
		}
		m.queueRank(v, at, after)
		if before := int(m.prev[at]); before >= 0 {
			m.queueRank(v, before, at)
		}
	}
	kept := 0
	for i := 0; i < n; i = int(m.next[i]) {
		m.ids[kept] = m.ids[i] // kept <= i
		kept++
	}
	return m.ids[:kept]
}

// queueRank looks up the merge of symbol i with its new neighbour j and queues it.
func (m *merger) queueRank(v *vocabulary, i, j int) {
	rank := m.rank(v, m.ids, i, j)
	m.ranks[i] = rank
	if rank != noRank {
		m.push(queued(rank, i))
	}
}

// queued packs a merge so that comparing two of them compares the ranks first
// and then the places: the lowest rank goes first, and its leftmost place.
func queued(rank int32, at int) uint64 {
	return uint64(rank)<<32 | uint64(at)
}

// push adds a merge to the heap. (container/heap would allocate for each.)
func (m *merger) push(q uint64) {
	m.queue = append(m.queue, q)
	for i := len(m.queue) - 1; i > 0; {
		m.steps++
		parent := (i - 1) / 2
		if m.queue[parent] <= m.queue[i] {
			return
		}
		m.queue[parent], m.queue[i] = m.queue[i], m.queue[parent]
		i = parent
	}
}

// pop removes the least of the heap and returns its rank and place.
func (m *merger) pop() (rank int32, at int) {
	q, last := m.queue[0], len(m.queue)-1
	m.queue[0] = m.queue[last]
	m.queue = m.queue[:last]
	m.sink(0)
	return int32(q >> 32), int(uint32(q))
}

// sink moves element i of the heap down to where it belongs.
func (m *merger) sink(i int) {
	for {
		m.steps++
		least := 2*i + 1
		if least >= len(m.queue) {
			return
		}
		if right := least + 1; right < len(m.queue) && m.queue[right] < m.queue[least] {
			least = right
		}
		if m.queue[i] <= m.queue[least] {
			return
		}
		m.queue[i], m.queue[least] = m.queue[least], m.queue[i]
		i = least
	}
}
