package lens

import (
	"slices"
	"testing"

	"github.com/golens/golens/model"
)

// NearInFastMode reads a lens of any package in both modes, by every kernel, and compares
// them within the bound of two orders of summation.
func NearInFastMode(t *testing.T, m *model.Model, ids []int64, o Options) {
	t.Helper()
	o.Logits, o.Hidden = true, true
	exact := read(t, m, ids, o)
	d := apartBy(t, m, exact, o.Projection)
	o.Fast = true
	for _, o.Kernel = range []Kernel{ATen, F32, TF32X3} {
		fast := read(t, m, ids, o)
		nearResult(t, fast, exact, off(o.Kernel)*d)
		if got := fast.Manifest; got.Lens != o.Projection.Name() || got.LensKey != o.Projection.Key() || got.Mode != "fast" {
			t.Errorf("%s: the manifest says %s, %s and %s", o.Kernel, got.Lens, got.LensKey, got.Mode)
		}
	}
	raw := o
	raw.Fast, raw.Kernel, raw.Projection = false, "", Raw
	if plain := read(t, m, ids, raw); slices.Equal(bitsOf(plain.Entropy), bitsOf(exact.Entropy)) {
		t.Error("the lens changes nothing")
	}
}
