package safetensors

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golens/golens/internal/clock"
)

// counted counts the readings of a file's data.
type counted struct {
	io.ReaderAt
	reads *atomic.Int64
}

func (c counted) ReadAt(p []byte, off int64) (int, error) {
	c.reads.Add(1)
	return c.ReaderAt.ReadAt(p, off)
}

// knownDigest returns the set's KnownDigest and how many readings it took. The
// files are stamped as the set has them.
func knownDigest(t *testing.T, s *Set) ([32]byte, int64) {
	t.Helper()
	var reads atomic.Int64
	counting := &Set{Files: s.Files, entries: s.entries}
	for _, r := range s.readers {
		counting.readers = append(counting.readers, counted{r, &reads})
	}
	sum, err := s.knownDigest(counting.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return sum, reads.Load()
}

func openDir(t *testing.T, dir string) *Set {
	t.Helper()
	s, err := openFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestKnownDigest asks for the digest of shards again and again: unchanged, with
// one of them changed, and with headers that say something else of the same files.
func TestKnownDigest(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("nothing is remembered on this system")
	}
	later(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	put(t, dir, "z1", file(onlyA, 1))
	put(t, dir, "a2", file(onlyB, 2))
	put(t, dir, indexName, []byte(`{"weight_map":{"a":"z1","b":"a2"}}`))
	s := openDir(t, dir)
	want := digest(t, s)
	ask := func(what string, s *Set, want [32]byte, read bool) {
		t.Helper()
		if got, reads := knownDigest(t, s); got != want || (reads > 0) != read {
			t.Errorf("%s: digest %x in %d readings, want %x, read: %v", what, got, reads, want, read)
		}
	}
	ask("first", s, want, true)
	ask("again", s, want, false)
	ask("opened anew", openDir(t, dir), want, false)

	one, err := Open(filepath.Join(dir, "z1"))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	ask("one of the files", one, digest(t, one), true)

	// A header that was read before the file was written over, as another process
	// left it whose digest is remembered.
	moved := openDir(t, dir)
	b := moved.entries["b"]
	b.Shape, b.DType = []int64{1}, "U16"
	moved.entries["b"] = b
	ask("another header", moved, digest(t, moved), true)

	f, err := os.OpenFile(filepath.Join(dir, "a2"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{99}, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(f.Name(), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	changed := digest(t, s)
	if changed == want {
		t.Fatal("the change does not show in the digest")
	}
	ask("one shard changed", s, changed, true)
}

// TestKnownDigestInMemory holds that a set of no files has its digest as well.
func TestKnownDigestInMemory(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := written(t, nil, raw("a", U8, []int64{1}, "\x00"))
	if got, reads := knownDigest(t, s); got != digest(t, s) || reads == 0 {
		t.Errorf("digest %x in %d readings", got, reads)
	}
}

// TestKnownDigestOfAClosedSet holds that nothing is remembered past Close.
func TestKnownDigestOfAClosedSet(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	put(t, dir, fileName, file(onlyA, 1))
	s := openDir(t, dir)
	s.Close()
	if _, err := s.KnownDigest(); err == nil {
		t.Error("a closed set has a digest")
	}
}

// later has the test be an hour later: a file that was just written is not remembered.
func later(t *testing.T) {
	clock.Now = func() time.Time { return time.Now().Add(time.Hour) }
	t.Cleanup(func() { clock.Now = time.Now })
}
