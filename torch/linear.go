package torch

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/golens/golens/torch/kernel"
)

// A Factor is a weight matrix and its bias, as kernels multiply by them: float32 on the CPU.
type Factor struct {
	Weight  *Tensor // [N,K], or [K,N] where ByInput
	Bias    *Tensor // [N], or nil
	ByInput bool
	Outputs int64 // only the first so many of the N outputs; 0 for all of them
}

// Linear returns x [...,C] times the weights [N,C], plus bias [N] or nil, in a given
// order of summation: [...,N]. All are float32 on the CPU.
func Linear(x, w, bias *Tensor, o kernel.Order) (*Tensor, error) {
	return Factor{Weight: w, Bias: bias}.Times(x, o)
}

// Times returns x [...,K] times the weights, plus the bias, in a given order of summation:
// [...,N], or [...,Outputs]. A row has the same bits in any number of rows, and an output
// among any number of outputs.
func (f Factor) Times(x *Tensor, o kernel.Order) (*Tensor, error) {
	const op = "multiply"
	defer runtime.KeepAlive(x)
	defer runtime.KeepAlive(f.Weight)
	defer runtime.KeepAlive(f.Bias)
	m, err := f.matrix()
	if err != nil {
		return nil, err
	}
	at, err := x.floats("rows")
	if err != nil {
		return nil, err
	}
	shape := x.Shape()
	if len(shape) == 0 || shape[len(shape)-1] != m.K || !o.Valid() || f.Bias != nil && f.Bias.Numel() != m.N || f.ByInput && o == kernel.Lanes {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("rows %v and a bias of %d do not fit weights %v in %v", shape, f.Bias.Numel(), f.Weight.Shape(), o)}
	}
	if f.Outputs < 0 || f.Outputs > m.N {
		return nil, &Error{Op: op, Msg: fmt.Sprintf("the first %d outputs of %d were asked for", f.Outputs, m.N)}
	}
	if f.Outputs > 0 {
		m.N = f.Outputs
	}
	var b *float32
	if f.Bias != nil {
		if b, err = f.Bias.floats("bias"); err != nil {
			return nil, err
		}
	}
	shape[len(shape)-1] = m.N
	y, err := Empty(shape...)
	if err != nil {
		return nil, err
	}
	to, err := y.floats("result")
	if err == nil && y.Numel() > 0 {
		err = kernel.Best().LinearInto(to, at, x.Numel()/m.K, m, b, o, parallel())
	}
	if err != nil {
		y.Close()
		return nil, ofKernel(op, err)
	}
	return y, nil
}

// matrix returns the weights as kernels take them.
func (f Factor) matrix() (kernel.Matrix, error) {
	m, err := matrix(f.Weight)
	if err == nil && f.ByInput {
		m.N, m.K = m.K, m.N
		m.StrideN, m.StrideK = 1, m.N
	}
	return m, err
}

// Sizes returns the numbers N of outputs and K of inputs.
func (f Factor) Sizes() (outputs, inputs int64, err error) {
	m, err := f.matrix()
	return m.N, m.K, err
}

// Offset returns by how many bytes the weights lie behind the beginning of a cache line of
// 64 bytes: some libraries multiply a row in another order there.
func (f Factor) Offset() (int, error) {
	at, err := f.Weight.floats("weights")
	return int(uintptr(unsafe.Pointer(at)) % 64), err
}
