// Package atomicfile writes files that appear complete or not at all.
package atomicfile

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// A File is a file that appears complete or not at all. Writes go to a temporary file in the same
// folder. Close syncs that file and gives it its name. Drop removes it, and an older file of that
// name stays as it was.
//
// A link is followed, and the permissions of a replaced file are kept. A path that is no regular
// file (a pipe, /dev/null) is written in place. Errors are of type *Error.
type File struct {
	path string                // as the user named it
	temp *renameio.PendingFile // nil for a file written in place
	f    *os.File
	w    *bufio.Writer
}

// Create begins a file at path.
func Create(path string) (*File, error) {
	if path == "" {
		return nil, errors.New("no file name to write to")
	}
	f, err := create(path)
	if err != nil {
		return nil, &Error{path, err}
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
		return begin(path)
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
	return begin(to, renameio.WithStaticPermissions(info.Mode().Perm()))
}

// begin opens the temporary file of path.
func begin(path string, o ...renameio.Option) (*File, error) {
	o = append([]renameio.Option{renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o666)}, o...)
	temp, err := renameio.NewPendingFile(path, o...)
	if err != nil {
		return nil, err
	}
	return &File{temp: temp, f: temp.File, w: bufio.NewWriterSize(temp, bufferSize)}, nil
}

const bufferSize = 1 << 20

// Write writes p, through a buffer.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	return n, f.wrap(err)
}

// Flush writes what is buffered, so that a full disk shows before Close.
func (f *File) Flush() error { return f.wrap(f.w.Flush()) }

// Close completes the file and gives it its name. If that fails, it drops the file.
func (f *File) Close() error {
	defer f.Drop()
	if err := f.w.Flush(); err != nil {
		return f.wrap(err)
	}
	if f.temp == nil {
		return f.wrap(f.f.Close())
	}
	return f.wrap(f.temp.CloseAtomicallyReplace())
}

// Passing returns the temporary name of the file before Close, for a library that writes by name.
// It is an error for a file that is written in place.
func (f *File) Passing() (string, error) {
	if f.temp == nil {
		return "", &Error{f.path, errors.New("it is no regular file")}
	}
	return f.temp.Name(), nil
}

// Drop removes the file, unless Close has completed it.
func (f *File) Drop() {
	if f.temp == nil {
		f.f.Close()
	} else {
		f.temp.Cleanup() // does nothing once the file has its name
	}
}

func (f *File) wrap(err error) error {
	if err != nil {
		err = &Error{f.path, err}
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

// WriteFile writes a File at path with the bytes that write writes. If write fails, or ctx is done
// before the end, the file is dropped.
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
	var own *Error
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
