package model

import (
	"fmt"

	"github.com/golens/golens/model/config"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// A DType is the type in which a model computes, by PyTorch's name: "float32", "bfloat16" or
// "float16".
type DType string

// Auto is the type in which the checkpoint is stored, as in transformers 5: what config.json says,
// or else the type of the first floating-point tensor. The embedded model computes in float32.
const Auto DType = "auto"

var dtypes = map[DType]torch.DType{"float32": torch.Float32, "bfloat16": torch.BFloat16, "float16": torch.Float16}

// of returns the type of that name.
func (d DType) of() (torch.DType, error) {
	t, ok := dtypes[d]
	if !ok {
		return 0, choice("model: no type to compute in is called %q: it is auto, float32, bfloat16 or float16", string(d))
	}
	return t, nil
}

// choose returns the type to compute in with a checkpoint.
func (d DType) choose(c *config.Arch, set *safetensors.Set) (torch.DType, error) {
	if d != "" && d != Auto {
		return d.of()
	}
	if c.DType != "" {
		return DType(c.DType).of()
	}
	for _, name := range set.Names() {
		e, _ := set.Lookup(name)
		if t, ok := floatTypes[e.DType]; ok {
			return t, nil
		}
	}
	if len(set.Names()) == 0 {
		return 0, fmt.Errorf("its weights hold no tensor at all: the checkpoint is not complete")
	}
	return 0, fmt.Errorf("none of its tensors holds F32, F16 or BF16")
}
