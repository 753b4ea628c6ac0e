package lens

import (
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
	"github.com/golens/golens/torch/kernel"
)

// A Kernel computes the rows of the fast mode: their logits, tile by tile, and the
// statistics.
type Kernel string

const (
	// Auto is the fastest kernel that serves, among those whose tests have passed on hardware of
	// the kind at hand: F32 where it serves and the processor has AVX-512, and else ATen. X3 and
	// TF32X3 come before them once they are among the kernels that have passed. In exact mode
	// it means libtorch's own products.
	Auto Kernel = "auto"
	// ATen works on tiles of the vocabulary with libtorch's operations: on any
	// processor and GPU, in any type.
	ATen Kernel = "aten"
	// F32 reads the vocabulary once, in float32 on the CPU.
	F32 Kernel = "f32"
	// X3 computes float32 products in three bfloat16 ones, with AMX or AVX512_BF16.
	// Candidates, their logits, ranks and ties are those of F32, and the sums near.
	X3 Kernel = "x3"
	// TF32X3 is ATen with float32 products in three TF32 ones, which GPUs multiply several
	// times as fast. Candidates and their logits are those of a product in float64, rounded.
	TF32X3 Kernel = "tf32x3"
)

// passed are the kernels that need special hardware and whose tests have passed on it, each
// with the run that shows it. Auto takes no other. docs/fast.md says how such a run is made.
var passed = map[Kernel]string{}

// chooseKernel settles on a kernel for a model.
func (p *plan) chooseKernel(m *model.Model) error {
	if !p.Fast {
		if p.Kernel == Auto { // which is libtorch's products here
			p.Kernel = ""
		}
		if p.Kernel != "" {
			return choice("the kernel %q belongs to the fast mode: in exact mode the products are libtorch's own", p.Kernel)
		}
		return nil
	}
	switch p.Kernel {
	case "", Auto:
		p.Kernel = ATen
		if passed[TF32X3] != "" && m.Device.HasTF32() && notNear(m) == "" {
			p.Kernel = TF32X3
		} else if why := notF32(m); why == "" && kernel.Best().Name() == "avx512" {
			p.Kernel = F32
			if x3 := kernel.X3(); passed[X3] != "" && len(x3) > 0 && x3[0].Fast() {
				p.Kernel = X3
			}
		}
	case ATen:
	case TF32X3:
		if why := notNear(m); why != "" {
			return choice("the kernel %s computes %s: take %s", p.Kernel, why, ATen)
		}
	case F32, X3:
		if why := notF32(m); why != "" {
			return choice("the kernel %s computes %s: take %s", p.Kernel, why, ATen)
		}
		if p.Kernel == X3 && len(kernel.X3()) == 0 {
			return choice("the kernel %s needs a processor that multiplies bfloat16, with AMX or AVX512_BF16, and this one does not: take %s", X3, F32)
		}
	default:
		return choice("no kernel is called %q: there are auto, aten, f32, x3 and tf32x3", p.Kernel)
	}
	return nil
}

// notF32 says why the kernel F32 cannot serve a model, or is empty.
func notF32(m *model.Model) string {
	if !m.Device.Kernels() {
		return "on the CPU, and the model is on " + m.Device.String()
	}
	return notNear(m)
}

// notNear says why the kernel TF32X3 cannot serve a model, or is empty.
func notNear(m *model.Model) string {
	switch {
	case m.DType != torch.Float32:
		return "in float32, and the model in " + m.DType.String()
	case m.LogitCap() > 0:
		return "logits without a bound, and this model's are kept within one"
	}
	return ""
}

// session returns the session by which the states of T tokens are made.
func (p *plan) session(s model.Session, T int) (model.Session, error) {
	if p.Packed {
		return s.Fast()
	}
	return s.InOrder(T)
}
