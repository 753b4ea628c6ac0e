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
)

// A File is a file that comes into being whole or not at all. What is written goes
// to a temporary file in the same folder, which takes the name's place when the
// File is closed; dropped, it goes and what stood there before is untouched. A
// link is followed, a replaced file's permissions are kept, and what is no regular
// file (a pipe, /dev/null) is written in place. Errors are *FileError.
type File struct {
	path string // as the user named it
	into string // what the temporary file becomes, "" for a file written in place
	f    *os.File
	w    *bufio.Writer
}

// Create begins a file at path.
func Create(path string) (*File, error) {
	if path == "" {
		return nil, errors.New("report: no file name to write to")
	}
	f, err := create(path)
	if err != nil {
		return nil, &FileError{path, err}
	}
	f.path = path
	return f, nil
}

func create(path string) (*File, error) {
	// Stat and not the name says what is there: /dev/stdout is a link to a pipe that
	// has no name.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if to, err := os.Readlink(path); err == nil { // a link to a file that is still to come
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(path), to)
			}
			return create(to)
		}
		return begin(path, 0o666, false)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder; name a file in it")
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &File{f: f, w: bufio.NewWriterSize(f, bufferSize)}, err
	}
	to, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if err := writable(to); err != nil {
		return nil, err
	}
	return begin(to, info.Mode().Perm(), true)
}

// begin opens the temporary file of path. The umask applies to mode unless it is
// that of a file that is replaced.
func begin(path string, mode fs.FileMode, replaced bool) (*File, error) {
	temp, err := temporary(path, mode)
	if err != nil {
		return nil, err
	}
	f := &File{into: path, f: temp, w: bufio.NewWriterSize(temp, bufferSize)}
	if replaced {
		if err := temp.Chmod(mode); err != nil {
			f.Drop()
			return nil, err
		}
	}
	return f, nil
}

const bufferSize = 1 << 20

// Write writes p, through a buffer.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	return n, f.wrap(err)
}

// Flush writes what is still buffered, so that a full disk shows before Close.
func (f *File) Flush() error { return f.wrap(f.w.Flush()) }

// Close completes the file and lets it take its place, or drops it where that fails.
func (f *File) Close() error {
	defer f.Drop()
	if err := f.w.Flush(); err != nil {
		return f.wrap(err)
	}
	if err := f.f.Close(); err != nil {
		return f.wrap(err)
	}
	if f.into != "" {
		if err := os.Rename(f.f.Name(), f.into); err != nil {
			return f.wrap(err)
		}
		f.into = ""
	}
	return nil
}

// Drop removes the file, unless Close has completed it.
func (f *File) Drop() {
	f.f.Close()
	if f.into != "" {
		os.Remove(f.f.Name())
		f.into = ""
	}
}

func (f *File) wrap(err error) error {
	if err != nil {
		err = &FileError{f.path, err}
	}
	return err
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

// WriteFile writes to path what write gives, as a File. When write fails, or ctx is
// done before the end, the file is dropped.
func WriteFile(ctx context.Context, path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Drop()
	err = write(contextWriter{ctx, f})
	if err == nil {
		err = ctx.Err()
	}
	var own *FileError
	switch {
	case err == nil:
		return f.Close()
	case errors.As(err, &own):
		return own
	}
	return f.wrap(err)
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
