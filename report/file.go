package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile writes to path what write gives, whole or not at all: the bytes go
// to a temporary file in the same folder, which takes path's place at the end.
// When write fails, the disk is full or ctx is done, the temporary file is
// removed and what stood at path before is untouched. A link is followed, a
// replaced file's permissions are kept, and what is no regular file (a pipe,
// /dev/null) is written in place.
func WriteFile(ctx context.Context, path string, write func(io.Writer) error) error {
	if path == "" {
		return errors.New("report: no file name to write to")
	}
	mode := fs.FileMode(0o666) // less the umask
	if to, err := filepath.EvalSymlinks(path); err == nil {
		info, err := os.Stat(to)
		switch {
		case err != nil:
			return fileError(path, err)
		case info.IsDir():
			return fmt.Errorf("report: write %s: it is a folder; name a file in it", path)
		case !info.Mode().IsRegular():
			return writeInPlace(ctx, path, write)
		}
		mode = info.Mode().Perm()
		if err := writable(to); err != nil {
			return fileError(path, err)
		}
		return replace(ctx, path, to, mode, true, write)
	}
	return replace(ctx, path, path, mode, false, write)
}

// writable says why an existing file may not be written. Renaming over it would
// succeed where the folder allows that, though its owner had protected it.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func replace(ctx context.Context, shown, path string, mode fs.FileMode, chmod bool, write func(io.Writer) error) (err error) {
	f, err := temporary(path, mode)
	if err != nil {
		return fileError(shown, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if chmod {
		if err := f.Chmod(mode); err != nil {
			return fileError(shown, err)
		}
	}
	if err := fill(ctx, f, write); err != nil {
		return fileError(shown, err)
	}
	if err := f.Close(); err != nil {
		return fileError(shown, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fileError(shown, err)
	}
	return nil
}

// temporary makes a new file beside path. os.CreateTemp would make it private
// to the user whatever the umask says.
func temporary(path string, mode fs.FileMode) (*os.File, error) {
	for {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x.tmp", short(filepath.Base(path)), rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// short keeps a temporary name within the file system's limit.
func short(name string) string {
	return name[:min(len(name), 200)]
}

func writeInPlace(ctx context.Context, path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fileError(path, err)
	}
	err = fill(ctx, f, write)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fileError(path, err)
	}
	return nil
}

func fill(ctx context.Context, f *os.File, write func(io.Writer) error) error {
	w := bufio.NewWriterSize(contextWriter{ctx, f}, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return ctx.Err()
}

// A contextWriter fails once its context is done, which ends a long write.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c contextWriter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(p)
}

// fileError says what failed for path and what to do about it. The name of the
// temporary file is no help to anybody and is left out.
func fileError(path string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	cause := err
	if errors.As(err, &at) {
		cause = at.Err
	} else if errors.As(err, &link) {
		cause = link.Err
	}
	remedy := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		remedy = "; free some space or write to another disk"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		remedy = "; choose a file in a folder that you may write to"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		remedy = "; make its folder first"
	case errors.Is(err, syscall.ENAMETOOLONG):
		remedy = "; choose a shorter name"
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("report: write %s: stopped, nothing was written: %w", path, err)
	}
	return fmt.Errorf("report: write %s: %w%s", path, cause, remedy)
}
