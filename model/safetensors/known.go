package safetensors

import (
	"crypto/sha256"
	"encoding/binary"
	"os"

	"github.com/golens/golens/model/digests"
)

// KnownDigest returns Digest. It reads no data if an earlier call did, in any process, and the
// files have not changed since (see digests.Of). Use it to name weights, and Digest to check them.
func (s *Set) KnownDigest() ([sha256.Size]byte, error) {
	return s.knownDigest(s.Digest)
}

// knownDigest is KnownDigest with a function that computes Digest.
func (s *Set) knownDigest(compute func() ([sha256.Size]byte, error)) ([sha256.Size]byte, error) {
	return digests.Of(s.stamps, s.places(), compute)
}

// stamps returns the states of the opened files, and false where a file is none
// of the file system's.
func (s *Set) stamps() ([]digests.Stamp, bool) {
	var all []digests.Stamp
	for _, r := range s.readers {
		f, ok := r.(*os.File)
		if !ok {
			return nil, false
		}
		stamp, ok := digests.StampOf(f)
		if !ok {
			return nil, false
		}
		all = append(all, stamp)
	}
	return all, true
}

// places returns what the digest depends on besides the files' bytes: which
// tensors the set has and where, as the headers said when it was opened. Their
// files may have been written over since.
func (s *Set) places() []byte {
	var all []byte
	for _, name := range s.Names() {
		e := s.entries[name]
		all = appendDescription(all, e.Name, e.DType, e.Shape, e.Size)
		all = binary.LittleEndian.AppendUint64(all, uint64(e.File))
		all = binary.LittleEndian.AppendUint64(all, uint64(e.Offset))
	}
	return all
}
