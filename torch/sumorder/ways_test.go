package sumorder

import (
	"github.com/golens/golens/torch/kernel"
)

// A way to add the terms of an output, by its definition.
type way func(x, w []float32, bias float32, biased bool) float32

// chainsOf is what kernels do in an order of chains.
func chainsOf(o int) way {
	return func(x, w []float32, bias float32, biased bool) float32 {
		k := Key{}
		if biased {
			k.Bias = RealBias
		}
		return k.chains(kernel.Order(o))(x, w, bias)
	}
}

// lanesOf is lanes side by side, folded one after the other, and then the bias.
func lanesOf(n int) way {
	return func(x, w []float32, bias float32, biased bool) float32 {
		l := make([]float32, n)
		for i := range x {
			l[i%n] = fma(x[i], w[i], l[i%n])
		}
		y := l[0]
		for _, v := range l[1:] {
			y += v
		}
		return plus(bias, y, biased)
	}
}

func plus(bias, y float32, biased bool) float32 {
	if biased {
		return bias + y
	}
	return y
}

// one is one chain over the terms in an order, with some of them rounded before they are added.
func one(order func(n int) []int, unfused func(at, n int) bool) way {
	return func(x, w []float32, bias float32, biased bool) float32 {
		var c float32
		for at, i := range order(len(x)) {
			if unfused != nil && unfused(at, len(x)) {
				c += float32(x[i] * w[i]) // not fused on any processor
			} else {
				c = fma(x[i], w[i], c)
			}
		}
		return plus(bias, c, biased)
	}
}

func upwards(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// swapped has two neighbours change places, from the front or, below 0, from the back.
func swapped(at int) func(n int) []int {
	return func(n int) []int {
		out, i := upwards(n), at
		if i < 0 {
			i += n
		}
		if i >= 0 && i+1 < n {
			out[i], out[i+1] = out[i+1], out[i]
		}
		return out
	}
}

// chainsBut are chains of o whose ends are added in a way of their own.
func chainsBut(o int, end func(c []float32, bias float32, biased bool) float32) way {
	return func(x, w []float32, bias float32, biased bool) float32 {
		var all []float32
		for from := 0; from < len(x); from += o {
			to := min(len(x), from+o)
			all = append(all, chainsOf(o)(x[from:to], w[from:to], 0, false))
		}
		return end(all, bias, biased)
	}
}

// faults are ways that a library, or a kernel with a fault, may have.
var faults = map[string]way{
	"backwards":               one(func(n int) []int { return swappedAll(n) }, nil),
	"products rounded":        one(upwards, func(int, int) bool { return true }),
	"last product rounded":    one(upwards, func(at, n int) bool { return at == n-1 }),
	"second product rounded":  one(upwards, func(at, n int) bool { return at == 1 }),
	"first two swapped":       one(swapped(0), nil),
	"last two swapped":        one(swapped(-2), nil),
	"two lanes":               lanesOf(2),
	"four lanes":              lanesOf(4),
	"eight lanes":             lanesOf(8),
	"16 lanes, other fold":    lanesOf(16),
	"bias first":              func(x, w []float32, bias float32, biased bool) float32 { return biasFirst(x, w, bias) },
	"chains of 191":           chainsOf(191),
	"chains of 193":           chainsOf(193),
	"chains of 3":             chainsOf(3),
	"bias behind the chains":  chainsBut(192, func(c []float32, bias float32, biased bool) float32 { return plus(bias, sum(c), biased) }),
	"chains from the back":    chainsBut(192, func(c []float32, bias float32, biased bool) float32 { return plus(bias, sum(reversed(c)), biased) }),
	"last chain by itself":    chainsBut(192, lastApart),
	"float64, rounded at end": float64Sum,
}

func swappedAll(n int) []int {
	out := upwards(n)
	for i := range out {
		out[i] = n - 1 - i
	}
	return out
}

func sum(c []float32) float32 {
	y := c[0]
	for _, v := range c[1:] {
		y += v
	}
	return y
}

func reversed(c []float32) []float32 {
	out := make([]float32, len(c))
	for i := range c {
		out[i] = c[len(c)-1-i]
	}
	return out
}

// lastApart is y = (bias + c0) + ... + (c of the last two), where there are two.
func lastApart(c []float32, bias float32, biased bool) float32 {
	n := len(c)
	if n < 2 {
		return plus(bias, c[0], biased)
	}
	y := c[n-2] + c[n-1]
	if n > 2 {
		y = sum(c[:n-2]) + y
	}
	return plus(bias, y, biased)
}

func float64Sum(x, w []float32, bias float32, biased bool) float32 {
	y := 0.0
	for i := range x {
		y += float64(x[i]) * float64(w[i])
	}
	return float32(y + float64(bias))
}

// lanes16 is kernel.Lanes by its definition in kernel.h.
func lanes16(x, w []float32, bias float32, biased bool) float32 {
	var l [16]float32
	for i := range x {
		l[i%16] = fma(x[i], w[i], l[i%16])
	}
	var s [4]float32
	for j := range s {
		s[j] = ((l[j] + l[j+4]) + l[j+8]) + l[j+12]
	}
	return plus(bias, (s[0]+s[1])+(s[2]+s[3]), biased)
}
