package lens

import (
	"math"

	"github.com/golens/golens/torch"
)

// doubledCells are those of a row of a result at positions from to to-1, which are compared with
// float64.
type doubledCells struct {
	d             *doubled
	r             *Result
	row, from, to int
}

// check compares a number, and keeps the largest difference.
func (c doubledCells) check(name string, position int, got float32, want, tol float64) {
	c.d.t.Helper()
	off := math.Abs(float64(got) - want)
	name = c.r.Manifest.Kernel + ": " + name
	c.d.worst[name] = max(c.d.worst[name], off)
	if !(off <= tol) {
		c.d.t.Fatalf("%s, row %d, position %d: %s is %v, in float64 %v: off by %.3g, and not by %.3g at most", c.d.m.Name, c.row, position, name, got, want, off, tol)
	}
}

// half is half a unit in the last place of a float32, to which results are rounded.
func half(v float64) float64 { return math.Abs(v) * math.Exp2(-24) }

// looseness returns what a kernel's sums are off by besides rounding: x3 may be 2e-4 from
// f32, and in KL 5e-4.
func (c doubledCells) looseness() (sums, kl float64) {
	if c.r.Manifest.Kernel == string(X3) {
		return 2e-4, 5e-4
	}
	return 0, 0
}

// ids returns the candidates as a tensor [P,K].
func (c doubledCells) ids(keep *torch.Scope) *torch.Tensor {
	P, K := len(c.r.Positions), c.r.K
	return tensorIn(c.d.t, keep, c.r.TopIDs[(c.row*P+c.from)*K:(c.row*P+c.to)*K], int64(c.to-c.from), int64(K))
}

// chosen returns the candidates' logits of x in float64, [P,K].
func (c doubledCells) chosen(keep *torch.Scope, x *torch.Tensor) []float64 {
	v, err := torch.Values[float64](c.d.call(keep, "chosen", x, c.ids(keep))[0])
	if err != nil {
		c.d.t.Fatal(err)
	}
	return v
}

// nearDouble compares with a product and statistics in float64. A logit is off by no more
// than off[p], one of the model's own by ofFinal[p]. A mean of logarithms that are off by
// 2d, under weights that are off by a factor of exp(2d), is off by 2d and 2d times its
// size, which is log V at most; KL is a difference of two such.
func (c doubledCells) nearDouble(keep *torch.Scope, x *torch.Tensor, want doubledNumbers, off, ofFinal []float64) {
	c.d.t.Helper()
	logits := c.chosen(keep, x)
	sums, kl := c.looseness()
	P, K := len(c.r.Positions), c.r.K
	for i := range c.to - c.from {
		p := c.from + i
		at := c.row*P + p
		size := 2 + 2*math.Log(float64(c.r.Vocab))
		c.check("log-sum-exp from states", p, c.r.LogSumExp[at], want.lse[i], off[i]+sumTolerance+half(want.lse[i])+sums)
		c.check("entropy from states", p, c.r.Entropy[at], want.entropy[i], (2*off[i]+sumTolerance)*size+half(want.entropy[i])+sums)
		c.check("KL from states", p, c.r.KL[at], want.kl[i], (2*max(off[i], ofFinal[i])+sumTolerance)*size+half(want.kl[i])+kl)
		for k := range K {
			c.check("logit from states", p, c.r.TopLogits[at*K+k], logits[i*K+k], off[i])
		}
		if p == P-1 {
			continue // the last one has no target
		}
		c.check("log-probability from states", p, c.r.Targets.LogProb[at], want.logprob[i], 2*off[i]+sumTolerance+half(want.logprob[i])+sums)
		if rank := c.r.Targets.Rank[at]; rank < 1+want.larger[i] || rank > want.least[i] {
			c.d.t.Errorf("%s, %s, row %d, position %d: the rank %d is not from %d to %d", c.d.m.Name, c.r.Manifest.Kernel, c.row, p, rank, 1+want.larger[i], want.least[i])
		}
	}
}

// ofLogits compares with statistics in float64 of the logits x that the kernel has in
// float32. Candidates, their logits, ranks and ties are those of x to the bit. Sums are
// off by what a tile's float32 sums lose.
func (c doubledCells) ofLogits(keep *torch.Scope, x *torch.Tensor, want doubledNumbers) {
	c.d.t.Helper()
	logits := c.chosen(keep, x)
	sums, kl := c.looseness()
	P, K := len(c.r.Positions), c.r.K
	var last []float32
	for i := range c.to - c.from {
		last = append(last, c.r.TopLogits[(c.row*P+c.from+i+1)*K-1])
	}
	larger, err := torch.Values[int64](c.d.call(keep, "larger", x, tensorIn(c.d.t, keep, last, int64(len(last))))[0])
	if err != nil {
		c.d.t.Fatal(err)
	}
	for i := range c.to - c.from {
		p := c.from + i
		at := c.row*P + p
		c.check("log-sum-exp of its logits", p, c.r.LogSumExp[at], want.lse[i], sumTolerance+half(want.lse[i])+sums)
		c.check("entropy of its logits", p, c.r.Entropy[at], want.entropy[i], sumTolerance+half(want.entropy[i])+sums)
		c.check("KL of its logits", p, c.r.KL[at], want.kl[i], sumTolerance+half(want.kl[i])+kl)
		above := int64(0) // candidates that are larger than the last one
		for k := range K {
			c.check("logit of its logits", p, c.r.TopLogits[at*K+k], logits[i*K+k], 0)
			if c.r.TopLogits[at*K+k] > last[i] {
				above++
			}
		}
		if above != larger[i] {
			c.d.t.Errorf("%s, %s, row %d, position %d: %d words are larger than the last candidate, and %d of them are candidates", c.d.m.Name, c.r.Manifest.Kernel, c.row, p, larger[i], above)
		}
		if p == P-1 {
			continue
		}
		rank, ties := c.r.Targets.Rank[at], c.r.Targets.Ties[at]
		if rank != 1+want.larger[i] || ties != want.least[i]-want.larger[i]-1 {
			c.d.t.Errorf("%s, %s, row %d, position %d: rank %d with %d ties, and not %d with %d", c.d.m.Name, c.r.Manifest.Kernel, c.row, p, rank, ties, 1+want.larger[i], want.least[i]-want.larger[i]-1)
		}
	}
}
