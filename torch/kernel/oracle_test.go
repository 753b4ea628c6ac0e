package kernel

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// The oracle: the same numbers by their definitions, from whole rows of logits, in
// float64 and without a thought for speed.

// summed is x . w in a given order, one rounding after the other.
func summed(x, w []float32, bias *float32, o Order) float32 {
	fma := func(a, b, c float32) float32 { // rounded once: float64 holds the product, and big the sum
		return fma32(a, b, c)
	}
	if o == Lanes {
		var l [16]float32
		for k := range x {
			l[k%16] = fma(x[k], w[k], l[k%16])
		}
		var s [4]float32
		for j := range s {
			s[j] = ((l[j] + l[j+4]) + l[j+8]) + l[j+12]
		}
		y := (s[0] + s[1]) + (s[2] + s[3])
		if bias != nil {
			y = *bias + y
		}
		return y
	}
	var y float32
	for from := 0; from < len(x); from += int(o) {
		var c float32
		for k := from; k < min(len(x), from+int(o)); k++ {
			c = fma(x[k], w[k], c)
		}
		switch {
		case from > 0:
			y += c
		case bias != nil:
			y = *bias + c
		default:
			y = c
		}
	}
	return y
}

// fma32 is a*b + c with one rounding to float32. The product is whole in float64; a sum
// that is rounded there to an odd last bit where it is not whole cannot be rounded
// wrongly the second time (Boldo and Melquiond 2008).
func fma32(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return float32(s)
	}
	t := s - p
	if err := (p - (s - t)) + (q - t); err != 0 && math.Float64bits(s)&1 == 0 {
		if (err > 0) == (s > 0) {
			s = math.Float64frombits(math.Float64bits(s) + 1)
		} else {
			s = math.Float64frombits(math.Float64bits(s) - 1)
		}
	}
	return float32(s)
}

// told is what the definitions say of a row of logits.
type told struct {
	ids         []int64
	lse         float64
	entropy, kl float64
	rank, ties  []int64
}

func definitions(x, final []float32, top int, targets []int64) told {
	ids := make([]int64, len(x))
	for i := range ids {
		ids[i] = int64(i)
	}
	slices.SortStableFunc(ids, func(a, b int64) int {
		u, v := x[a], x[b]
		switch un, vn := u != u, v != v; {
		case un && vn:
			return 0
		case un:
			return -1
		case vn:
			return 1
		}
		return cmp.Compare(v, u)
	})
	t := told{ids: ids[:top]}
	m, log := logSum(x)
	fm, flog := logSum(final)
	t.lse = m + log
	if math.IsInf(m, 0) {
		t.lse, m = m, math.NaN()
	}
	if math.IsInf(fm, 0) {
		fm = math.NaN()
	}
	for i := range x {
		l, f := (float64(x[i])-m)-log, (float64(final[i])-fm)-flog
		t.entropy -= math.Exp(l) * l
		t.kl += math.Exp(f) * (f - l)
	}
	for _, id := range targets {
		rank, ties := int64(0), int64(0)
		if id >= 0 {
			rank, ties = 1, -1
			for _, v := range x {
				if v > x[id] {
					rank++
				}
				if v == x[id] {
					ties++
				}
			}
			if x[id] != x[id] { // NaN ranks behind all numbers
				rank, ties = int64(len(x)), 0
			}
		}
		t.rank, t.ties = append(t.rank, rank), append(t.ties, ties)
	}
	return t
}

// logSum returns the largest of x, and log(sum exp(x - largest)).
func logSum(x []float32) (m, log float64) {
	m = math.Inf(-1)
	for _, v := range x {
		if v != v {
			return math.NaN(), math.NaN()
		}
		m = max(m, float64(v))
	}
	var s float64
	for _, v := range x {
		s += math.Exp(float64(v) - m)
	}
	return m, math.Log(s)
}

// normal returns numbers about 0.
func normal(r *rand.Rand, n int, scale float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() * scale)
	}
	return v
}

func rows(w []float32, n, k int) Matrix {
	return Matrix{W: &w[0], N: int64(n), K: int64(k), StrideN: int64(k), StrideK: 1}
}
