package lens

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golens/golens/torch"
)

// TestNearCut: a number is the sum of two that TF32 holds, but for 2^-22 of it.
func TestNearCut(t *testing.T) {
	text := nearProgram
	cut := func(v []float32) []float32 {
		out, err := text.Call("cut", newTensor(t, v, int64(len(v))))
		if err != nil {
			t.Fatal(err)
		}
		defer out[0].Close()
		x, err := torch.Values[float32](out[0])
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	r := rand.New(rand.NewPCG(7, 8))
	v := []float32{0, 1, -1, 1 + 0x1p-10, 1 + 0x1p-11, 1 + 0x1.8p-10, 1 + 0x1p-23, 2 - 0x1p-23, -2 + 0x1p-23, 0x1p114, 0x1p-100}
	for range 100000 {
		v = append(v, float32(math.Ldexp(r.NormFloat64(), r.IntN(200)-100)))
	}
	a := cut(v)
	rest := make([]float32, len(v))
	for i := range v {
		rest[i] = v[i] - a[i]
	}
	b := cut(rest)
	for i, x := range v {
		if left := math.Abs(float64(x) - float64(a[i]) - float64(b[i])); !(left <= math.Abs(float64(x))*0x1p-22) {
			t.Fatalf("%g is %g and %g, and %g is left", x, a[i], b[i], left)
		}
		for _, part := range []float32{a[i], b[i]} {
			if math.Float32bits(part)&(1<<13-1) != 0 {
				t.Fatalf("%g is no TF32 number, of %g", part, x)
			}
		}
	}
	for _, x := range cut([]float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32}) {
		if !isNaN(x) {
			t.Errorf("what TF32 does not hold becomes %v", x)
		}
	}
}

// TestNearMargin: the margin holds for products that are added as GPUs do it at their
// worst, four at a time to what there is, all of them cut off at the bit behind the last
// one of the largest, and the sum at its own last bit.
func TestNearMargin(t *testing.T) {
	const C = 768
	text := nearProgram
	factors := func(v []float32) ([]float32, []float32) {
		out, err := text.Call("factors", newTensor(t, v, 1, C))
		if err != nil {
			t.Fatal(err)
		}
		defer out[0].Close()
		x, err := torch.Values[float32](out[0])
		if err != nil {
			t.Fatal(err)
		}
		return x[:C], x[C:]
	}
	// Numbers of float32 and their products have room in float64.
	down := func(x float64, unit float64) float64 { return math.Trunc(x/unit) * unit }
	lastBit := func(x float64) float64 { return math.Exp2(math.Floor(math.Log2(math.Abs(x))) - 23) }
	add := func(sum float64, a, b []float32) float64 {
		for i := 0; i < C; i += 4 {
			terms := []float64{sum}
			for j := i; j < i+4; j++ {
				terms = append(terms, float64(a[j])*float64(b[j]))
			}
			most := 0.0
			for _, x := range terms {
				most = max(most, math.Abs(x))
			}
			if sum = 0; most == 0 {
				continue
			}
			for _, x := range terms {
				sum += down(x, lastBit(most)/2)
			}
			if sum != 0 {
				sum = down(sum, lastBit(sum))
			}
		}
		return sum
	}
	r := rand.New(rand.NewPCG(4, 4))
	positive := func(sd float64) []float32 {
		v := normal(r, C, sd)
		for i := range v {
			v[i] = float32(math.Abs(float64(v[i])))
		}
		return v
	}
	worst := 0.0
	for range 200 {
		for _, c := range [][2][]float32{{normal(r, C, 1), normal(r, C, 3)}, {positive(1), positive(1e3)}, {slices.Repeat([]float32{1 + 0x1.ffep-12}, C), slices.Repeat([]float32{1 + 0x1.ffep-12}, C)}} {
			h1, h2 := factors(c[0])
			w1, w2 := factors(c[1])
			// Each product is added to what the one before left, as the text does it.
			got := 0.0
			for _, p := range [][2][]float32{{h1, w2}, {h2, w1}, {h1, w1}} {
				got += add(0, p[0], p[1])
				got = float64(float32(got))
			}
			want, size := 0.0, longest(c[0], C)*longest(c[1], C)
			for i := range C {
				want += float64(c[0][i]) * float64(c[1][i])
			}
			margin := (1.02*C + 12) * math.Exp2(-23) * size
			if off := math.Abs(got - want); !(off <= margin) {
				t.Fatalf("%v is off by %g, more than %g", want, off, margin)
			} else {
				worst = max(worst, off/margin)
			}
		}
	}
	t.Logf("off by no more than %.2g of the margin", worst)
}
