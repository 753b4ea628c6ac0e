package fetch

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/golens/golens/model/hub"
	"github.com/golens/golens/model/hub/remote"
)

// A store is the place of one model's commit in the cache.
type store struct {
	dir      string // models--ORG--NAME
	locks    string // .locks/models--ORG--NAME
	snapshot string // dir/snapshots/COMMIT
	commit   string
}

// tag marks a folder whose content can be fetched again, for programs of backup.
const tag = "Signature: 8a477f597d28d172789f06886806bc55\n" +
	"# This folder is a cache, which golens and Python's huggingface_hub share.\n" +
	"# See https://bford.info/cachedir/\n"

// newStore makes the folders of a model's commit.
func newStore(cache, model, commit string) (*store, error) {
	folder := hub.Folder(model)
	s := &store{dir: filepath.Join(cache, folder), locks: filepath.Join(cache, ".locks", folder), commit: commit}
	s.snapshot = filepath.Join(s.dir, "snapshots", commit)
	for _, dir := range []string{filepath.Join(s.dir, "blobs"), s.snapshot, s.locks} {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("make the cache's folder: %w", err)
		}
	}
	// Of no consequence where it fails.
	if f, err := os.OpenFile(filepath.Join(cache, "CACHEDIR.TAG"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
		_, _ = io.WriteString(f, tag)
		f.Close()
	}
	return s, nil
}

func (s *store) blob(sum string) string { return filepath.Join(s.dir, "blobs", sum) }

// part is where the bytes of a blob lie until all are there. Python's library and its
// tools know the ending for that of a file which is not whole.
func (s *store) part(sum string) string { return s.blob(sum) + ".golens.incomplete" }

// has reports whether the snapshot has a file, with the size that the hub tells.
func (s *store) has(f remote.File) bool {
	return isWhole(filepath.Join(s.snapshot, filepath.FromSlash(f.Path)), f.Size)
}

// isWhole reports whether a file is there and has a size, where that is known.
func isWhole(path string, size int64) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && (size < 0 || info.Size() == size)
}

// begun returns how many bytes of a file an earlier call has left.
func (s *store) begun(f remote.File) int64 {
	info, err := os.Stat(s.part(f.Sum))
	if f.Sum == "" || err != nil {
		return 0
	}
	return min(info.Size(), max(f.Size, 0))
}

// lock takes the lock of a blob, the one that Python's huggingface_hub takes, and waits
// for whoever holds it. shared is false where the file system has no locks: then a
// temporary name must be of this process alone.
func (s *store) lock(ctx context.Context, sum string, waits func()) (unlock func(), shared bool, err error) {
	l := flock.New(filepath.Join(s.locks, sum+".lock"), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o664))
	release := func() { _ = l.Close() }
	ok, err := l.TryLock()
	if err == nil && !ok {
		waits()
		ok, err = l.TryLockContext(ctx, 100*time.Millisecond)
	}
	switch {
	case ctx.Err() != nil:
		release()
		return nil, false, context.Cause(ctx)
	case ok:
		return release, true, nil
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK):
		release()
		return func() {}, false, nil
	}
	release()
	return nil, false, fmt.Errorf("lock %s: %w", l.Path(), err)
}

// link makes the snapshot's file of a blob: a relative link, or a copy where links
// cannot be.
func (s *store) link(path, sum string) error {
	file := filepath.Join(s.snapshot, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	up := strings.Repeat("../", strings.Count(path, "/")+2)
	target := filepath.FromSlash(up + "blobs/" + sum)
	err := os.Symlink(target, file)
	if errors.Is(err, fs.ErrExist) {
		if have, err := os.Readlink(file); err == nil && have == target {
			return nil
		}
		// What lies there is of another time or of no use. It is replaced in one step.
		temporary := s.blob(sum) + "." + random() + ".incomplete"
		if err = os.Symlink(target, temporary); err == nil {
			if err = os.Rename(temporary, file); err != nil {
				os.Remove(temporary)
			}
		}
	}
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		return s.copy(file, sum)
	}
	return err
}

// copy makes the snapshot's file where the file system has no links.
func (s *store) copy(file, sum string) error {
	from, err := os.Open(s.blob(sum))
	if err != nil {
		return err
	}
	defer from.Close()
	return atomic(s.blob(sum)+"."+random()+".incomplete", file, from)
}

// setRef has a revision's name mean the commit.
func (s *store) setRef(revision string) error {
	file := filepath.Join(s.dir, "refs", filepath.FromSlash(revision))
	if have, err := os.ReadFile(file); err == nil && string(have) == s.commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return atomic(file+"."+random()+".tmp", file, strings.NewReader(s.commit))
}

// atomic writes a file that appears whole or not at all.
func atomic(temporary, file string, content io.Reader) (err error) {
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temporary)
		}
	}()
	if _, err = io.Copy(f, content); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}

// random returns eight hexadecimal digits.
func random() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// free returns the bytes of a folder's disk that are free for the user, -1 where the
// system does not tell.
func free(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * s.Bsize
}
