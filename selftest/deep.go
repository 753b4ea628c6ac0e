package selftest

import (
	"fmt"
	"math"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/sweep"
	"github.com/golens/golens/torch"
)

// What interventions must do whatever the weights are. Each compares two runs that have
// to agree, so that no other program is needed.

// places returns the known points of every block.
func (t *test) places() [][]string {
	var out [][]string
	for _, b := range t.m.Layout.Blocks {
		var here []string
		for _, p := range []string{b.Out, b.Mid, b.Attn, b.MLP} {
			if p != "" {
				here = append(here, p)
			}
		}
		out = append(out, here)
	}
	return out
}

// scaledByOne checks that multiplying every state by 1 changes nothing.
func (t *test) scaledByOne() (string, error) {
	want, err := t.forward(t.ids, nil)
	if err != nil {
		return "", err
	}
	h := &hooks.Registry{}
	n := 0
	for _, here := range t.places() {
		for _, p := range here {
			h.Add(p, hooks.Scale(1))
			n++
		}
	}
	got, err := t.forward(t.ids, h)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("scaling by 1 at %d points changes no bit", n), same(got, want)
}

// patchedItself checks that patching a run with its own states changes nothing.
func (t *test) patchedItself() (string, error) {
	points := []string{t.m.Layout.Embed, t.m.Layout.Norm}
	for _, here := range t.places() {
		points = append(points, here...)
	}
	text := fmt.Sprintf("patching a run with itself at %d points changes no bit", len(points))
	return text, t.withCaptures(t.ids, points, func(run *hooks.Run, want []float32) error {
		h := &hooks.Registry{}
		for _, p := range points {
			h.Add(p, hooks.Patch("itself", run.Captured(p), hooks.Positions{}, hooks.Positions{}))
		}
		got, err := t.forward(t.ids, h)
		if err != nil {
			return err
		}
		return same(got, want)
	})
}

// patchedWhole patches the stream of another prompt after each block in turn. The logits must be
// that prompt's.
func (t *test) patchedWhole() (string, error) {
	var points []string
	for _, b := range t.m.Layout.Blocks {
		points = append(points, b.Out)
	}
	text := fmt.Sprintf("the stream of another prompt, patched in behind any of %d blocks, gives that prompt's logits", len(points))
	return text, t.withCaptures(t.other, points, func(run *hooks.Run, want []float32) error {
		for _, p := range points {
			h := &hooks.Registry{}
			h.Add(p, hooks.Patch("other", run.Captured(p), hooks.Positions{}, hooks.Positions{}))
			got, err := t.forward(t.ids, h)
			if err != nil {
				return err
			}
			if err := same(got, want); err != nil {
				return fmt.Errorf("patched at %s: %w", p, err)
			}
		}
		return nil
	})
}

// withCaptures runs ids and passes the run, with the captured points, and its logits to f.
func (t *test) withCaptures(ids []int64, points []string, f func(*hooks.Run, []float32) error) error {
	h := &hooks.Registry{}
	for _, p := range points {
		h.Capture(p)
	}
	var run *hooks.Run
	var logits []float32
	err := t.m.Hold(t.ctx, func(s model.Session) (err error) {
		if run, err = s.Forward(ids, h); err != nil {
			return err
		}
		logits, err = floats(run.Results[0])
		return err
	})
	defer run.Close()
	if err != nil {
		return err
	}
	return f(run, logits)
}

// floats returns the numbers of a tensor of any type.
func floats(x *torch.Tensor) ([]float32, error) {
	y, err := x.To(torch.Float32, torch.CPU)
	if err != nil {
		return nil, err
	}
	defer y.Close()
	return torch.Values[float32](y)
}

// skipped compares a skipped block with a block whose parts add nothing.
func (t *test) skipped() (string, error) {
	c := t.m.Config
	if c != nil && c.Arch != nil && c.Arch.PostNorm {
		return "", &unknown{"a block of this model norms the stream behind its parts, so it is no identity without them", "nothing: this check does not apply"}
	}
	tried := 0
	for _, b := range t.m.Layout.Blocks {
		if b.Attn == "" || b.MLP == "" {
			continue
		}
		tried++
		zero, skip := &hooks.Registry{}, &hooks.Registry{}
		zero.Add(b.Attn, hooks.Zero())
		zero.Add(b.MLP, hooks.Zero())
		skip.Add(b.Out, hooks.Skip())
		want, err := t.forward(t.ids, zero)
		if err != nil {
			return "", err
		}
		got, err := t.forward(t.ids, skip)
		if err != nil {
			return "", err
		}
		if err := same(got, want); err != nil {
			return "", fmt.Errorf("%s: skipped, and with zeros of its attention and MLP: %w", b.Out, err)
		}
	}
	if tried == 0 {
		return "", &unknown{"this archive does not tell of its attention and MLP", "name them in a sidecar"}
	}
	return fmt.Sprintf("zeros of attention and MLP equal skipping the block, for each of %d", tried), nil
}

