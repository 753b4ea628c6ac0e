package digests

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// most is the number of digests that are kept: the ones written last.
const most = 256

// A cache is a folder with one file a key, which holds a digest. Processes share
// it without a lock: a file appears whole, and two that write one write the same.
type cache struct {
	dir string
	now func() time.Time
}

// contents returns the text of a key's file: the digest, and a sum by which a
// text that was damaged, or that is another key's, is told.
func contents(k key, sum [Size]byte) string {
	check := sha256.Sum256(append(k[:], sum[:]...))
	return hex.EncodeToString(sum[:]) + " " + hex.EncodeToString(check[:]) + "\n"
}

// read returns the digest that is kept for a key, and false where there is none,
// or something else in its place.
func (c cache) read(k key) (sum [Size]byte, ok bool) {
	path := filepath.Join(c.dir, k.String())
	// Asked first, because reading a pipe that nobody writes to waits for ever.
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(contents(k, sum))) {
		return sum, false
	}
	text, err := os.ReadFile(path)
	if err != nil || len(text) < hex.EncodedLen(Size) {
		return sum, false
	}
	if _, err := hex.Decode(sum[:], text[:hex.EncodedLen(Size)]); err != nil {
		return sum, false
	}
	return sum, string(text) == contents(k, sum)
}

// write keeps a digest, if it can, and lets go of the oldest where there are too
// many. Nothing waits for the disk: what a crash leaves half is told by its sum.
func (c cache) write(k key, sum [Size]byte) {
	if os.MkdirAll(c.dir, 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return
	}
	_, err = f.WriteString(contents(k, sum))
	if cmp.Or(err, f.Close()) != nil || os.Rename(f.Name(), filepath.Join(c.dir, k.String())) != nil {
		os.Remove(f.Name())
		return
	}
	c.trim()
}

// trim removes the oldest files above most, leftovers of writing among them.
func (c cache) trim() {
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) <= most {
		return
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, old := range files[:max(0, len(files)-most)] {
		os.Remove(filepath.Join(c.dir, old.Name()))
	}
}
