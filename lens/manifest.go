package lens

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/golens/golens/internal/version"
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/token"
	"github.com/golens/golens/torch"
)

// ManifestOf says what makes results with a model: what was read of it, and the
// digest of the weights, are for the caller to add.
func ManifestOf(m *model.Model) (Manifest, error) {
	tok, err := m.Tokenizer()
	if err != nil {
		tok = nil // tokens are known by id
	}
	return manifest(m, tok)
}

// manifest says what makes results with a model: what was read of it, and the
// digest of the weights, which means reading them all, are for the caller to add.
func manifest(m *model.Model, tok *token.Tokenizer) (Manifest, error) {
	lib, err := torch.Describe()
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{
		Golens: version.String(), Model: m.Name, Config: m.ConfigDigest(), Tokenizer: digest(tok),
		Libtorch: lib.Version, BLAS: lib.BLAS, Capability: lib.Capability, CPU: Processor(), Threads: torch.Threads(),
		Device: m.Device.String(), DType: m.DType.String(), Attention: string(m.Attention),
		Mode: "exact", Kernel: "aten",
	}, nil
}

// Key returns what two results must share for their numbers to go together, by name. The
// digest of the weights, which is added later, is for the caller to compare.
func (m Manifest) Key() []struct{ Name, Value string } {
	return []struct{ Name, Value string }{
		{"the configuration", m.Config}, {"the tokenizer", m.Tokenizer}, {"libtorch", m.Libtorch}, {"the matrix library", m.BLAS},
		{"the CPU's capability", m.Capability}, {"the CPU", m.CPU}, {"the number of threads", fmt.Sprint(m.Threads)}, {"the device", m.Device},
		{"the dtype", m.DType}, {"attention", m.Attention}, {"the mode", m.Mode}, {"the kernel", m.Kernel},
	}
}

// Processor returns the name of the CPU, as the system gives it.
var Processor = sync.OnceValue(func() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
})
