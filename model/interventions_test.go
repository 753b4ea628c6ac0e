package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// A kind is an action and what does the same in PyTorch.
type kind struct {
	name   string
	action func(point string, at hooks.Positions) hooks.Action
	twin   func(point string) reference.Change
}

// kinds returns every kind of intervention at tensors of width columns in runs of T
// tokens. other are captures of another run by point.
func kinds(t *testing.T, sc *torch.Scope, T, width int, other map[string]*torch.Tensor) []kind {
	tensor := func(v []float32, shape ...int64) *torch.Tensor {
		x, err := torch.New(v, shape...)
		if err != nil {
			t.Fatal(err)
		}
		return torch.Keep(sc, x)
	}
	vector, grid := make([]float32, width), make([]float32, T*width)
	for i := range grid {
		grid[i] = float32(i%13)/7 - 0.8
	}
	for i := range vector {
		vector[i] = float32(i%11)/5 - 1
	}
	v, g := tensor(vector, int64(width)), tensor(grid, int64(T), int64(width))
	plain := func(a hooks.Action) func(string, hooks.Positions) hooks.Action {
		return func(_ string, at hooks.Positions) hooks.Action { return a.At(at) }
	}
	change := func(values reference.Change) func(string) reference.Change {
		return func(point string) reference.Change {
			out := reference.Change{"point": point}
			for k, v := range values {
				out[k] = v
			}
			return out
		}
	}
	withVector := func(values reference.Change, v []float32, shape ...int) func(string) reference.Change {
		return func(point string) reference.Change { return change(values)(point).With(t, "vector", v, shape...) }
	}
	out := []kind{
		{"scale", plain(hooks.Scale(0.8)), change(reference.Change{"kind": "scale", "factor": 0.8})},
		{"zero", plain(hooks.Zero()), change(reference.Change{"kind": "zero"})},
		{"mean", plain(hooks.Mean()), change(reference.Change{"kind": "mean"})},
		{"add", plain(hooks.Add("v", v)), withVector(reference.Change{"kind": "add"}, vector, width)},
		{"add times", plain(hooks.AddTimes("v", v, -1.7)), withVector(reference.Change{"kind": "add", "factor": -1.7}, vector, width)},
		{"add grid", plain(hooks.AddTimes("g", g, 0.3)), withVector(reference.Change{"kind": "add", "factor": 0.3}, grid, T, width)},
		{"set", plain(hooks.Set("v", v)), withVector(reference.Change{"kind": "set"}, vector, width)},
		{"set grid", plain(hooks.Set("g", g)), withVector(reference.Change{"kind": "set"}, grid, T, width)},
		{"noise", plain(hooks.Noise(0.7, 11)), change(reference.Change{"kind": "noise", "sd": 0.7, "seed": 11})},
		{"project-out", plain(hooks.ProjectOut("v", v)), withVector(reference.Change{"kind": "project-out"}, vector, width)},
	}
	if other != nil {
		source := func(point string) ([]float32, []int) {
			v, err := torch.Values[float32](other[point])
			if err != nil {
				t.Fatal(err)
			}
			shape := other[point].Shape()
			return v, []int{int(shape[0]), int(shape[1]), int(shape[2])}
		}
		out = append(out, kind{"patch",
			func(point string, at hooks.Positions) hooks.Action {
				return hooks.Patch("other", other[point], hooks.Positions{}, at)
			},
			func(point string) reference.Change {
				v, shape := source(point)
				return change(reference.Change{"kind": "patch"})(point).With(t, "source", v, shape...)
			}})
	}
	return out
}

// places are positions and how the reference writes them.
var places = []struct {
	text string
	twin any
}{{"all", nil}, {"last", "last"}, {"0,3", []string{"0", "3"}}, {"-2..", []string{"-2.."}}, {"1..4,-1", []string{"1..4", "-1"}}}

