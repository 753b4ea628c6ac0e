package model

import (
	"context"
	"errors"
	"fmt"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/torch"
)

// ErrEmpty is the error of a prompt without a token.
var ErrEmpty = errors.New("the prompt is empty: a model needs at least one token to read")

// A LengthError says that a prompt is longer than the model's context.
type LengthError struct{ Tokens, Context int }

func (e *LengthError) Error() string {
	return fmt.Sprintf("the prompt has %d tokens, and the model's context holds %d: shorten the prompt", e.Tokens, e.Context)
}

// A Session is a model whose device is held, so that nothing else runs there. Hold makes it. It
// ends when the function that Hold runs returns. The caller closes the tensors that its methods
// return.
type Session struct {
	m    *Model
	ctx  context.Context // ends a run
	by   *torch.Products // what kernels compute, nil for nothing
	fast bool
	// ordered says that kernels make the text's products, to the same bits.
	ordered bool
}

// Hold waits for the model's device until ctx is done, and then runs f while it holds the device.
// A hook, or anything else that f calls, must not call Hold: that is a torch.HeldError.
//
// Once ctx is done, a run of blocks (Forward, Trunk, Resume, Blocks, Begin and Step) ends between
// two modules with ctx's error. Norm and Head still work, for what was run before. A run is also
// an error if a file of mapped weights has changed since it was opened.
func (m *Model) Hold(ctx context.Context, f func(Session) error) error {
	return m.Device.Exclusive(ctx, func() error { return f(Session{m: m, ctx: ctx, by: m.kernels.plain}) })
}

// ErrWhole is the error for an archive whose blocks cannot be run one by one.
var ErrWhole = errors.New("model: the blocks of this archive cannot be run one by one, only the whole: what they take besides the stream is not known")

// Apart reports whether the blocks can be run one by one.
func (m *Model) Apart() bool { return m.apart }

// Check returns an error unless the model can read ids: at least one, no more than the context
// allows, each in the vocabulary.
func (m *Model) Check(ids []int64) error {
	if len(ids) == 0 {
		return ErrEmpty
	}
	if m.Sizes.Context > 0 && len(ids) > m.Sizes.Context { // 0 is unknown
		return &LengthError{len(ids), m.Sizes.Context}
	}
	for i, id := range ids {
		if id < 0 || id >= int64(m.Sizes.Vocab) {
			return fmt.Errorf("model: token %d at position %d is not in the vocabulary, which has %d", id, i, m.Sizes.Vocab)
		}
	}
	return nil
}

// Forward runs the whole model on ids [T] with hooks, which can be nil. The result is the logits
// [1,T,V].
func (s Session) Forward(ids []int64, h *hooks.Registry) (*hooks.Run, error) {
	s.m.fetchHead()
	return s.run("forward", ids, h)
}

// Trunk runs the model up to its final norm, with hooks, which can be nil. The result is the
// output of that norm, [1,T,C], Hugging Face's last hidden state.
func (s Session) Trunk(ids []int64, h *hooks.Registry) (*hooks.Run, error) {
	if s.m.archive != nil {
		return s.archiveTrunk(ids, h)
	}
	return s.run("trunk", ids, h)
}

// archiveTrunk runs the whole of an archive, which has one method only, and keeps the final norm's output.
func (s Session) archiveTrunk(ids []int64, h *hooks.Registry) (*hooks.Run, error) {
	if err := s.m.checkTrunk(h); err != nil {
		return nil, err
	}
	h = h.Clone()
	h.Capture(s.m.Layout.Norm)
	run, err := s.run("forward", ids, h)
	if err != nil {
		return nil, err
	}
	t, err := run.Captured(s.m.Layout.Norm).Clone() // the caller may want the capture as well
	if err != nil {
		run.Close()
		return nil, err
	}
	for _, r := range run.Results {
		r.Close()
	}
	run.Results = []*torch.Tensor{t}
	return run, nil
}

