package model

import (
	"cmp"
	"encoding/hex"

	"github.com/golens/golens/model/digests"
	"github.com/golens/golens/model/safetensors"
)

// Parameters counts the model's numbers in two ways: each tensor once, as model.parameters() does
// in PyTorch, and module by module, where a tied unembedding counts again.
func (m *Model) Parameters() (unique, modules int64) {
	if m.archive != nil {
		return m.archive.count()
	}
	for _, t := range m.weights.made {
		unique += t.Numel()
	}
	modules = unique
	if m.tied {
		modules += int64(m.Sizes.Vocab) * int64(cmp.Or(m.Config.Arch.ProjectDim, m.Sizes.Width))
	}
	return unique, modules
}

// About returns a description of the embedded model, or "" for any other model.
func (m *Model) About() string {
	if m.Dir != "" {
		return ""
	}
	return "a small GPT-2 that golens brings along, trained on public-domain English; it is not\n" +
		"OpenAI's GPT-2."
}

// Bytes returns the size of the weights in bytes.
func (m *Model) Bytes() int64 {
	if m.archive != nil {
		return m.archive.bytes()
	}
	n, _ := m.Parameters()
	return n * m.DType.Size()
}

// StoredTypes returns the number of the checkpoint's tensors of each dtype.
func (m *Model) StoredTypes() map[string]int {
	types := map[string]int{}
	if m.archive != nil {
		for _, t := range m.archive.stored() {
			types[string(t.DType)]++
		}
		return types
	}
	for name := range m.weights.used {
		if e, ok := m.weights.set.Lookup(name); ok {
			types[string(e.DType)]++
		}
	}
	return types
}

// Recorded returns the digest of the weights in an archive's sidecar, and whether there is one.
func (m *Model) Recorded() (string, bool) {
	if m.archive == nil || m.archive.sidecar == nil {
		return "", false
	}
	return m.archive.sidecar.Weights, m.archive.sidecar.Weights != ""
}

// Family returns the model_type of the configuration, or "" for an archive without one.
func (m *Model) Family() string {
	if m.Config == nil {
		return ""
	}
	return m.Config.Type
}

// ConfigDigest returns the sha256 of the configuration in hexadecimal, or "" for an archive
// without one.
func (m *Model) ConfigDigest() string {
	if m.Config == nil {
		return ""
	}
	return hex.EncodeToString(m.Config.Digest[:])
}

// Digest returns the sha256 over the checkpoint's tensors, in hexadecimal. It reads all of them.
// An archive has the digest of the checkpoint that transformers would write: each tensor once, by
// its name there. If an adapter was merged, the digest covers the adapter as well.
func (m *Model) Digest() (string, error) {
	if m.archive != nil {
		return inHex(m.archive.digest())
	}
	return inHex(m.weights.digest((*safetensors.Set).Digest))
}

// KnownDigest returns Digest. It does not read the tensors if the digest was computed before and
// the files have not changed since (see digests.Of). Use it for a manifest, which names the
// weights. Use Digest to check that weights are whole.
func (m *Model) KnownDigest() (string, error) {
	if m.archive != nil {
		return inHex(m.archive.knownDigest())
	}
	return inHex(m.weights.digest((*safetensors.Set).KnownDigest))
}

func inHex(sum [digests.Size]byte, err error) (string, error) {
	return hex.EncodeToString(sum[:]), err
}
