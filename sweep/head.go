package sweep

import (
	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/sumorder"
)

// The head is half of a short run's work, and a sweep reads the last position only.
// But a row's bits belong to the number of rows of the product, in classes that
// differ from machine to machine. So the last rows of several runs share a product,
// and the clean run's last row is in it as well, at both ends: it must come out with
// the very bits that it has in the whole run's product. Where it does not, the product
// of the whole's size is tried, and then each run has its own.

// A lastRow is a variant's normed last state [1,1,C], which waits for the unembedding.
type lastRow struct {
	variant variant
	state   *torch.Tensor
}

// lastOf returns the last position of states [1,T,C], as [1,1,C].
func lastOf(sc *torch.Scope, x *torch.Tensor, T int) (*torch.Tensor, error) {
	row, err := x.Narrow(1, int64(T-1), 1)
	return torch.Keep(sc, row), err
}

// most is the largest number of rows in a product with the unembedding, unless a run has fewer.
const most = 64

// widthFor returns the number of rows of a shared product: those of a whole run if they are few,
// else enough for all variants within reason.
func widthFor(T, variants int) int {
	switch {
	case T <= 16 || variants == 0:
		return T
	case variants+2 <= 16:
		return 16
	}
	return min(T, most)
}

// cleanHead reads the clean run's logits, and chooses the number of rows of shared products.
func (r *runner) cleanHead(s model.Session, run *hooks.Run) error {
	normed := run.Results[0]
	logits, err := s.Head(normed)
	if err != nil {
		return err
	}
	defer logits.Close()
	if err := r.keepClean(logits, len(r.ids)-1); err != nil {
		return err
	}
	if err := r.measure(cleanIndex, logits, len(r.ids)-1); err != nil {
		return err
	}
	// Of few inputs equal bits prove nothing: each run has a product of its own.
	if r.plan.Next || !r.m.Apart() || r.m.Sizes.Width < sumorder.Fewest {
		return nil
	}
	r.width = widthFor(len(r.ids), len(r.todo))
	last, err := lastOf(&r.scope, normed, len(r.ids))
	if err != nil {
		return err
	}
	r.last, err = last.Clone()
	torch.Keep(&r.scope, r.last)
	return err
}

// keepClean keeps a row of the clean run's logits, and its log-probabilities.
func (r *runner) keepClean(logits *torch.Tensor, at int) (err error) {
	if r.row, err = r.rowOf(&r.scope, logits, at); err != nil {
		return err
	}
	from := r.row
	if r.plan.Next {
		from = logits
	}
	logs, err := metrics.Call("log_softmax", from)
	if err != nil {
		return err
	}
	r.logs = torch.Keep(&r.scope, logs[0])
	return nil
}

// guards is the least number of rows that the clean run has in a product of n rows. A run of one
// token has a product of one row, which needs none.
func guards(n int) int { return min(2, n/2) }

// drain reads all rows that wait.
func (r *runner) drain(s model.Session) error {
	for len(r.rows) > 0 {
		if err := r.flush(s); err != nil {
			return err
		}
	}
	return nil
}

// flush reads the rows that wait, and measures them. If their product has other bits, they wait
// again.
func (r *runner) flush(s model.Session) error {
	var sc torch.Scope
	defer sc.Close()
	waiting := r.rows
	r.rows = nil
	var states []*torch.Tensor
	if guards(r.width) > 0 {
		states = append(states, r.last)
	}
	first := len(states)
	for _, w := range waiting {
		states = append(states, torch.Keep(&sc, w.state))
	}
	for len(states) < r.width {
		states = append(states, r.last)
	}
	all, err := metrics.Call("stack", states)
	if err != nil {
		return err
	}
	by := s
	if r.sums {
		by = r.reader
	}
	logits, err := by.Head(torch.Keep(&sc, all[0]))
	if err != nil {
		return err
	}
	torch.Keep(&sc, logits)
	for i := range states {
		if i >= first && i < first+len(waiting) {
			continue
		}
		if same, err := r.isClean(logits, i); err != nil {
			return err
		} else if !same {
			return r.again(s, waiting)
		}
	}
	for i, w := range waiting {
		if err := r.measure(w.variant.index, logits, first+i); err != nil {
			return err
		}
	}
	return nil
}

// isClean reports whether a row of logits has the bits of the clean run's last one.
func (r *runner) isClean(logits *torch.Tensor, at int) (bool, error) {
	if r.spoil {
		return false, nil
	}
	var sc torch.Scope
	defer sc.Close()
	row, err := r.rowOf(&sc, logits, at)
	if err != nil {
		return false, err
	}
	same, err := metrics.Call("same", row, r.row)
	if err != nil {
		return false, err
	}
	v, err := torch.Values[bool](torch.Keep(&sc, same[0]))
	return err == nil && v[0], err
}

// again reads variants in the next larger product, after a shared product with other bits than the
// whole run's.
func (r *runner) again(s model.Session, waiting []lastRow) error {
	if r.sums {
		r.sums = false
		r.width = widthFor(len(r.ids), len(r.todo))
	} else if r.width != len(r.ids) {
		r.width = len(r.ids)
	} else {
		r.width = 0
	}
	for _, w := range waiting {
		if err := r.one(s, w.variant); err != nil {
			return err
		}
		if r.isFull() {
			if err := r.flush(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// isFull reports whether the waiting rows fill a product.
func (r *runner) isFull() bool { return r.width > 0 && len(r.rows) >= r.width-guards(r.width) }

// rowOf returns a row [V] of logits [1,M,V].
func (r *runner) rowOf(sc *torch.Scope, logits *torch.Tensor, at int) (*torch.Tensor, error) {
	row, err := metrics.Call("row", logits, at)
	if err != nil {
		return nil, err
	}
	return torch.Keep(sc, row[0]), nil
}

// These take the place of a variant's index for the clean run, and for the run of the other
// prompt of patches.
const (
	cleanIndex = -1
	otherIndex = -2
)

// measure reads the metrics of a run from a row of logits [1,M,V], or from all rows for the text's
// own next tokens.
func (r *runner) measure(index int, logits *torch.Tensor, at int) error {
	var sc torch.Scope
	defer sc.Close()
	x := logits
	if !r.plan.Next {
		var err error
		if x, err = r.rowOf(&sc, logits, at); err != nil {
			return err
		}
	}
	if err := r.noteOdd(index, x); err != nil {
		return err
	}
	for i := range r.out.Series {
		series := &r.out.Series[i]
		out, err := metrics.Call(string(series.Metric.Kind), x, r.logs, r.targets[i])
		if err != nil {
			return err
		}
		v, err := torch.Values[float32](torch.Keep(&sc, out[0]))
		if err != nil {
			return err
		}
		switch index {
		case cleanIndex:
			copy(series.Clean, v)
			continue
		case otherIndex:
			series.Other = v
			continue
		}
		copy(series.Values[index*series.W:(index+1)*series.W], v)
	}
	if index < 0 || r.out.Done[index] {
		return nil
	}
	r.out.Done[index] = true
	if r.Keep == nil {
		return nil
	}
	n := r.out.positions()
	run := Made{Index: index, Odd: r.out.Odd[index*n : (index+1)*n]}
	for _, s := range r.out.Series {
		run.Values = append(run.Values, s.Values[index*s.W:(index+1)*s.W])
	}
	return r.Keep(run)
}
