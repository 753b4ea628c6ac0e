package sweep

import (
	"github.com/golens/golens/model"
)

// A Cost says what a plan needs, before it is run.
type Cost struct {
	Runs      int   // variants, without the clean run
	Blocks    int   // blocks that are run, including the clean run's
	AllBlocks int   // blocks that whole runs would take
	HeadRows  int   // rows that the unembedding reads, at least
	AllRows   int   // rows that it would read in whole runs
	Bytes     int64 // peak memory, without the model's weights and libtorch's own memory
}

// Predict returns the cost of a plan on ids.
func Predict(m *model.Model, ids []int64, p Plan) (Cost, error) {
	p, err := p.check(m, len(ids))
	if err != nil {
		return Cost{}, err
	}
	T, L, C, V := int64(len(ids)), m.Sizes.Blocks, int64(m.Sizes.Width), int64(m.Sizes.Vocab)
	c := Cost{Runs: p.Runs(), Blocks: L, AllBlocks: L * (p.Runs() + 1), HeadRows: int(T), AllRows: int(T) * (p.Runs() + 1)}
	streams := map[int]bool{}
	for _, change := range p.Changes {
		for _, place := range p.Places {
			edits, err := change.Edits(place)
			if err != nil {
				return Cost{}, err
			}
			v, err := variantOf(m, 0, edits, p.Always)
			if err != nil {
				return Cost{}, err
			}
			c.Blocks += L - max(v.first, 0)
			streams[v.first] = true
		}
	}
	width := int64(T)
	if !p.Next && m.Apart() {
		width = int64(widthFor(len(ids), c.Runs))
		each := int(width) - guards(int(width))
		c.HeadRows += (c.Runs + each - 1) / each * int(width)
	} else {
		c.HeadRows = c.AllRows
	}
	// Kept: the streams, the rows that wait, the clean logits. At work: a block's widest
	// state four times over, and its scores; or the logits of one product, a few times.
	// A batch is counted, with the clean run at both ends, whether runs share one or not.
	batch := int64(min(batchRows(len(ids)), c.Runs) + 2)
	block := batch * (T*C*4*6 + int64(max(m.Sizes.Heads, 1))*T*T*2)
	head := max(width, T, batch) * V
	if p.Next {
		head *= 5
	} else {
		head += 4 * V
	}
	kept := int64(len(streams)+1)*T*C + width*C + T*V
	c.Bytes = 2 * 4 * (kept + max(block, head)) // twice, since what was freed is not given back at once
	return c, nil
}
