package model

import (
	"errors"
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// A Decoding is a text that a model reads token by token. It holds the keys and values of the
// tokens that were read. The model itself keeps nothing.
type Decoding struct {
	ids  []int64
	past []*torch.Tensor // keys and values of every block, [1,KV,P,D] each; nil without a cache
}

// IDs returns the tokens that were read.
func (d *Decoding) IDs() []int64 { return d.ids }

// Close closes the keys and values.
func (d *Decoding) Close() error {
	if d != nil {
		closeAll(d.past)
		d.past = nil
	}
	return nil
}

// Cached reports whether the model can read one more token without reading the text again. A
// TorchScript archive that Export did not make usually cannot. Its steps read the whole text,
// which gives other last bits.
func (m *Model) Cached() bool { return m.root.HasMethod("trunk_step") }

// Begin reads the prompt ids [T] with hooks, which can be nil, and keeps what Step needs. The
// run's result is the output of the final norm, [1,T,C]. The caller closes both the Decoding and
// the run.
func (s Session) Begin(ids []int64, h *hooks.Registry) (*Decoding, *hooks.Run, error) {
	d := &Decoding{}
	run, err := s.decode(d, ids, h)
	if err != nil {
		d.Close()
		return nil, nil, err
	}
	return d, run, nil
}

// Step reads one more token with hooks, which can be nil. Positions of hooks count from the
// beginning of the text. The result is the output of the final norm, [1,1,C]. Captures have the
// token's own position only; for a model without a cache (see Cached), they have the whole text.
//
// After an error the Decoding is as it was before the step.
func (s Session) Step(d *Decoding, id int64, h *hooks.Registry) (*hooks.Run, error) {
	if len(d.ids) == 0 {
		return nil, errors.New("model: a step needs a text that was begun")
	}
	return s.decode(d, []int64{id}, h)
}

// decode reads ids after the tokens that were read before.
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

// lastOnly cuts the run's result [1,T,C] to the last n positions.
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

// NextLogits returns the logits [1,1,V] of the next token, from the result [1,T,C] of Begin or
// Step. It unembeds the last position alone, as transformers' generate does. Unembedding all
// positions gives other last bits.
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
