package checkpoint

import (
	"strings"

	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/model/torchsave"
)

// Open opens the weights in a file: safetensors, a file of torch.save, or an index that
// lists shards of either.
func Open(file string) (*safetensors.Set, error) {
	open := safetensors.Open
	if strings.HasSuffix(strings.TrimSuffix(file, ".index.json"), ".bin") {
		open = torchsave.Open
	}
	if IsIndex(file) {
		return safetensors.OpenShards(file, open)
	}
	return open(file)
}

// OpenDir opens the weights in a model's folder: see File.
func OpenDir(dir string) (*safetensors.Set, error) {
	file, err := File(dir)
	if err != nil {
		return nil, err
	}
	return Open(file)
}
