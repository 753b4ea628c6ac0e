package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// same compares bits, signs of zero too.
func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// Every instruction set has the bits of the stated order, for any number of rows, with
// weights in both layouts, packed and not, with a bias and without.
func TestLinearOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, size := range []struct{ n, k int }{{1, 1}, {31, 7}, {33, 16}, {64, 96}, {97, 50}, {70, 400}} {
		w, bias := normal(r, size.n*size.k, 1), normal(r, size.n, 1)
		turned := make([]float32, len(w))
		for i := range size.n {
			for j := range size.k {
				turned[j*size.n+i] = w[i*size.k+j]
			}
		}
		across := Matrix{W: &turned[0], N: int64(size.n), K: int64(size.k), StrideN: 1, StrideK: int64(size.n)}
		for _, s := range Sets() {
			for _, m := range []Matrix{rows(w, size.n, size.k), across} {
				packed := make([]float32, m.PackedSize())
				if err := s.Pack(m, packed, nil); err != nil {
					t.Fatal(err)
				}
				alone := m
				alone.W, alone.Packed = nil, &packed[0]
				for _, o := range []Order{192, 16, 7, 1000, Lanes} {
					ways := []Matrix{m, alone}
					if o == Lanes {
						if m.StrideK != 1 {
							continue // rows side by side are its precondition
						}
						ways = ways[:1]
					}
					for _, count := range []int{1, 2, 5, 13, 14, 15, 31} {
						x := normal(r, count*size.k, 1)
						for way, m := range ways {
							for _, b := range [][]float32{nil, bias} {
								y, err := s.Linear(x, m, b, o, nil)
								if err != nil {
									t.Fatal(err)
								}
								for i := range y {
									row, n := i/size.n, i%size.n
									var add *float32
									if b != nil {
										add = &b[n]
									}
									want := summed(x[row*size.k:(row+1)*size.k], w[n*size.k:(n+1)*size.k], add, o)
									if !same(y[i], want) {
										t.Fatalf("%s %v %v way %d: row %d of %d, output %d: %v, not %v", s.Name(), size, o, way, row, count, n, y[i], want)
									}
								}
								dots(t, s, x, m, b, o, y, count)
							}
						}
					}
				}
			}
		}
	}
}

// dots checks single elements against the whole product y.
func dots(t *testing.T, s Set, x []float32, m Matrix, bias []float32, o Order, y []float32, count int) {
	t.Helper()
	ids := make([]int64, count)
	for i := range ids {
		ids[i] = int64(i*31) % m.N
	}
	var b *float32
	if bias != nil {
		b = &bias[0]
	}
	got, err := s.Dots(&x[0], m.K, m, b, o, ids, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if !same(v, y[int64(i)*m.N+ids[i]]) {
			t.Fatalf("%s %v: output %d alone is %v, in the product %v", s.Name(), o, ids[i], v, y[int64(i)*m.N+ids[i]])
		}
	}
}

func FuzzLinear(f *testing.F) {
	f.Add(uint64(1), uint16(40), uint16(33), uint8(3), int16(16), uint8(0))
	f.Add(uint64(2), uint16(1), uint16(200), uint8(29), int16(-16), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, n, k uint16, count uint8, order int16, how uint8) {
		N, K, M, o := int(n%300)+1, int(k%300)+1, int(count%40)+1, Order(order)
		if o != Lanes && o < 1 {
			o = 1 - o
		}
		r := rand.New(rand.NewPCG(seed, 1))
		w, x := normal(r, N*K, 1), normal(r, M*K, math.Exp(float64(how%8)*8-28))
		m := rows(w, N, K)
		for _, s := range Sets() {
			if how&8 != 0 && o != Lanes {
				packed := make([]float32, m.PackedSize())
				if err := s.Pack(m, packed, nil); err != nil {
					t.Fatal(err)
				}
				m.Packed = &packed[0]
			}
			y, err := s.Linear(x, m, nil, o, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{0, len(y) / 2, len(y) - 1} {
				want := summed(x[i/N*K:(i/N+1)*K], w[i%N*K:(i%N+1)*K], nil, o)
				if !same(y[i], want) {
					t.Fatalf("%s [%d,%d] %v %d rows: element %d is %v, not %v", s.Name(), N, K, o, M, i, y[i], want)
				}
			}
		}
	})
}

// gelu_new in one pass stays within its bound of the formula, at the ends as well.
func TestGELU(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x := append(normal(r, 10007, 3), 0, float32(math.Copysign(0, -1)), 1e-30, -1e-30, 88, -88, 1e30, -1e30, 5, -5)
	for _, s := range Sets() {
		worst := 0.0
		for i, y := range s.GELU(x) {
			v := float64(x[i])
			want := v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
			err := math.Abs(float64(y)-want) / max(1, math.Abs(v))
			if !(err <= 4e-7) {
				t.Errorf("%s: gelu_new(%g) is %g, not %g", s.Name(), v, y, want)
			}
			worst = max(worst, err)
		}
		t.Logf("%s: at most %.2g", s.Name(), worst)
		if y := s.GELU([]float32{float32(math.NaN())})[0]; y == y {
			t.Errorf("%s: gelu_new(NaN) is %v", s.Name(), y)
		}
	}
}

func ExampleOrder() {
	fmt.Println(Order(192), "or", Lanes)
	// Output: chains of 192 or 16 lanes
}