func (s Session) run(method string, ids []int64, h *hooks.Registry) (*hooks.Run, error) {
	x, err := s.ids(ids)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	p, err := s.points()
	if err != nil {
		return nil, err
	}
	return p.Call(method, h, x)
}

func (s Session) ids(ids []int64) (*torch.Tensor, error) {
	if err := s.m.Check(ids); err != nil {
		return nil, err
	}
	return torch.NewOn(s.m.Device, ids, 1, int64(len(ids)))
}

// Embed returns the residual stream before the first block, [1,T,C].
func (s Session) Embed(ids []int64) (*torch.Tensor, error) {
	if !s.m.apart {
		h := &hooks.Registry{}
		h.Capture(s.m.Layout.Embed)
		run, err := s.run("forward", ids, h)
		if err != nil {
			return nil, err
		}
		defer run.Close()
		return run.Take(s.m.Layout.Embed), nil
	}
	x, err := s.ids(ids)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return s.call(s.m.root, "embed", x)
}

// Block runs block i on the residual stream x [B,T,C] and returns the stream after
// it. Running the blocks one by one gives the bits of a whole run.
func (s Session) Block(i int, x *torch.Tensor) (*torch.Tensor, error) {
	if i < 0 || i >= len(s.m.Layout.Blocks) {
		return nil, fmt.Errorf("model: there is no block %d: the model has %d, counted from 0", i, len(s.m.Layout.Blocks))
	}
	if !s.m.apart {
		return nil, ErrWhole
	}
	around, err := s.around(i, x)
	if err != nil {
		return nil, err
	}
	defer closeAll(around)
	return s.call(s.m.built[s.m.Layout.Blocks[i].Out], "forward", x, around)
}

// kind is equal for blocks that take the same arguments besides the stream.
func (m *Model) kind(block int) int {
	if m.Config == nil {
		return block // an archive does not tell
	}
	return m.Config.Arch.Kind(block)
}

// around returns what block i takes besides the stream x [B,T,C].
func (s Session) around(i int, x *torch.Tensor) ([]*torch.Tensor, error) {
	out, err := s.m.root.Call("around_block", x, i)
	if out == nil {
		out = []*torch.Tensor{}
	}
	return out, err
}

func closeAll(ts []*torch.Tensor) {
	for _, t := range ts {
		t.Close()
	}
}

// Norm applies the final norm to x [B,T,C].
func (s Session) Norm(x *torch.Tensor) (*torch.Tensor, error) {
	return s.call(s.m.norm, "forward", x)
}

// Head unembeds x [B,T,C] into logits [B,T,V], without a norm. It computes in the model's dtype
// and returns float32, the type of all statistics.
func (s Session) Head(x *torch.Tensor) (*torch.Tensor, error) {
	s.m.fetchHead()
	if err := s.packHead(); err != nil {
		return nil, err
	}
	if y, err := s.headInOrder(x); y != nil || err != nil {
		return y, err
	}
	y, err := s.call(s.m.head, "forward", x)
	if err != nil {
		return nil, err
	}
	if err := s.learnHead(x, y); err != nil {
		y.Close()
		return nil, err
	}
	return inFloat32(y, nil)
}

func inFloat32(y *torch.Tensor, err error) (*torch.Tensor, error) {
	if err != nil || y.DType() == torch.Float32 {
		return y, err
	}
	defer y.Close()
	return y.To(torch.Float32, y.Device())
}

// Floats copies a tensor of any floating-point type, in row-major order. The 16-bit types convert
// without loss.
func Floats(t *torch.Tensor) ([]float32, error) {
	if t.DType() == torch.Float32 {
		return torch.Values[float32](t)
	}
	f, err := t.To(torch.Float32, t.Device())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return torch.Values[float32](f)
}

// one is torch.One.
func one(out []*torch.Tensor, err error) (*torch.Tensor, error) { return torch.One(out, err) }
