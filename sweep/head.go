package sweep

import (
	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// The head is half of a short run's work, and a sweep reads the last position only.
// But a row's bits belong to the number of rows of the product, in classes that
// differ from machine to machine. So the last rows of several runs share a product,
// and before that is done it is tried here, on this model's head and states, whether
// a row there has the bits that it has in a whole run's.

// A lastRow is a variant's normed last state [1,1,C], which waits for the head.
type lastRow struct {
	variant variant
	state   *torch.Tensor
}

// most is how many rows a product with the head has at most, unless a run has fewer.
const most = 64

// widthFor returns how many rows a shared product should have: those of a whole run
// where they are few, else enough for all variants within reason.
func widthFor(T, variants int) int {
	switch {
	case T <= 16 || variants == 0:
		return T
	case variants <= 16:
		return 16
	}
	return min(T, most)
}

// cleanHead reads the clean run's logits, and chooses how many rows share a product.
func (r *runner) cleanHead(s model.Session, run *hooks.Run) error {
	normed := run.Results[0]
	logits, err := s.Head(normed)
	if err != nil {
		return err
	}
	torch.Keep(&r.scope, logits)
	row, err := r.rowOf(&r.scope, logits, len(r.ids)-1)
	if err != nil {
		return err
	}
	r.row = row
	from := row
	if r.plan.Next {
		from = logits
	}
	logs, err := r.metrics.Call("log_softmax", from)
	if err != nil {
		return err
	}
	r.logs = torch.Keep(&r.scope, logs[0])
	if err := r.measure(cleanIndex, logits, len(r.ids)-1); err != nil {
		return err
	}
	if r.plan.Next || !r.m.Apart() {
		return nil
	}
	T := len(r.ids)
	for _, n := range []int{widthFor(T, len(r.todo)), T} {
		same, err := r.sameRows(s, normed, logits, n)
		if err != nil {
			return err
		}
		if same {
			r.width = n
			return nil
		}
	}
	return nil
}

// sameRows reports whether a product of n rows gives rows the bits that they have in
// logits [1,T,V], the product of all rows of normed [1,T,C], also in other places.
func (r *runner) sameRows(s model.Session, normed, logits *torch.Tensor, n int) (bool, error) {
	var sc torch.Scope
	defer sc.Close()
	if n == 1 {
		return true, nil // the run has one row
	}
	few, err := r.metrics.Call("reversed_rows", normed, n)
	if err != nil {
		return false, err
	}
	got, err := s.Head(torch.Keep(&sc, few[0]))
	if err != nil {
		return false, err
	}
	torch.Keep(&sc, got)
	want, err := r.metrics.Call("reversed_rows", logits, n)
	if err != nil {
		return false, err
	}
	same, err := r.metrics.Call("same", got, torch.Keep(&sc, want[0]))
	if err != nil {
		return false, err
	}
	v, err := torch.Values[bool](torch.Keep(&sc, same[0]))
	return err == nil && v[0], err
}

// flush has the head read the rows that wait, and measures them.
func (r *runner) flush(s model.Session) error {
	if len(r.rows) == 0 {
		return nil
	}
	var sc torch.Scope
	defer sc.Close()
	waiting := r.rows
	r.rows = nil
	var states []*torch.Tensor
	for _, w := range waiting {
		states = append(states, torch.Keep(&sc, w.state))
	}
	for len(states) < r.width { // rows that nobody reads, for the shape's sake
		states = append(states, states[0])
	}
	all, err := r.metrics.Call("stack", states)
	if err != nil {
		return err
	}
	logits, err := s.Head(torch.Keep(&sc, all[0]))
	if err != nil {
		return err
	}
	torch.Keep(&sc, logits)
	for i, w := range waiting {
		if err := r.measure(w.variant.index, logits, i); err != nil {
			return err
		}
	}
	return nil
}

// rowOf returns a row [V] of logits [1,M,V].
func (r *runner) rowOf(sc *torch.Scope, logits *torch.Tensor, at int) (*torch.Tensor, error) {
	row, err := r.metrics.Call("row", logits, at)
	if err != nil {
		return nil, err
	}
	return torch.Keep(sc, row[0]), nil
}

// These stand for the clean run, and for that of the other prompt of patches, where a
// variant has its index.
const (
	cleanIndex = -1
	otherIndex = -2
)

// measure reads the metrics of a run from a row of logits [1,M,V], or from all of them
// for the text's own next tokens.
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
	for i := range r.out.Series {
		series := &r.out.Series[i]
		out, err := r.metrics.Call(string(series.Metric.Kind), x, r.logs, r.targets[i])
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
	if index >= 0 {
		r.out.Done[index] = true
	}
	return nil
}
