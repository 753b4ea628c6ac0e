package reference

import (
	"path/filepath"
	"testing"
)

// A Change is an intervention of any kind, in the words of
// scripts/reference/sweeps.py: kind, point, at, rows, head and values.
type Change map[string]any

// With returns the change with an array under a name, "vector" or "source".
func (c Change) With(t testing.TB, name string, value []float32, shape ...int) Change {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".npy")
	if err := writeNPY(file, value, shape); err != nil {
		t.Fatalf("reference: %v", err)
	}
	out := Change{name: file}
	for k, v := range c {
		out[k] = v
	}
	return out
}

// A Sweep asks for runs of a model with changes.
type Sweep struct {
	Model     string
	Attention string
	DType     string // float32 where empty
	Threads   int    // 1 where 0
}

// Intervene returns logits [B,T,V] and capture.POINT [B,T,C] of one run of a batch. Its prompts
// have one length, and the changes act one after the other.
func (s Sweep) Intervene(t testing.TB, ids [][]int64, changes []Change, capture ...string) Arrays {
	t.Helper()
	f := s.fields("intervene")
	f["ids"] = ids
	if changes != nil {
		f["changes"] = changes
	}
	if capture != nil {
		f["capture"] = capture
	}
	return s.ask(t, f)
}

// Run returns the metrics of a clean run and, behind it, of one for each variant: see
// sweep in scripts/reference/sweeps.py.
func (s Sweep) Run(t testing.TB, ids []int64, variants [][]Change, targets []int64, pairs [][2]int64) Arrays {
	t.Helper()
	f := s.fields("sweep")
	f["ids"], f["variants"] = ids, variants
	if targets != nil {
		f["targets"] = targets
	}
	if pairs != nil {
		f["pairs"] = pairs
	}
	return s.ask(t, f)
}

// LensDiff returns kl [R,T], KL(clean || changed) of every row of a lens with a point scaled.
func (s Sweep) LensDiff(t testing.TB, ids []int64, kind, point string, factor float64) Arrays {
	t.Helper()
	f := s.fields("lens_diff")
	f["ids"], f["lens"], f["point"], f["factor"] = ids, kind, point, factor
	return s.ask(t, f)
}

func (s Sweep) fields(op string) map[string]any {
	f := map[string]any{"op": op, "model": s.Model, "threads": max(s.Threads, 1)}
	if s.DType != "" {
		f["dtype"] = s.DType
	}
	if s.Attention != "" {
		f["attention"] = s.Attention
	}
	return f
}

func (s Sweep) ask(t testing.TB, f map[string]any) Arrays {
	t.Helper()
	a, err := start(t).do(f)
	if err != nil {
		t.Fatalf("reference: %s with %s: %v", f["op"], s.Model, err)
	}
	return a.arrays
}
