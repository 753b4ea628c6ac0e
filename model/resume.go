package model

import (
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// Resume runs the model from block first to the final norm, with hooks, which can be nil. x
// [B,T,C] is the residual stream before that block. The result is the output of the final norm,
// [B,T,C]. With the stream of a whole run it has the bits of a whole run. If first is the number
// of blocks, only the norm runs. A point before block first is an error.
func (s Session) Resume(first int, x *torch.Tensor, h *hooks.Registry) (*hooks.Run, error) {
	var before *hooks.Run
	if first != s.m.Sizes.Blocks {
		run, err := s.Blocks(first, s.m.Sizes.Blocks, x, h)
		if err != nil {
			return nil, err
		}
		before, x = run, run.Results[0]
	}
	var run *hooks.Run
	points, err := s.points()
	if err == nil {
		run, err = points.CallPart(s.m.norm, "forward", h, x)
	}
	if err != nil {
		before.Close()
		return nil, err
	}
	run.Join(before)
	if idle := run.Idle(); idle != "" {
		run.Close()
		return nil, fmt.Errorf("model: the point %s has no part in a run from block %d on", idle, first)
	}
	return run, nil
}

// Blocks runs the blocks from first to end-1, with hooks, which can be nil. x [B,T,C] is the
// residual stream before them, and the result the stream after them. Points outside of these
// blocks are ignored; hooks.Run.Idle names them.
func (s Session) Blocks(first, end int, x *torch.Tensor, h *hooks.Registry) (*hooks.Run, error) {
	if first < 0 || first >= end || end > s.m.Sizes.Blocks {
		return nil, fmt.Errorf("model: there are no blocks from %d to before %d: the model has %d, counted from 0", first, end, s.m.Sizes.Blocks)
	}
	if !s.m.apart {
		return nil, ErrWhole
	}
	points, err := s.points()
	if err != nil {
		return nil, err
	}
	var run *hooks.Run
	var around []*torch.Tensor
	defer func() { closeAll(around) }()
	for i := first; i < end; i++ {
		if i == first || s.m.kind(i) != s.m.kind(i-1) {
			closeAll(around)
			if around, err = s.around(i, x); err != nil {
				run.Close()
				return nil, err
			}
		}
		next, err := points.CallPart(s.m.built[s.m.Layout.Blocks[i].Out], "forward", h, x, around)
		if err != nil {
			run.Close()
			return nil, err
		}
		next.Join(run)
		run, x = next, next.Results[0]
	}
	return run, nil
}
