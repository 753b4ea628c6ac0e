package sumorder

import (
	"math"
	"math/rand/v2"

	"github.com/golens/golens/torch/kernel"
)

// A rival is another way to add the terms of an output, from which a trial's inputs must tell
// libtorch's. It stands for the orders that a library may have and kernels have not.
type rival struct {
	name  string
	order kernel.Order // where a kernel has it, 0 where none has
	sum   func(x, w []float32, bias float32) float32
}

// rivals returns those ways that are other functions than a candidate for a product of its
// shape: of one input without a bias there is one way only.
func (k Key) rivals() []rival {
	K := int(k.Inputs)
	var out []rival
	if k.Bias == RealBias {
		out = append(out, rival{name: "bias first", sum: biasFirst})
	}
	if K == 1 {
		return out
	}
	out = append(out, rival{name: "backwards", sum: k.backwards}, rival{name: "products rounded", sum: k.rounded})
	own := k.candidates()
	// Two halves, and a last term by itself.
	for _, o := range []kernel.Order{kernel.Order((K + 1) / 2), kernel.Order(K - 1)} {
		known := false
		for _, have := range own {
			known = known || o == have
		}
		for _, r := range out {
			known = known || o == r.order
		}
		if !known {
			out = append(out, rival{name: o.String(), order: o, sum: k.chains(o)})
		}
	}
	return out
}

// chains returns the sum in chains of so many fused multiply-adds, by its definition.
func (k Key) chains(o kernel.Order) func(x, w []float32, bias float32) float32 {
	biased := k.Bias != NoBias
	return func(x, w []float32, bias float32) float32 {
		y := bias
		for from := 0; from < len(x); from += int(o) {
			var c float32
			for i := from; i < min(len(x), from+int(o)); i++ {
				c = fma(x[i], w[i], c)
			}
			if from == 0 && !biased {
				y = c
			} else {
				y += c
			}
		}
		return y
	}
}

// backwards is one chain from the last term to the first, and then the bias.
func (k Key) backwards(x, w []float32, bias float32) float32 {
	var c float32
	for i := len(x) - 1; i >= 0; i-- {
		c = fma(x[i], w[i], c)
	}
	if k.Bias == NoBias {
		return c
	}
	return bias + c
}

// rounded is one chain of products that are rounded before they are added, and then the bias.
func (k Key) rounded(x, w []float32, bias float32) float32 {
	c := float32(x[0] * w[0])
	for i := 1; i < len(x); i++ {
		c += float32(x[i] * w[i])
	}
	if k.Bias == NoBias {
		return c
	}
	return bias + c
}

// biasFirst is one chain that begins with the bias.
func biasFirst(x, w []float32, bias float32) float32 {
	c := bias
	for i := range x {
		c = fma(x[i], w[i], c)
	}
	return c
}

// fma returns x y + z, rounded once. In float64 the product is exact. Where the sum there is
// not, its last bit is made odd, so that the second rounding is as good as the first: 53 bits
// are more than twice 24 and two.
func fma(x, y, z float32) float32 {
	p := float64(x) * float64(y)
	s := p + float64(z)
	t := s - p
	off := (p - (s - t)) + (float64(z) - t)
	if bits := math.Float64bits(s); off != 0 && bits&1 == 0 && !math.IsInf(s, 0) {
		if (off > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}

// random returns numbers that are the same in every run.
func random(a, b uint64) *rand.Rand { return rand.New(rand.NewPCG(a, b)) }
