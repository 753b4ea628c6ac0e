package sweep_test

import (
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/sweep"
)

// A fast sweep that is taken up again with one run left goes on with the kernels, and so
// with the numbers, of the first time; its manifest names them.
func TestFastGoesOn(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Packs(); err != nil {
		t.Skip(err)
	}
	plan := simple(t, m)
	ids := []int64{464, 3290, 318}
	want, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	if k := want.Manifest; k.Kernel != "f32" || !k.Packed || k.Mode != "fast" {
		t.Errorf("the manifest says mode %s, kernel %s, packed %v", k.Mode, k.Kernel, k.Packed)
	}
	part := *want
	part.Done = append([]bool(nil), want.Done...)
	part.Done[len(part.Done)-1] = false
	got, err := sweep.Run(t.Context(), m, ids, plan, sweep.Options{Fast: true, Before: &part})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got.Series[0].Values {
		if v != want.Series[0].Values[i] {
			t.Errorf("number %d is %v, and was %v", i, v, want.Series[0].Values[i])
		}
	}
}
