package lens

import (
	"context"
	"slices"
	"testing"

	"github.com/golens/golens/model"
	"github.com/golens/golens/model/builtin"
	"github.com/golens/golens/torch"
)

func TestRanges(t *testing.T) {
	for _, c := range []struct {
		rows []int
		want string
	}{
		{[]int{1}, "1"}, {[]int{2, 3}, "2, 3"}, {[]int{2, 3, 4}, "2..4"}, {[]int{1, 3}, "1, 3"}, {[]int{16, 17, 18, 20, 24}, "16..24"},
		{[]int{1, 4, 5, 6, 48, 64}, "1, 4..6, 48, 64"}, {nil, ""},
	} {
		if got := ranges(c.rows); got != c.want {
			t.Errorf("%v is written %q, want %q", c.rows, got, c.want)
		}
	}
}

// TestProducts sees that the classes hold for other rows than those that made them.
func TestProducts(t *testing.T) {
	m, err := builtin.Open("", model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	live := torch.Live()
	products, err := Products(m)
	if err != nil {
		t.Fatal(err)
	}
	if n := torch.Live(); n > live+2 { // the modules of the products and of trials of orders stay
		t.Errorf("%d tensors and modules are left", n-live)
	}
	for _, p := range products {
		all := slices.Concat(p.Classes...)
		slices.Sort(all)
		if !slices.Equal(all, triedRows) {
			t.Errorf("%v: the classes hold %v", p, all)
		}
	}
	head := products[0]
	if head.Name != "head" || head.In != m.Sizes.Width || head.Out != m.Sizes.Vocab {
		t.Fatalf("the first product is %v", head)
	}
	var sc torch.Scope
	defer sc.Close()
	x, err := random(&sc, m.DType, 1, int64(triedRows[len(triedRows)-1]), int64(head.In))
	if err != nil {
		t.Fatal(err)
	}
	row := func(M int) []float32 { // the first row's logits, of M rows
		var v []float32
		err := m.Hold(context.Background(), func(s model.Session) error {
			few, err := x.Narrow(1, 0, int64(M))
			if err != nil {
				return err
			}
			defer few.Close()
			y, err := s.Head(few)
			if err != nil {
				return err
			}
			defer y.Close()
			first, err := y.Select(1, 0)
			if err != nil {
				return err
			}
			defer first.Close()
			v, err = torch.Values[float32](first)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, class := range head.Classes {
		want := row(class[0])
		for _, M := range class[1:] {
			if !slices.Equal(row(M), want) {
				t.Errorf("%v: a row of %d has other bits than one of %d", head, M, class[0])
			}
		}
	}
	placed, err := PlacedRows(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, M := range placed {
		if !slices.Contains([]int{1, 2, 3, 16}, M) {
			t.Errorf("%d rows were not tried", M)
		}
	}
}
