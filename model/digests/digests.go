// Package digests remembers, from one run of the program to the next, the SHA-256
// of files that stay as they are, so that half a gigabyte of weights is not read
// again whenever a result has to name them.
//
// A file is known by what the system says of the opened file: where it lies, its
// size, and when it was last changed. A program can set back the time of the last
// writing (mtime), but not that of the last change (ctime). As git does for its
// index, files that were changed just before they were read are not remembered: a
// second change might have the same time. What no time tells goes unseen: a change
// of a disk's blocks below the file system, or by a program that has had the file
// mapped as shared memory since before it was read.
package digests

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/golens/golens/internal/clock"
)

// Size is the length of a digest in bytes.
const Size = sha256.Size

// settling is how long a file must have been unchanged before it is read. No
// common file system tells times more coarsely.
const settling = 2 * time.Second

// A Stamp is the state that a file is in. Equal stamps stand for equal bytes.
type Stamp struct {
	device, inode  uint64
	size           int64
	written, since int64 // mtime and ctime, nanoseconds since 1970
}

// Settled says whether a change after the moment at must give the file another
// stamp. Times of whole seconds do not tell: they come from file systems with a
// coarse clock, from those that make ctime up, and from images in which all files
// have one time.
func (s Stamp) Settled(at time.Time) bool {
	last := at.Add(-settling).UnixNano()
	return s.written < last && s.since < last && s.since%int64(time.Second) != 0
}

// Of returns the digest that hash computes from files. Where it was computed of
// the same files before, for the same about, it is taken from the user's cache
// and hash is not called.
//
// stamps tells the files' states, and false where they cannot be told; it is
// asked again after hash. about is what the digest depends on besides the bytes.
// Errors are those of hash: a cache that cannot be read or written is as one that
// is empty.
func Of(stamps func() ([]Stamp, bool), about []byte, hash func() ([Size]byte, error)) ([Size]byte, error) {
	root, err := os.UserCacheDir()
	if err != nil {
		return hash()
	}
	c := cache{dir: filepath.Join(root, "golens", "digests"), now: clock.Now}
	return c.of(stamps, about, hash)
}

func (c cache) of(stamps func() ([]Stamp, bool), about []byte, hash func() ([Size]byte, error)) ([Size]byte, error) {
	before, ok := stamps()
	if !ok || len(before) == 0 {
		return hash()
	}
	k := keyOf(before, about)
	if sum, ok := c.read(k); ok {
		return sum, nil
	}
	began := c.now()
	sum, err := hash()
	if err != nil {
		return sum, err
	}
	after, ok := stamps()
	if ok && slices.Equal(before, after) && !slices.ContainsFunc(after, func(s Stamp) bool { return !s.Settled(began) }) {
		c.write(k, sum)
	}
	return sum, nil
}

// A key stands for the states of files and what else a digest depends on.
type key [Size]byte

// keyOf returns the key. Its definition begins with a number, which is raised
// whenever a digest is defined anew.
func keyOf(stamps []Stamp, about []byte) key {
	all := []byte("golens digest 1\x00")
	number := func(n uint64) { all = binary.LittleEndian.AppendUint64(all, n) }
	number(uint64(len(stamps)))
	for _, s := range stamps {
		number(s.device)
		number(s.inode)
		number(uint64(s.size))
		number(uint64(s.written))
		number(uint64(s.since))
	}
	return sha256.Sum256(append(all, about...))
}

func (k key) String() string { return hex.EncodeToString(k[:]) }
