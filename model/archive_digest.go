package model

import (
	"fmt"
	"os"

	"github.com/golens/golens/internal/clock"
	"github.com/golens/golens/model/digests"
	"github.com/golens/golens/model/safetensors"
	"github.com/golens/golens/torch"
)

// loadRoot reads the file's module, and records the state of the file. The tensors are copies, and
// stay as they are whatever happens to the file. libtorch opens the path itself. So the same file
// must have been there, unchanged for a while, before and after.
func (m *Model) loadRoot() error {
	a := m.archive
	began := clock.Now()
	before, known := a.stampNow()
	var err error
	if m.root, err = torch.Load(a.path, m.Device); err != nil {
		return err
	}
	if after, ok := a.stampNow(); known && ok && before == after && before.Settled(began) {
		a.stamp = before
	}
	return nil
}

// stampNow returns the state of the file at the archive's path.
func (a *archive) stampNow() (digests.Stamp, bool) {
	info, err := os.Stat(a.path)
	if err != nil {
		return digests.Stamp{}, false
	}
	return digests.StampIn(info)
}

// digest returns the digest of the tensors as transformers would store them: each once.
func (a *archive) digest() ([digests.Size]byte, error) {
	return safetensors.DigestOf(a.stored()...)
}

// knownDigest returns digest, from an earlier call for the same file if there was one.
func (a *archive) knownDigest() ([digests.Size]byte, error) {
	stamps := func() ([]digests.Stamp, bool) { return []digests.Stamp{a.stamp}, a.stamp != digests.Stamp{} }
	// The names are not the file's alone: the sidecar and options have a part in them.
	var names []byte
	for _, t := range a.tensors {
		names = fmt.Appendf(names, "%q %q %v %v %d\n", t.path, t.key, t.value.DType(), t.value.Shape(), t.of)
	}
	return digests.Of(stamps, names, a.digest)
}
