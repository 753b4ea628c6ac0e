package model

import (
	"strings"

	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// An archiveTensor is a parameter or buffer of an archive.
type archiveTensor struct {
	key   string // its name in a Hugging Face checkpoint, where the layout is known; else its path
	path  string
	value *torch.Tensor
	of    int // the tensor before it that lies in the same memory, or -1
}

// collect finds the archive's tensors, and which of them are identical.
func (a *archive) collect(root *torch.Module, t *tree, point map[string]string) error {
	wrapper, _ := a.names.wrapper()
	named := a.sidecar != nil && len(a.sidecar.Points) > 0
	for _, part := range t.parts {
		for _, path := range part.Tensors {
			v, err := root.Parameter(path)
			if err != nil {
				return err
			}
			key := strings.TrimPrefix(path, wrapper)
			if p, ok := point[part.Path]; ok && named {
				key = p + path[len(part.Path):]
				if part.Path != a.names.Head {
					key = a.prefix + key
				}
			}
			tensor := archiveTensor{key: key, path: path, value: v, of: -1}
			for i, other := range a.tensors {
				if other.of < 0 && v.Numel() > 0 && v.Numel() == other.value.Numel() && v.SharesStorage(other.value) {
					tensor.of = i
					break
				}
			}
			a.tensors = append(a.tensors, tensor)
		}
	}
	return nil
}

// find returns the tensor at a path, or nil.
func (a *archive) find(path string) *torch.Tensor {
	for _, t := range a.tensors {
		if t.path == path {
			return t.value
		}
	}
	return nil
}

// keyed returns the tensor of a checkpoint's name, or nil.
func (a *archive) keyed(key string) *torch.Tensor {
	for _, t := range a.tensors {
		if t.key == key {
			return t.value
		}
	}
	return nil
}

// count counts the numbers of all parameters: each tensor once, and module by module.
func (a *archive) count() (unique, modules int64) {
	for _, t := range a.tensors {
		if isMask(t.key) {
			continue
		}
		n := t.value.Numel()
		if modules += n; t.of < 0 {
			unique += n
		}
	}
	return unique, modules
}

// bytes returns the size of the tensors in bytes.
func (a *archive) bytes() (n int64) {
	for _, t := range a.tensors {
		if t.of < 0 {
			n += t.value.Numel() * t.value.DType().Size()
		}
	}
	return n
}

// stored returns the tensors of a checkpoint: each once, without the masks of old versions.
func (a *archive) stored() []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, t := range a.tensors {
		if t.of < 0 && !isMask(t.key) {
			out = append(out, safetensors.Tensor{Name: t.key, DType: storedTypes[t.value.DType()], Shape: t.value.Shape(), Data: &tensorReader{t: t.value}})
		}
	}
	return out
}

// isMask reports whether a tensor of a checkpoint is an attention mask or a table of positions.
// Old versions of transformers stored them, and no model needs them.
func isMask(key string) bool {
	for _, end := range []string{".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", ".rotary_emb.inv_freq"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}
