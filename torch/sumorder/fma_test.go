package sumorder

import "math/big"

// exactFMA is x y + z, rounded once from a number of any length.
func exactFMA(x, y, z float32) float32 {
	n := func(v float32) *big.Float { return new(big.Float).SetPrec(600).SetFloat64(float64(v)) }
	p := n(0).Mul(n(x), n(y))
	v, _ := p.Add(p, n(z)).Float32()
	return v
}
