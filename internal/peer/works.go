package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/report/data"
	"github.com/golens/golens/sweep"
)

// arguments are those of all works.
type arguments struct {
	IDs    []int64     `json:"ids"`
	Mode   string      `json:"mode"`   // exact or fast
	Kernel lens.Kernel `json:"kernel"` // of the fast mode, "" for its own choice
	Factor float64     `json:"factor"`
	Target int64       `json:"target"`
	Chunk  int         `json:"chunk"`
	New    int         `json:"new"`
}

// A work does something with a model, and returns what writes its results as JSON:
// writing them is no part of it.
type work func(ctx context.Context, m *model.Model, a arguments) (write func(io.Writer) error, err error)

var works = map[string]work{"lens": readLens, "sweep": runSweep, "text": readText, "generate": generate}

// fast reports whether the fast mode is asked for.
func (a arguments) fast() (bool, error) {
	switch a.Mode {
	case "exact", "fast":
		return a.Mode == "fast", nil
	}
	return false, fmt.Errorf("there is no mode %q: there are exact and fast", a.Mode)
}

// options are those of a lens with all statistics, of many prompts one behind the other.
func (a arguments) options() (lens.Options, error) {
	fast, err := a.fast()
	return lens.Options{Fast: fast, Kernel: a.Kernel, Packed: fast}, err
}

func readLens(ctx context.Context, m *model.Model, a arguments) (func(io.Writer) error, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	o.Next = true
	r, err := lens.Read(ctx, m, a.IDs, o)
	return writeLens(r), err
}

// writeLens writes a lens as JSON on a line.
func writeLens(r *lens.Result) func(io.Writer) error {
	return func(w io.Writer) error {
		b, err := data.Lens(r)
		if err != nil {
			return err
		}
		return b.Write(w, data.JSON, data.Options{Several: true})
	}
}

func generate(ctx context.Context, m *model.Model, a arguments) (func(io.Writer) error, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	o.Next = true
	g, err := lens.Generate(ctx, m, a.IDs, lens.GenerateOptions{Lens: o, MaxNew: a.New, NoEnd: true}, nil)
	if err != nil {
		return nil, err
	}
	r := g.Joined(0)
	return writeLens(r), nil
}

func runSweep(ctx context.Context, m *model.Model, a arguments) (func(io.Writer) error, error) {
	fast, err := a.fast()
	if err != nil {
		return nil, err
	}
	places, err := sweep.PlacesOf(m, sweep.Resid, nil, nil)
	if err != nil {
		return nil, err
	}
	plan := sweep.Plan{Changes: sweep.Scale(a.Factor), Places: places, Words: []lens.Word{{Text: "target", ID: a.Target}}}
	r, err := sweep.Run(ctx, m, a.IDs, plan, sweep.Options{Fast: fast})
	return func(w io.Writer) error {
		s := r.Series[0]
		return json.NewEncoder(w).Encode(map[string][]float32{"logprob": append(s.Clean[:1:1], s.Values...)})
	}, err
}

// readText answers with the means of worker.py's works, by their names there.
func readText(ctx context.Context, m *model.Model, a arguments) (func(io.Writer) error, error) {
	o, err := a.options()
	if err != nil {
		return nil, err
	}
	t, err := lens.ReadText(ctx, m, &tokens{a.IDs}, lens.TextOptions{Lens: o, Chunk: a.Chunk})
	return func(w io.Writer) error {
		found := map[string][]float64{"loss": t.CrossEntropy, "entropy": t.Entropy, "kl": t.KL, "agree": t.Agree, "reciprocal_rank": t.ReciprocalRank}
		for n := range t.Rows {
			within := t.Within[n*len(lens.RankLimits):]
			for i, limit := range lens.RankLimits[:2] {
				name := fmt.Sprintf("top%d", limit)
				found[name] = append(found[name], within[i])
			}
		}
		return json.NewEncoder(w).Encode(found)
	}, err
}

// tokens are a text that is there as a whole.
type tokens struct{ left []int64 }

// ReadIDs makes it a lens.TokenSource.
func (t *tokens) ReadIDs(ids []int64) (int, error) {
	n := copy(ids, t.left)
	t.left = t.left[n:]
	if len(t.left) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// pairs runs the model n times with captures of all blocks' outputs, and n times without any. It
// returns the ratio of the times. Each is the first one in every other pair.
func pairs(m *model.Model, ids []int64, n int) ([]float64, error) {
	captures := &hooks.Registry{}
	for _, b := range m.Layout.Blocks {
		captures.Capture(b.Out)
	}
	timed := func(h *hooks.Registry) (float64, error) {
		begun := time.Now()
		err := m.Hold(context.Background(), func(s model.Session) error {
			run, err := s.Forward(ids, h)
			if err != nil {
				return err
			}
			return run.Close()
		})
		return time.Since(begun).Seconds(), err
	}
	var ratios []float64
	for i := range n {
		order := []*hooks.Registry{captures, nil}
		if i%2 == 1 {
			order = []*hooks.Registry{nil, captures}
		}
		var hooked, bare float64
		for _, h := range order {
			seconds, err := timed(h)
			if err != nil {
				return nil, err
			}
			if h == nil {
				bare = seconds
			} else {
				hooked = seconds
			}
		}
		ratios = append(ratios, hooked/bare)
	}
	return ratios, nil
}

// written returns what a function writes.
func written(write func(io.Writer) error) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