// sweep compares a sweep, whose runs begin at the first changed block, with whole runs.
func (t *test) sweep() (string, error) {
	places, err := sweep.PlacesOf(t.m, sweep.Resid, nil, nil)
	if err != nil {
		return "", err
	}
	word := lens.Word{Text: "a token", ID: t.ids[0]}
	r, err := sweep.Run(t.ctx, t.m, t.ids, sweep.Plan{Changes: sweep.Scale(0.8), Places: places, Words: []lens.Word{word}, Metrics: []sweep.Metric{{Kind: sweep.Logit}}}, sweep.Options{})
	if err != nil {
		return "", err
	}
	V := t.m.Sizes.Vocab
	for i, p := range places {
		h := &hooks.Registry{}
		h.Add(p.Point, hooks.Scale(0.8))
		whole, err := t.forward(t.ids, h)
		if err != nil {
			return "", err
		}
		at := (len(t.ids)-1)*V + int(word.ID)
		if err := same(r.Series[0].Values[i:i+1], whole[at:at+1]); err != nil {
			return "", fmt.Errorf("%s scaled: %w", p.Point, err)
		}
	}
	return fmt.Sprintf("a sweep over %d blocks has the bits of whole runs", len(places)), nil
}

// lastScaled checks that the final norm undoes a scaling of the last block, as far as its epsilon
// allows. Let n be the norm's output without its bias. Scaling by f turns it into k*n with k =
// sqrt((v+e)/(v+e/f^2)), v the variance of the last state and e the epsilon. Each logit moves by
// |k-1| times the contribution of n. A log-probability moves by at most twice the largest move.
func (t *test) lastScaled() (string, error) {
	if t.m.Config == nil || t.m.Config.Arch == nil {
		return "", &unknown{"this archive tells no configuration, and so not what its final norm adds to the variance", "export it by golens, with a sidecar"}
	}
	arch := t.m.Config.Arch
	if arch.PostNorm || arch.LogitCap > 0 || arch.ProjectDim > 0 {
		return "", &unknown{"between this model's last block and its logits there is more than a norm and a product", "nothing: this check does not apply"}
	}
	const f = 0.8
	L := t.m.Sizes.Blocks
	places, err := sweep.PlacesOf(t.m, sweep.Resid, []int{L - 1}, nil)
	if err != nil {
		return "", err
	}
	r, err := sweep.Run(t.ctx, t.m, t.ids, sweep.Plan{Changes: sweep.Scale(f), Places: places, Words: []lens.Word{{Text: "a token", ID: t.ids[0]}}}, sweep.Options{})
	if err != nil {
		return "", err
	}
	variance, logits, bias, err := t.lastState()
	if err != nil {
		return "", err
	}
	k := math.Sqrt((variance + arch.Eps) / (variance + arch.Eps/(f*f)))
	most, size := 0.0, 0.0
	for i, v := range logits {
		most = max(most, math.Abs(float64(v)-float64(bias[i])))
		size = max(size, math.Abs(float64(v)))
	}
	rounding := 1e-5 * (1 + size) * 16777216 / math.Pow(2, float64(mantissa(t.m.DType)))
	bound := 2*math.Abs(k-1)*most + rounding
	moved := math.Abs(float64(r.Series[0].Values[0]) - float64(r.Series[0].Clean[0]))
	if !(moved <= bound) {
		return "", fmt.Errorf("scaling the last block by %g moves a log-probability by %.3g, and the norm's epsilon of %g allows %.3g", f, moved, arch.Eps, bound)
	}
	return fmt.Sprintf("scaling the last block by %g moves a log-probability by %.2g; the norm's epsilon allows %.2g", f, moved, bound), nil
}

// mantissa returns the number of bits in the numbers of a type.
func mantissa(d torch.DType) int {
	switch d {
	case torch.BFloat16:
		return 8
	case torch.Float16:
		return 11
	}
	return 24
}

// lastState returns the variance of the last block's last row, the logits there, and the
// unembedding of the norm's bias. For a norm that does not subtract the mean, the variance is the
// mean square.
func (t *test) lastState() (variance float64, logits, bias []float32, err error) {
	out := t.m.Layout.Blocks[t.m.Sizes.Blocks-1].Out
	T, C, V := len(t.ids), t.m.Sizes.Width, t.m.Sizes.Vocab
	err = t.withCaptures(t.ids, []string{out}, func(run *hooks.Run, all []float32) error {
		state, err := floats(run.Captured(out))
		if err != nil {
			return err
		}
		row := state[(T-1)*C:]
		mean := 0.0
		if t.m.Config.Arch.Norm == "layer norm" {
			for _, v := range row {
				mean += float64(v) / float64(C)
			}
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / float64(C)
		}
		logits = all[(T-1)*V:]
		return t.m.Hold(t.ctx, func(s model.Session) error {
			zero, err := hooks.Zero().Apply(run.Captured(out))
			if err != nil {
				return err
			}
			defer zero.Close()
			normed, err := s.Norm(zero)
			if err != nil {
				return err
			}
			defer normed.Close()
			all, err := headValues(s, normed)
			if err == nil {
				bias = all[(T-1)*V:]
			}
			return err
		})
	})
	return variance, logits, bias, err
}
