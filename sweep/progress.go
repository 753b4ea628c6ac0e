package sweep

import (
	"time"

	"github.com/golens/golens/model"
)

// Progress says how far a sweep is.
type Progress struct {
	Done, Of int           // runs
	Left     time.Duration // estimated from what was run so far; 0 at the beginning
}

// A clock estimates the time that is left. A run that begins with a late block is short, so runs
// count by their work.
type clock struct {
	before, of  int // runs that were made before, and all
	blocks      int
	spent, left float64 // work in blocks
	runs        int
	began       time.Time
}

func newClock(m *model.Model, todo []variant, before int) clock {
	c := clock{before: before, of: before + len(todo), blocks: m.Sizes.Blocks, began: time.Now()}
	for _, v := range todo {
		c.left += c.work(v)
	}
	return c
}

// work is a run's share: its blocks, one more for the unembedding, and half for the rest.
func (c *clock) work(v variant) float64 { return float64(c.blocks-max(v.first, 0)) + 1.5 }

func (c *clock) done(v variant) {
	c.runs++
	c.spent += c.work(v)
	c.left -= c.work(v)
}

func (c *clock) progress() Progress {
	p := Progress{Done: c.before + c.runs, Of: c.of}
	if c.spent > 0 {
		p.Left = time.Duration(float64(time.Since(c.began)) * max(c.left, 0) / c.spent)
	}
	return p
}

func (r *runner) tell() {
	if r.Progress != nil {
		r.Progress(r.clock.progress())
	}
}
