package intervene

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// bindPatch runs the other prompt and keeps its states at the origin of the patch.
func (b *Binder) bindPatch(out *Bound, points []string) error {
	s := out.spec
	origin, err := b.originOf(s, points)
	if err != nil {
		return err
	}
	ids, err := b.source.Encode(s.Text)
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	out.other = ids
	var wanted []string
	for _, p := range points {
		if !slices.Contains(wanted, origin[p]) {
			wanted = append(wanted, origin[p])
		}
	}
	held := map[string]*torch.Tensor{}
	err = b.run(ids, wanted, func(point string, x *torch.Tensor) error {
		t, err := x.Clone()
		held[point] = torch.Keep(b.scope, t)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	out.Key = fmt.Sprintf("%s of %v at %s of each text", s, ids, s.At)
	out.action = func(point string) hooks.Action {
		name := fmt.Sprintf("%q", s.Text)
		if s.From.Points != nil {
			name = origin[point] + " of " + name
		}
		return hooks.Patch(name, held[origin[point]], s.From.At, s.At)
	}
	return nil
}

// originOf returns, for each point, the point from which its patch takes states.
func (b *Binder) originOf(s Spec, points []string) (map[string]string, error) {
	from := s.From.Points
	if n := len(from); n > 1 && n != len(points) {
		return nil, choice("%s: states of %d points cannot take the place of those of %d", s, n, len(points))
	}
	out := map[string]string{}
	for i, p := range points {
		switch len(from) {
		case 0:
			out[p] = p
		case 1:
			out[p] = from[0]
		default:
			out[p] = from[i]
		}
		if _, err := b.m.Points.Canonical(out[p]); err != nil {
			return nil, choice("%s: %v", s, err)
		}
		if have, want := b.width(out[p]), b.width(p); have > 0 && want > 0 && have != want {
			return nil, choice("%s: %s is %d wide, and %s %d: a state fits a point of its own width only", s, out[p], have, p, want)
		}
	}
	return out, nil
}

// run runs a prompt and calls take with its tensor [1,T,C] at each of the points.
func (b *Binder) run(ids []int64, points []string, take func(point string, x *torch.Tensor) error) error {
	return b.m.Hold(context.Background(), func(s model.Session) error {
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

var means = torch.NewProgram("Means", meanText)

// bindMean runs every text of a file and keeps the mean over all their positions. The sums are in
// float64. Memory does not grow with the file.
func (b *Binder) bindMean(out *Bound, points []string) error {
	s := out.spec
	if s.File == "" {
		return always(func(Spec) hooks.Action { return hooks.Mean() })(b, out, points)
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
			sum, err := means.Call("add", x, before)
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
		mean, err := means.Call("mean", sum, count)
		if err != nil {
			return err
		}
		held[point] = torch.Keep(b.scope, mean[0])
	}
	out.Key += " (sha256 " + hex.EncodeToString(h.Sum(nil))[:16] + ")"
	out.action = func(point string) hooks.Action { return hooks.Set("mean of "+s.File, held[point]) }
	return nil
}
