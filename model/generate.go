package model

import (
	"errors"
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// A Decoding is a text that a model reads token by token. It holds the keys and
// values of what was read, for this run alone: the model keeps nothing.
type Decoding struct {
	ids  []int64
	past []*torch.Tensor // keys and values of every block, [1,KV,P,D] each; nil without a cache
}

// IDs returns the tokens that were read.
func (d *Decoding) IDs() []int64 { return d.ids }

// Close frees the keys and values.
func (d *Decoding) Close() error {
	if d != nil {
		closeAll(d.past)
		d.past = nil
	}
	return nil
}

// Cached reports whether the model reads one more token without reading the text
// again. A TorchScript archive that was not made by Export does not, as a rule: its
// steps read the whole text, whose last bits are other ones.
func (m *Model) Cached() bool { return m.root.HasMethod("trunk_step") }

// Begin reads the prompt ids [T] with hooks (or nil), and keeps what further steps
// need; the caller closes both. The run's result is the final norm's output [1,T,C].
func (s Session) Begin(ids []int64, h *hooks.Registry) (*Decoding, *hooks.Run, error) {
	d := &Decoding{}
	run, err := s.decode(d, ids, h)
	if err != nil {
		d.Close()
		return nil, nil, err
	}
	return d, run, nil
}

// Step reads one more token with hooks (or nil), whose positions count from the
// text's beginning. The result is the final norm's output [1,1,C]. Captures are of the
// token's own position too, but for models without a cache (see Cached), where they
// are of the whole text.
//
// After an error the Decoding is where it was before the step.
func (s Session) Step(d *Decoding, id int64, h *hooks.Registry) (*hooks.Run, error) {
	if len(d.ids) == 0 {
		return nil, errors.New("model: a step needs a text that was begun")
	}
	return s.decode(d, []int64{id}, h)
}

// decode reads ids behind what was read before.
func (s Session) decode(d *Decoding, ids []int64, h *hooks.Registry) (*hooks.Run, error) {
	all := append(append([]int64(nil), d.ids...), ids...)
	if err := s.m.Check(all); err != nil {
		return nil, err
	}
	if !s.m.Cached() {
		run, err := s.Trunk(all, h.Again(len(d.ids)))
		if err == nil {
			err = lastOnly(run, len(ids))
		}
		if err != nil {
			return nil, err
		}
		d.ids = all
		return run, nil
	}
	x, err := s.ids(ids)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	p, err := s.points()
	if err != nil {
		return nil, err
	}
	run, err := p.Call("trunk_step", h.From(len(d.ids)), x, len(d.ids), append([]*torch.Tensor{}, d.past...))
	if err != nil {
		return nil, err
	}
	if n := 1 + 2*len(s.m.Layout.Blocks); len(run.Results) != n {
		run.Close()
		return nil, fmt.Errorf("model: trunk_step returned %d tensors where %d were expected", len(run.Results), n)
	}
	d.Close()
	d.ids, d.past, run.Results = all, run.Results[1:], run.Results[:1]
	return run, nil
}

// lastOnly cuts the run's result [1,T,C] down to the last n positions.
func lastOnly(run *hooks.Run, n int) error {
	whole := run.Results[0]
	T := whole.Shape()[1]
	part, err := whole.Narrow(1, T-int64(n), int64(n))
	if err != nil {
		run.Close()
		return err
	}
	whole.Close()
	run.Results[0] = part
	return nil
}

// NextLogits returns the logits [1,1,V] of the token that comes next, from the
// result [1,T,C] of Begin or Step. The head sees the last position alone, as in
// transformers' generate: over all positions the bits are other ones.
func (s Session) NextLogits(run *hooks.Run) (*torch.Tensor, error) {
	x, err := torch.One(s.m.head.Call("narrow", run.Results[0]))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	last, err := torch.One(choosing.Call("last_position", x))
	if err != nil {
		return nil, err
	}
	defer last.Close()
	if _, plain := s.m.headProduct(); plain && s.fast {
		return s.Head(last)
	}
	return inFloat32(torch.One(s.m.head.Call("unembed", last)))
}
