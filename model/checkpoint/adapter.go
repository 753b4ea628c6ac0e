package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// AdapterName is the name of the file that describes a LoRA adapter.
const AdapterName = "adapter_config.json"

// AdapterWeights are the files that can hold an adapter's tensors. The first that is there is
// read, as in peft.
var AdapterWeights = []string{"adapter_model.safetensors", "adapter_model.bin"}

// ChooseAdapter returns the file that holds an adapter's tensors. has says which files exist.
func ChooseAdapter(has func(name string) bool) (string, error) {
	if i := slices.IndexFunc(AdapterWeights, has); i >= 0 {
		return AdapterWeights[i], nil
	}
	return "", fmt.Errorf("there is no %s", strings.Join(AdapterWeights, " and no "))
}

// HasAdapter reports whether a folder describes an adapter.
func HasAdapter(dir string) bool { return exists(dir, AdapterName) }

// MissingAdapter returns an error that says what an adapter's folder lacks, or nil.
func MissingAdapter(dir string) error {
	if !HasAdapter(dir) {
		return fmt.Errorf("it has no %s", AdapterName)
	}
	_, err := ChooseAdapter(func(name string) bool { return exists(dir, name) })
	return err
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}
