package sweep

import (
	"slices"
	"testing"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

// TestSpoiled: where no shared product has the bits of the whole run's, each run has its
// own, with the same numbers.
func TestSpoiled(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	places, err := PlacesOf(m, Resid, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, T := range []int{1, 2, 3, 5, 20} {
		ids := make([]int64, T)
		for i := range ids {
			ids[i] = int64(100 + 7*i)
		}
		p, err := Plan{Changes: Scale(0.8, 0, 2), Places: places, Words: []lens.Word{{ID: 17}}}.check(m, T)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Run(t.Context(), m, ids, p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		live := torch.Live()
		r := &runner{m: m, ids: ids, plan: p, out: newResult(p, ids), spoil: true, spoilBatch: T == 5}
		got, err := r.run(t.Context())
		if err != nil || !got.Complete() {
			t.Fatalf("T=%d: %v", T, err)
		}
		if T > 1 && r.width != 0 {
			t.Errorf("T=%d: a product of %d rows was used all the same", T, r.width)
		}
		if !slices.Equal(got.Series[0].Values, want.Series[0].Values) {
			t.Errorf("T=%d: the numbers are others", T)
		}
		if n := torch.Live() - live; n > 0 {
			t.Errorf("T=%d: %d tensors are left", T, n)
		}
	}
}

// TestWidths: how many rows share a product.
func TestWidths(t *testing.T) {
	for _, c := range []struct{ T, variants, width, guards int }{
		{1, 12, 1, 0}, {2, 12, 2, 1}, {3, 12, 3, 1}, {14, 12, 14, 2}, {16, 400, 16, 2}, {22, 12, 16, 2}, {22, 15, 22, 2}, {256, 12, 16, 2}, {256, 400, 64, 2}, {22, 0, 22, 2},
	} {
		if w := widthFor(c.T, c.variants); w != c.width || guards(w) != c.guards {
			t.Errorf("%d tokens, %d variants: %d rows with %d of the clean run", c.T, c.variants, w, guards(w))
		}
	}
}
