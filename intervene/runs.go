package intervene

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// bindPatch runs the other prompt and keeps what it has at the points.
func (b *Binder) bindPatch(out *Bound, points []string) error {
	s := out.spec
	ids, err := b.source.Encode(s.Text)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	out.other = ids
	held := map[string]*torch.Tensor{}
	err = b.run(ids, points, func(point string, x *torch.Tensor) error {
		t, err := x.Clone()
		held[point] = torch.Keep(b.scope, t)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	out.Key = fmt.Sprintf("%s of %v from %s", s, ids, s.From)
	out.action = func(point string) hooks.Action {
		return hooks.Patch(fmt.Sprintf("%q", s.Text), held[point], s.From, s.At)
	}
	return nil
}

// run runs a prompt and hands out what it has at each of the points, [1,T,C].
func (b *Binder) run(ids []int64, points []string, take func(point string, x *torch.Tensor) error) error {
	return b.m.Hold(func(s model.Session) error {
		h := &hooks.Registry{}
		for _, p := range points {
			h.Capture(p)
		}
		run, err := s.Trunk(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		for _, p := range points {
			if err := take(p, run.Captured(p)); err != nil {
				return err
			}
		}
		return nil
	})
}

//go:embed mean.py
var meanText string

var means = sync.OnceValues(func() (*torch.Module, error) {
	u, err := torch.NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Means", meanText)
})

// bindMean runs every text of a file and keeps the mean over all their positions. The
// sums are in float64: memory does not grow with the file.
func (b *Binder) bindMean(out *Bound, points []string) error {
	s := out.spec
	if s.File == "" {
		return always(func(Spec) hooks.Action { return hooks.Mean() })(b, out, points)
	}
	m, err := means()
	if err != nil {
		return err
	}
	texts, err := b.source.Texts(s.File)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	if len(texts) == 0 {
		return fmt.Errorf("%s: the file holds no text", s)
	}
	var sc torch.Scope
	defer sc.Close()
	sums := map[string]*torch.Tensor{}
	count := 0
	h := sha256.New()
	for i, ids := range texts {
		binary.Write(h, binary.LittleEndian, int64(len(ids)))
		binary.Write(h, binary.LittleEndian, ids)
		count += len(ids)
		err := b.run(ids, points, func(point string, x *torch.Tensor) error {
			var before any // none
			if t, ok := sums[point]; ok {
				before = t
				defer t.Close()
			}
			sum, err := m.Call("add", x, before)
			if err != nil {
				return err
			}
			sums[point] = torch.Keep(&sc, sum[0])
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: text %d: %w", s, i+1, err)
		}
	}
	held := map[string]*torch.Tensor{}
	for point, sum := range sums {
		mean, err := m.Call("mean", sum, count)
		if err != nil {
			return err
		}
		held[point] = torch.Keep(b.scope, mean[0])
	}
	out.Key += " (sha256 " + hex.EncodeToString(h.Sum(nil))[:16] + ")"
	out.action = func(point string) hooks.Action { return hooks.Set("mean of "+s.File, held[point]) }
	return nil
}
