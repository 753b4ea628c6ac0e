package lens_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/golens/golens/hooks"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
)

func TestSpaced(t *testing.T) {
	for _, c := range []struct {
		last, n int
		want    []int
	}{
		{12, 4, []int{0, 4, 8, 12}}, {10, 4, []int{0, 3, 6, 10}}, {9, 4, []int{0, 3, 6, 9}}, {3, 4, []int{0, 1, 2, 3}},
		{0, 4, []int{0, 0, 0, 0}}, {1, 4, []int{0, 0, 0, 1}}, {7, 2, []int{0, 7}}, {7, 1, []int{0}},
	} {
		if got := lens.Spaced(c.last, c.n); !slices.Equal(got, c.want) {
			t.Errorf("Spaced(%d, %d) = %v, want %v", c.last, c.n, got, c.want)
		}
	}
}

// TestGeometry compares with the same in float64, from the states themselves. That
// it equals PyTorch in every bit, the studies' tests show.
func TestGeometry(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, T := range []int{1, 2, 11} {
		ids := reference.IDs(3, T, m.Sizes.Vocab)
		g, err := lens.ReadGeometry(context.Background(), m, ids, lens.GeometryOptions{Positions: []int{0, -1}, Rows: []int{12, 0}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := lens.Read(context.Background(), m, ids, lens.Options{Hidden: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(g.Hidden, r.Hidden) {
			t.Error("the states are not those of the lens")
		}
		R, C := len(g.Rows), g.Width
		state := func(row, at int) []float32 { return g.Hidden[(row*T+at)*C : (row*T+at+1)*C] }
		// A sum of C terms in float32 is off by less than C/2 roundings of its size
		// each way; sums here go by lanes and are far better.
		tolerance := float64(C) * math.Pow(2, -24)
		near := func(what string, got float32, want float64) {
			t.Helper()
			if d := math.Abs(float64(got) - want); !(d <= tolerance*max(1, math.Abs(want))) {
				t.Errorf("T=%d: %s is %g, in float64 %g", T, what, got, want)
			}
		}
		for i := range R {
			for at := range T {
				near("a variance", g.Variance[i*T+at], variance(state(i, at)))
			}
		}
		for n, at := range []int{0, T - 1} {
			if g.Positions[n] != at {
				t.Errorf("positions %v", g.Positions)
			}
			for i := range R {
				for j := range R {
					near("a similarity of layers", g.CosLayers[(n*R+i)*R+j], cosine(state(i, at), state(j, at)))
				}
			}
		}
		for n, row := range []int{12, 0} {
			for i := range T {
				for j := range T {
					near("a similarity of tokens", g.CosTokens[(n*T+i)*T+j], cosine(state(row, i), state(row, j)))
				}
			}
		}
		for row, got := range g.Laminar {
			k := 0
			for i := 1; i < T; i++ {
				for j := i + 1; j < T; j++ {
					near("a value of the laminar profile", got[k], cosine(state(row, i), state(row, j)))
					k++
				}
			}
			if k != len(got) {
				t.Errorf("T=%d: %d values in the laminar profile, want %d", T, len(got), k)
			}
		}
	}
}

func variance(x []float32) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		sum += (float64(v) - mean) * (float64(v) - mean)
	}
	return sum / float64(len(x)-1)
}

func cosine(a, b []float32) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// TestGeometryChoices: hooks act, and what there is not is refused.
func TestGeometryChoices(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ids := reference.IDs(3, 5, m.Sizes.Vocab)
	h := &hooks.Registry{}
	h.Add("h.3", hooks.Zero())
	g, err := lens.ReadGeometry(context.Background(), m, ids, lens.GeometryOptions{Hooks: h})
	if err != nil {
		t.Fatal(err)
	}
	for at := range ids {
		if v := g.Variance[4*len(ids)+at]; v != 0 {
			t.Errorf("a zeroed state has the variance %g", v)
		}
	}
	if !slices.Equal(g.Manifest.Interventions, []string{"h.3 zero"}) || g.Manifest.Lens != "" {
		t.Errorf("manifest: %+v", g.Manifest)
	}
	for _, o := range []lens.GeometryOptions{{Positions: []int{5}}, {Positions: []int{}}, {Rows: []int{13}}, {Rows: []int{-1}}} {
		var choice *lens.ChoiceError
		if _, err := lens.ReadGeometry(context.Background(), m, ids, o); !errors.As(err, &choice) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := lens.ReadGeometry(ctx, m, ids, lens.GeometryOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
