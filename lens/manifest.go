package lens

import (
	"fmt"

	"github.com/golens/golens/internal/proc"
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
	alone := 0
	if torch.Threads() > 1 && torch.KernelThreads() == 1 {
		alone = 1
	}
	return Manifest{
		KernelThreads: alone, Golens: version.String(), Model: m.Name, Config: m.ConfigDigest(), Tokenizer: digest(tok),
		Libtorch: lib.Version, LibtorchBuild: lib.Build, BLAS: lib.BLAS, Capability: lib.Capability, CPU: proc.CPU(), Threads: torch.Threads(),
		Device: m.Device.String(), DeviceNote: m.DeviceNote, DType: m.DType.String(), Attention: string(m.Attention),
		Mode: "exact", Kernel: "aten",
	}, nil
}

// Key returns what two results must share for their numbers to go together, by name. The
// digest of the weights, which is added later, is for the caller to compare.
func (m Manifest) Key() []struct{ Name, Value string } {
	return []struct{ Name, Value string }{
		{"the configuration", m.Config}, {"the tokenizer", m.Tokenizer}, {"libtorch", m.Libtorch}, {"the build of libtorch", m.LibtorchBuild}, {"the matrix library", m.BLAS},
		{"the CPU's capability", m.Capability}, {"the CPU", m.CPU}, {"the number of threads", fmt.Sprint(m.Threads)}, {"the device", m.Device},
		{"the dtype", m.DType}, {"attention", m.Attention}, {"the mode", m.Mode}, {"the kernel", m.Kernel},
	}
}
