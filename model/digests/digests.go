// Package digests remembers the SHA-256 of unchanged files from one run of the program to the
// next. So half a gigabyte of weights is not read again whenever a result names them.
//
// A file is identified by what the system says of it when it is open: its place, its size, and the
// time of its last change. A program can set back the time of the last writing (mtime), but not
// that of the last change (ctime). Files that were changed just before they were read are not
// remembered, because a second change could have the same time. git does the same for its index.
//
// Two changes go unseen: a change of a disk's blocks below the file system, and a change by a
// program that has had the file mapped as shared memory since before it was read.
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

// A Stamp identifies the state of a file. Equal stamps mean equal bytes.
type Stamp struct {
	device, inode  uint64
	size           int64
	written, since int64 // mtime and ctime, nanoseconds since 1970
}

// Settled reports whether a change after the moment at must give the file another stamp. Times of
// whole seconds do not show that. They come from file systems with a coarse clock, from those that
// invent ctime, and from images in which all files have one time.
func (s Stamp) Settled(at time.Time) bool {
	last := at.Add(-settling).UnixNano()
	return s.written < last && s.since < last && s.since%int64(time.Second) != 0
}

// Of returns the digest that hash computes from files. If it was computed before for the same
// files and the same about, it comes from the user's cache, and hash is not called.
//
// stamps returns the files' states, or false if they are not known. It is called again after hash.
// about is what the digest depends on besides the bytes. Errors are those of hash. A cache that
// cannot be read or written counts as empty.
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
