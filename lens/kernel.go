package lens

import "github.com/golens/golens/model"

// A Kernel computes the rows of the fast mode: their logits, tile by tile, and the
// statistics.
type Kernel string

const (
	// Auto is F32 where it serves, and else ATen.
	Auto Kernel = "auto"
	// ATen works on tiles of the vocabulary with libtorch's operations: on any
	// processor and GPU, in any type.
	ATen Kernel = "aten"
	// F32 reads the vocabulary once, in float32 on the CPU.
	F32 Kernel = "f32"
	// X3 computes float32 products in three bfloat16 ones.
	X3 Kernel = "x3"
)

// chooseKernel settles on a kernel for a model.
func (p *plan) chooseKernel(m *model.Model) error {
	if !p.Fast {
		if p.Kernel != "" {
			return choice("the kernel %q belongs to the fast mode: in exact mode the products are libtorch's own", p.Kernel)
		}
		return nil
	}
	switch p.Kernel {
	case "", Auto:
		p.Kernel = ATen
	case ATen:
	case F32, X3:
		return choice("the kernel %s is not in this build: %s serves every model", p.Kernel, ATen)
	default:
		return choice("no kernel is called %q: there are auto, aten, f32 and x3", p.Kernel)
	}
	return nil
}
