package model

import (
	"bytes"
	"io"

	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// storedTypes are the names that safetensors has for the types of tensors.
var storedTypes = map[torch.DType]safetensors.DType{
	torch.Float32: safetensors.F32, torch.Float16: safetensors.F16, torch.BFloat16: safetensors.BF16, torch.Float64: safetensors.F64,
	torch.Int64: safetensors.I64, torch.Int32: "I32", torch.UInt8: safetensors.U8, torch.Bool: safetensors.Bool,
}

// A tensorReader reads a tensor's bytes. It copies them when reading begins, and frees them when
// it ends.
type tensorReader struct {
	t     *torch.Tensor
	bytes *bytes.Reader
	done  bool
}

// rewind starts the reading again.
func (r *tensorReader) rewind() { r.bytes, r.done = nil, false }

func (r *tensorReader) Read(p []byte) (int, error) {
	if r.done {
		return 0, io.EOF
	}
	if r.bytes == nil {
		b, err := torch.Bytes(r.t)
		if err != nil {
			return 0, err
		}
		r.bytes = bytes.NewReader(b)
	}
	n, err := r.bytes.Read(p)
	if err == io.EOF {
		r.bytes, r.done = nil, true
	}
	return n, err
}
