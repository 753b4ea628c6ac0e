package model

import (
	"cmp"
	"encoding/hex"

	"github.com/golens/golens/model/digests"
)

// Parameters counts the model's numbers: each tensor once, as model.parameters()
// does in PyTorch, and module by module, where a tied head counts again.
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

// About returns what is to be known of the embedded model, "" for any other.
func (m *Model) About() string {
	if m.Dir != "" {
		return ""
	}
	return "a small GPT-2 that golens brings along, trained on public-domain English; it is not\n" +
		"OpenAI's GPT-2."
}

// Bytes returns the memory that the weights take.
func (m *Model) Bytes() int64 {
	if m.archive != nil {
		return m.archive.bytes()
	}
	n, _ := m.Parameters()
	return n * m.DType.Size()
}

// StoredTypes returns the dtypes in which the checkpoint holds its tensors, with their number.
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

// Recorded returns the digest of the weights that an archive's sidecar tells of, if it does.
func (m *Model) Recorded() (string, bool) {
	if m.archive == nil || m.archive.sidecar == nil {
		return "", false
	}
	return m.archive.sidecar.Weights, m.archive.sidecar.Weights != ""
}

// Family returns the model_type of the configuration; "" where an archive tells none.
func (m *Model) Family() string {
	if m.Config == nil {
		return ""
	}
	return m.Config.Type
}

// ConfigDigest returns the sha256 of the configuration in hexadecimal; "" where an archive tells none.
func (m *Model) ConfigDigest() string {
	if m.Config == nil {
		return ""
	}
	return hex.EncodeToString(m.Config.Digest[:])
}

// Digest returns the sha256 over the checkpoint's tensors, in hexadecimal. It reads
// all of them. An archive's is that of the checkpoint that transformers would
// write: each tensor once, by its name there.
func (m *Model) Digest() (string, error) {
	if m.archive != nil {
		return inHex(m.archive.digest())
	}
	return inHex(m.weights.set.Digest())
}

// KnownDigest returns Digest, without reading the tensors where it was computed
// before and the files have not changed since (see digests.Of). It is for a
// manifest, which names the weights that were used; who wants to know whether they
// are whole calls Digest.
func (m *Model) KnownDigest() (string, error) {
	if m.archive != nil {
		return inHex(m.archive.knownDigest())
	}
	return inHex(m.weights.set.KnownDigest())
}

func inHex(sum [digests.Size]byte, err error) (string, error) {
	return hex.EncodeToString(sum[:]), err
}
