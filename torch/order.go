package torch

import (
	"sync"

	"github.com/golens/golens/torch/kernel"
)

// orders are those that matrix libraries are known to sum in: oneMKL with AVX-512 has
// chains of 384 and, for few rows, lanes; with AVX2 chains of 256; on AMD's processors
// chains of 192.
var orders = []kernel.Order{192, 384, 256, 512, kernel.Lanes}

var trial = sync.OnceValues(func() (*Module, error) {
	u, err := NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("Trial", `
def linear(self, x: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(x, w, bias)

def same(self, a: Tensor, b: Tensor) -> bool:
    return torch.equal(a, b)

def join(self, parts: List[Tensor]) -> Tensor:
    return torch.cat(parts, 0)

def finite(self, a: Tensor) -> bool:
    return bool(torch.isfinite(a).all())
`)
})

// OrderOf returns the order in which libtorch sums F.linear(x, w, bias), for x [...,C], w
// [N,C] and bias [N] or nil: the one among those that kernels know which gives all its
// bits, and false where none does. It belongs to the number of rows, the thread count and
// the processor.
func OrderOf(x, w, bias *Tensor) (kernel.Order, bool, error) {
	t, err := trial()
	if err != nil {
		return 0, false, err
	}
	var b any
	if bias != nil {
		b = bias
	}
	y, err := t.Call("linear", x, w, b)
	if err != nil {
		return 0, false, err
	}
	defer y[0].Close()
	return OrderLike(y[0], x, w, bias)
}

// OrderLike returns the order in which y [...,N] was summed, where a product F.linear(x,
// w, bias) is at hand already.
func OrderLike(y, x, w, bias *Tensor) (kernel.Order, bool, error) {
	t, err := trial()
	if err != nil {
		return 0, false, err
	}
	tried := map[kernel.Order]bool{}
	for _, o := range orders {
		// Chains no shorter than a row are all one.
		if C := w.Shape()[1]; o > 0 && int64(o) >= C {
			o = kernel.Order(C)
		}
		if tried[o] {
			continue
		}
		tried[o] = true
		// Some outputs tell most orders apart; all of them prove one.
		same := true
		for _, n := range []int64{min(screened, w.Shape()[0]), w.Shape()[0]} {
			if same, err = sumsIn(t, o, n, y, x, w, bias); err != nil {
				return 0, false, err
			}
			if !same {
				break
			}
		}
		if same {
			return o, true, nil
		}
	}
	return 0, false, nil
}

// screened is how many outputs are compared before all of them are.
const screened = 512

// sumsIn reports whether the first n outputs of a product have the bits of y in an order.
func sumsIn(t *Module, o kernel.Order, n int64, y, x, w, bias *Tensor) (bool, error) {
	var sc Scope
	defer sc.Close()
	for _, part := range []**Tensor{&w, &bias} {
		if *part == nil {
			continue
		}
		p, err := (*part).Narrow(0, 0, n)
		if err != nil {
			return false, err
		}
		*part = Keep(&sc, p)
	}
	want, err := y.Narrow(len(y.Shape())-1, 0, n)
	if err != nil {
		return false, err
	}
	Keep(&sc, want)
	z, err := Linear(x, w, bias, o)
	if err != nil {
		return false, err
	}
	Keep(&sc, z)
	same, err := t.Call("same", want, z)
	if err != nil {
		return false, err
	}
	v, err := Values[bool](Keep(&sc, same[0]))
	return err == nil && v[0], err
}

// Join returns tensors one behind the other in their first dimension.
func Join(parts []*Tensor) (*Tensor, error) {
	t, err := trial()
	if err != nil {
		return nil, err
	}
	out, err := t.Call("join", parts)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Finite reports whether no element is NaN or infinite; false for what cannot be asked.
func Finite(x *Tensor) bool {
	t, err := trial()
	if err != nil {
		return false
	}
	out, err := t.Call("finite", x)
	if err != nil {
		return false
	}
	defer out[0].Close()
	v, err := Values[bool](out[0])
	return err == nil && v[0]
}
