package bench

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
)

// factor is the factor of a sweep.
const factor = 0.8

// A work is one row in progress.
type work struct {
	Row
	m      *model.Model
	once   func(context.Context) error // one run
	plain  func(context.Context) error // of hooks: the same without captures
	wanted int                         // runs
	warm   bool                        // it was run once, and that was not counted
	took   time.Duration               // of the latest run, or pair of runs
}

// left reports whether runs remain.
func (w *work) left() bool { return len(w.Seconds) < w.wanted }

// worksOf returns the works of settings in the order of their first runs. Exact works come first,
// because fast ones may keep a second copy of the weights, and short works before long ones. The
// notes say what is left out.
func worksOf(m *model.Model, s Settings) (works []*work, notes []string, err error) {
	for _, mode := range s.Modes {
		for _, k := range s.Works {
			if k == Hooks && mode == Fast {
				continue // the same runs
			}
			fit, not := s.lengthsOf(k, m)
			if len(not) > 0 && mode == s.Modes[0] {
				notes = append(notes, leftOut(k, not, m))
			}
			for _, T := range fit {
				w, err := newWork(m, s, k, mode, T)
				if err != nil {
					return nil, nil, err
				}
				if w != nil {
					works = append(works, w)
				}
			}
		}
	}
	slices.SortStableFunc(works, func(a, b *work) int {
		if a.Mode != b.Mode {
			return strings.Compare(a.Mode, b.Mode)
		}
		return a.T - b.T
	})
	return works, notes, nil
}

// newWork returns a work, or nil if the mode has no way of its own for it.
func newWork(m *model.Model, s Settings, k Kind, mode string, T int) (*work, error) {
	w := &work{m: m, wanted: s.Runs, Row: Row{Work: k, Mode: mode, Kernel: string(lens.ATen), T: T, Each: T}}
	size, ids := sizesOf(m), idsOf(T, m.Sizes.Vocab)
	fast := mode == Fast
	options := lens.Options{Fast: fast}
	if fast {
		options.Kernel, options.Packed = s.Kernel, true // as for many texts
	}
	switch k {
	case Forward:
		if fast && m.Packs() != nil {
			return nil, nil
		}
		w.Cost = size.forward(float64(T))
		w.once = w.forward(ids, nil)
		if fast {
			w.Kernel = string(lens.F32)
		}
	case Hooks:
		h := &hooks.Registry{}
		for _, b := range m.Layout.Blocks {
			h.Capture(b.Out)
		}
		w.Cost = size.forward(float64(T))
		w.Overhead = &Overhead{Captures: len(m.Layout.Blocks)}
		w.once, w.plain, w.wanted = w.forward(ids, h), w.forward(ids, nil), s.Pairs
	case Lens:
		w.Cost = size.lens(float64(T))
		w.once = func(ctx context.Context) error {
			o := options
			o.Next = true
			r, err := lens.Read(ctx, m, ids, o)
			if err == nil {
				w.Kernel = r.Manifest.Kernel
			}
			return err
		}
	case Sweep:
		return w, w.sweep(size, ids, fast)
	case Generate:
		w.Each = s.New
		w.Cost = size.generate(float64(T), float64(s.New))
		w.once = func(ctx context.Context) error {
			o := options
			o.Next = true
			g, err := lens.Generate(ctx, m, ids, lens.GenerateOptions{MaxNew: s.New, NoEnd: true, Lens: o}, nil)
			if err == nil {
				w.Kernel = g.Manifest.Kernel
			}
			return err
		}
	case Text:
		w.Each = s.Chunks * T
		w.Cost = size.text(float64(s.Chunks), float64(T))
		if w.Each < 2 {
			return nil, choice("a text of one token has nothing to predict: give more chunks, or longer ones")
		}
		w.once = func(ctx context.Context) error {
			r, err := lens.ReadText(ctx, m, &source{left: idsOf(w.Each, m.Sizes.Vocab)}, lens.TextOptions{Lens: options, Chunk: T})
			if err == nil {
				w.Kernel = r.Manifest.Kernel
			}
			return err
		}
	}
	return w, nil
}

// A source provides ids as a text does.
type source struct{ left []int64 }

// ReadIDs fills ids as far as it can; io.EOF at the end.
func (s *source) ReadIDs(ids []int64) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(ids, s.left)
	s.left = s.left[n:]
	return n, nil
}

// forward returns the run of the whole model, up to the moment when its logits exist.
func (w *work) forward(ids []int64, h *hooks.Registry) func(context.Context) error {
	return func(ctx context.Context) error {
		return w.m.Hold(ctx, func(s model.Session) (err error) {
			if w.Mode == Fast {
				if s, err = s.Fast(); err != nil {
					return err
				}
			}
			run, err := s.Forward(ids, h)
			if err != nil {
				return err
			}
			defer run.Close()
			return wait(run.Results[0])
		})
	}
}

// sweep scales every block's output, one after another, and reads a word at the last position.
func (w *work) sweep(size sizes, ids []int64, fast bool) error {
	places, err := sweep.PlacesOf(w.m, sweep.Resid, nil, nil)
	if err != nil {
		return err
	}
	plan := sweep.Plan{Changes: sweep.Scale(factor), Places: places, Words: []lens.Word{{ID: ids[0]}}}
	c, err := sweep.Predict(w.m, ids, plan)
	if err != nil {
		return err
	}
	w.Each = len(ids) * (c.Runs + 1)
	w.Cost = size.sweep(float64(len(ids)), float64(c.Blocks), float64(c.Runs))
	w.once = func(ctx context.Context) error {
		r, err := sweep.Run(ctx, w.m, ids, plan, sweep.Options{Fast: fast})
		if err == nil {
			w.Kernel = r.Manifest.Kernel
		}
		return err
	}
	return nil
}

// idsOf returns n token ids, the same in every run, spread over the vocabulary of V.
func idsOf(n, V int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = (int64(i)*7919 + 11) % int64(V)
	}
	return ids
}