func positions(t *testing.T, text string) hooks.Positions {
	t.Helper()
	p, err := hooks.ParsePositions(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openCheckpoint(t *testing.T, dir string, a model.Attention) *model.Model {
	t.Helper()
	m, err := model.Open(dir, model.Options{Attention: a})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// forward returns the logits [1,T,V] of a run, and hands the run to see before it is closed.
func forward(t *testing.T, m *model.Model, ids []int64, h *hooks.Registry, see func(*hooks.Run)) []float32 {
	t.Helper()
	var out []float32
	err := m.Hold(context.Background(), func(s model.Session) error {
		run, err := s.Forward(ids, h)
		if err != nil {
			return err
		}
		defer run.Close()
		if see != nil {
			see(run)
		}
		out, err = torch.Values[float32](run.Results[0])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sites are the points of a block and of the whole at which a user intervenes.
func sites(m *model.Model) []string {
	last := m.Sizes.Blocks - 1
	return []string{"drop", "wte", "h.0", "h.1", fmt.Sprintf("h.%d", last), "h.1.attn", "h.2.mlp", "h.2.resid_pre", "h.1.resid_mid", "ln_f"}
}

// twinOf is the point's name among PyTorch's modules; resid_mid has none there.
func twinOf(point string) (string, bool) {
	switch point {
	case "h.2.resid_pre":
		return "h.1", true
	case "h.1.resid_mid":
		return "", false
	}
	return point, true
}

// TestEveryKind compares every kind of intervention, at every site, at all positions and
// at some, with a PyTorch hook that does the same.
func TestEveryKind(t *testing.T) {
	const T = 14
	for _, name := range []string{"4x64-untied"} {
		dir := reference.Model(t, name)
		for _, a := range []model.Attention{model.SDPA, model.Eager} {
			m := openCheckpoint(t, dir, a)
			var sc torch.Scope
			defer sc.Close()
			ids, otherIDs := reference.IDs(3, T, m.Sizes.Vocab), reference.IDs(4, T, m.Sizes.Vocab)
			var h hooks.Registry
			other := map[string]*torch.Tensor{}
			for _, p := range sites(m) {
				h.Capture(p)
			}
			forward(t, m, otherIDs, &h, func(r *hooks.Run) {
				for _, p := range sites(m) {
					c, err := r.Captured(p).Clone()
					if err != nil {
						t.Fatal(err)
					}
					other[p] = torch.Keep(&sc, c)
				}
			})
			ref := reference.Sweep{Model: dir, Attention: string(a), Threads: torch.Threads()}
			clean := ref.Intervene(t, [][]int64{ids}, nil)["logits"]
			for _, k := range kinds(t, &sc, T, m.Sizes.Width, other) {
				for _, point := range sites(m) {
					twin, ok := twinOf(point)
					if !ok {
						continue
					}
					for _, at := range places {
						t.Run(fmt.Sprintf("%s/%s/%s/%s/%s", name, a, k.name, point, at.text), func(t *testing.T) {
							c := k.twin(point)
							c["point"], c["at"] = twin, at.twin
							want := ref.Intervene(t, [][]int64{ids}, []reference.Change{c}, twin)
							var h hooks.Registry
							h.Add(point, k.action(point, positions(t, at.text)))
							h.Capture(point)
							got := forward(t, m, ids, &h, func(r *hooks.Run) {
								x, err := torch.Values[float32](r.Captured(point))
								if err != nil {
									t.Fatal(err)
								}
								reference.Equal(t, "the state", x, want["capture."+twin])
							})
							reference.Equal(t, "logits", got, want["logits"])
							if slices.Equal(got, clean.Float32) {
								t.Error("it changes nothing")
							}
						})
					}
				}
			}
		}
	}
}

// TestHeads compares interventions at single heads.
func TestHeads(t *testing.T) {
	const T = 14
	dir := reference.Model(t, "4x64-untied")
	m := openCheckpoint(t, dir, model.SDPA)
	ids := reference.IDs(5, T, m.Sizes.Vocab)
	ref := reference.Sweep{Model: dir, Threads: torch.Threads()}
	var sc torch.Scope
	defer sc.Close()
	width := m.Sizes.Width / m.Sizes.Heads
	for _, k := range kinds(t, &sc, T, width, nil) {
		for _, head := range []int{0, m.Sizes.Heads - 1} {
			for _, at := range places {
				t.Run(fmt.Sprintf("%s/h%d/%s", k.name, head, at.text), func(t *testing.T) {
					c := k.twin("h.2.attn")
					c["at"], c["head"] = at.twin, head
					want := ref.Intervene(t, [][]int64{ids}, []reference.Change{c})
					var h hooks.Registry
					point := fmt.Sprintf("h.2.attn:h%d", head)
					h.Add(point, k.action(point, positions(t, at.text)))
					h.Capture(point)
					got := forward(t, m, ids, &h, func(r *hooks.Run) {
						if s := r.Captured(point).Shape(); !slices.Equal(s, []int64{1, T, int64(width)}) {
							t.Errorf("the capture has the shape %v", s)
						}
					})
					reference.Equal(t, "logits", got, want["logits"])
				})
			}
		}
	}
	for name, says := range map[string]string{
		"h.2.attn:h4": "there is no head", "h.2.attn:h-1": "there is no head", "h.2.attn:h": "there is no head", "h.2.attn:h01": "there is no head",
		"h.2.mlp:h0": "there are no heads at", "h.2.attn:x": "there is no hook point",
	} {
		if _, err := m.Points.Canonical(name); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := m.Points.Heads("transformer.h.2.attn", hooks.HeadOut); n != m.Sizes.Heads {
		t.Errorf("%d heads", n)
	}
}

// TestCombinations compares several interventions at once.
func TestCombinations(t *testing.T) {
	const T = 9
	dir := reference.Model(t, "12x96")
	m := openCheckpoint(t, dir, model.SDPA)
	ids := reference.IDs(6, T, m.Sizes.Vocab)
	ref := reference.Sweep{Model: dir, Threads: torch.Threads()}
	for _, c := range []struct {
		name  string
		hooks func(*hooks.Registry)
		twins []reference.Change
	}{
		{"skip", func(h *hooks.Registry) { h.Add("h.3", hooks.Skip()) }, []reference.Change{{"kind": "skip", "point": "h.3"}}},
		{"skip at some", func(h *hooks.Registry) { h.Add("h.3", hooks.Skip().At(hooks.At(1, -1))) },
			[]reference.Change{{"kind": "skip", "point": "h.3", "at": []string{"1", "-1"}}}},
		{"skip, then scale", func(h *hooks.Registry) {
			h.Add("h.3", hooks.Skip())
			h.Add("h.3", hooks.Scale(0.8).At(hooks.Last))
		}, []reference.Change{{"kind": "skip", "point": "h.3"}, {"kind": "scale", "factor": 0.8, "point": "h.3", "at": "last"}}},
		{"two heads and a block", func(h *hooks.Registry) {
			h.Add("h.1.attn:h0", hooks.Zero())
			h.Add("h.1.attn:h2", hooks.Scale(2).At(hooks.At(0)))
			h.Add("h.7", hooks.Noise(0.1, 3))
		}, []reference.Change{{"kind": "zero", "point": "h.1.attn", "head": 0}, {"kind": "scale", "factor": 2, "point": "h.1.attn", "head": 2, "at": []string{"0"}},
			{"kind": "noise", "sd": 0.1, "seed": 3, "point": "h.7"}}},
		{"order at one point", func(h *hooks.Registry) {
			h.Add("h.4", hooks.Mean().At(hooks.At(0, 1)))
			h.Add("h.4", hooks.Scale(-3))
			h.Add("h.4", hooks.Zero().At(hooks.At(5)))
		}, []reference.Change{{"kind": "mean", "point": "h.4", "at": []string{"0", "1"}}, {"kind": "scale", "factor": -3, "point": "h.4"},
			{"kind": "zero", "point": "h.4", "at": []string{"5"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h hooks.Registry
			c.hooks(&h)
			reference.Equal(t, "logits", forward(t, m, ids, &h, nil), ref.Intervene(t, [][]int64{ids}, c.twins)["logits"])
		})
	}
}
