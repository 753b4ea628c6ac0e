package lens

import (
	"math"
	"reflect"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestChoose: the kernel selects what libtorch's operations do, which serve other devices,
// of rows of every kind.
func TestChoose(t *testing.T) {
	m := openModel(t, "", model.Options{})
	const V = 1000
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	kinds := []func(i int) float32{
		func(i int) float32 { return float32(math.Sin(float64(i * i))) },
		func(i int) float32 { return float32(i % 3) },
		func(int) float32 { return 0 },
		func(i int) float32 { return []float32{0, float32(math.Copysign(0, -1))}[i%2] },
		func(i int) float32 { return []float32{1, nan}[i%500/499] },
		func(i int) float32 { return []float32{float32(i), inf}[i%500/499] },
		func(int) float32 { return -inf },
		func(i int) float32 { return float32(i) * 1e-42 },
	}
	var x []float32
	for _, f := range kinds {
		for i := range V {
			x = append(x, f(i))
		}
	}
	logits, err := torch.New(x, 1, int64(len(kinds)), V)
	if err != nil {
		t.Fatal(err)
	}
	defer logits.Close()
	for _, positions := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7}, {1, 4, 6}} {
		var targets []int64
		for p := range positions {
			targets = append(targets, 499, int64(p)-1)
		}
		for _, wanted := range [][]int64{targets, nil} {
			r := &reader{plan: &plan{positions: positions}, m: m}
			defer r.scope.Close()
			if r.at, err = r.index(positions); err != nil {
				t.Fatal(err)
			}
			for _, top := range []int{1, 5, 600} {
				got, err := r.choose(logits, top, wanted)
				if err != nil {
					t.Fatal(err)
				}
				want, err := r.chooseByText(logits, top, wanted)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range [][]float32{got.TopLogits, want.TopLogits} {
					for i, x := range v {
						if x != x { // one NaN is as good as another
							v[i] = -12345
						}
					}
				}
				if wanted == nil {
					got.Rank, got.Ties, want.Rank, want.Ties = nil, nil, nil, nil
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("top %d at %v: %v, and by libtorch %v", top, positions, got, want)
				}
			}
		}
	}
}
