package torch

import "sync"

// What Go asks of tensors by libtorch's own operations.
var tensorOps = sync.OnceValues(func() (*Module, error) {
	u, err := NewUnit()
	if err != nil {
		return nil, err
	}
	return u.Define("TensorOps", `
def join(self, parts: List[Tensor]) -> Tensor:
    return torch.cat(parts, 0)

def finite(self, a: Tensor) -> bool:
    return bool(torch.isfinite(a).all())

def linear(self, x: Tensor, w: Tensor, bias: Optional[Tensor]) -> Tensor:
    return torch.linear(x, w, bias)
`)
})

// Join returns tensors one behind the other in their first dimension.
func Join(parts []*Tensor) (*Tensor, error) { return tensorOp("join", parts) }

// LibraryLinear returns F.linear(x, w, bias), the product that libtorch makes itself, for x
// [...,K], w [N,K] and bias [N] or nil: [...,N].
func LibraryLinear(x, w, bias *Tensor) (*Tensor, error) {
	if bias == nil {
		return tensorOp("linear", x, w, nil)
	}
	return tensorOp("linear", x, w, bias)
}

// Finite reports whether no element is NaN or infinite.
func Finite(x *Tensor) (bool, error) {
	out, err := tensorOp("finite", x)
	if err != nil {
		return false, err
	}
	defer out.Close()
	v, err := Values[bool](out)
	return err == nil && v[0], err
}

func tensorOp(method string, args ...any) (*Tensor, error) {
	t, err := tensorOps()
	if err != nil {
		return nil, err
	}
	out, err := t.Call(method, args...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}
