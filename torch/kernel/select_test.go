package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// selects compares what every instruction set selects from rows of n logits with the
// definitions.
func selects(t *testing.T, x []float32, n int, which []int64, top int, targets []int64) {
	t.Helper()
	N := len(targets) / len(which)
	for _, s := range Sets() {
		got, err := s.Select(Logits{At: &x[0], Rows: which, N: int64(n), Step: int64(n)}, top, targets, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range which {
			row := x[int(at)*n : (int(at)+1)*n]
			want := definitions(row, row, top, targets[i*N:(i+1)*N])
			if ids := got.TopIDs[i*top : (i+1)*top]; !slices.Equal(ids, want.ids) {
				t.Fatalf("%s: row %d of %d has the candidates %v, not %v", s.Name(), at, n, ids, want.ids)
			}
			for k, id := range want.ids {
				if v := got.TopLogits[i*top+k]; !same(v, row[id]) {
					t.Fatalf("%s: candidate %d has the logit %v, not %v", s.Name(), id, v, row[id])
				}
			}
			if rank, ties := got.Rank[i*N:(i+1)*N], got.Ties[i*N:(i+1)*N]; !slices.Equal(rank, want.rank) || !slices.Equal(ties, want.ties) {
				t.Fatalf("%s: the targets %v of row %d have rank %v and ties %v, not %v and %v", s.Name(), targets[i*N:(i+1)*N], at, rank, ties, want.rank, want.ties)
			}
		}
	}
}

// A selection is what the definitions say, for rows of every kind and length.
func TestSelect(t *testing.T) {
	columns, _ := extremes()
	for name, x := range columns {
		t.Run(name, func(t *testing.T) {
			for _, top := range []int{0, 1, 5, 100, 2100} {
				selects(t, x, len(x), []int64{0}, top, []int64{64, -1, 700, 2099})
			}
		})
	}
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range []int{1, 15, 16, 17, 64, 4096, 4097, 50257} {
		x := normal(r, 5*n, 20)
		selects(t, x, n, []int64{4, 0, 2}, min(n, 7), []int64{0, int64(n) - 1, -1, int64(n) / 2, 0, 0})
		selects(t, x, n, []int64{1}, 1, nil)
	}
}

func FuzzSelect(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(5), uint8(3), uint8(0))
	f.Add(uint64(2), uint16(9000), uint16(300), uint8(2), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n, top uint16, rows, how uint8) {
		N, R := int(n%12000)+1, int(rows%4)+1
		r := rand.New(rand.NewPCG(seed, 1))
		x := normal(r, N*R, 10)
		if how&1 != 0 { // many ties
			for i := range x {
				x[i] = float32(math.Round(float64(x[i])))
			}
		}
		if how&2 != 0 {
			special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 0}
			for range r.IntN(N) {
				x[r.IntN(len(x))] = special[r.IntN(len(special))]
			}
		}
		which := make([]int64, R)
		targets := make([]int64, 2*R)
		for i := range which {
			which[i] = int64(r.IntN(R))
			targets[2*i], targets[2*i+1] = int64(r.IntN(N+1))-1, int64(r.IntN(N))
		}
		selects(t, x, N, which, min(N, int(top)), targets)
	})
}
