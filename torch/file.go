package torch

// #include <stdlib.h>
// #include "golens.h"
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A File is a mapped file whose bytes serve as tensors without being copied. The mapping
// lives as long as the File or one of its tensors. It is private: writing to a tensor does
// not change the file.
//
// The file must stay as it is while it is mapped. Check and Tensor return an error where
// it was cut short or written to. A file that is cut short later, while an operation reads
// a tensor in it, ends the process (SIGBUS). A file that is replaced by another of its
// name does no harm.
type File struct {
	path    string
	c       *C.golens_file
	cleanup runtime.Cleanup
}

// Map maps the file at path.
func Map(path string) (*File, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	f := &File{path: path}
	if err := check("map "+path, C.golens_file_map(p, &f.c)); err != nil {
		return nil, err
	}
	f.cleanup = runtime.AddCleanup(f, func(c *C.golens_file) { C.golens_file_free(c) }, f.c)
	return f, nil
}

// Check returns an error where the file was cut short or written to since it was mapped.
func (f *File) Check() error {
	op := "read " + f.path
	if f.c == nil {
		return closed(op)
	}
	defer runtime.KeepAlive(f)
	return check(op, C.golens_file_check(f.c))
}

// Preload has these bytes read and their pages mapped in the background, for a reader who
// has other things to do first. Bytes that are forgotten meanwhile do not come, and after
// Close none do. Bytes outside the file are not looked at. Where the system cannot, pages
// come when they are read.
func (f *File) Preload(offset, bytes int64) {
	if f.c != nil {
		hint(C.golens_file_preload(f.c, C.int64_t(offset), C.int64_t(bytes)))
		runtime.KeepAlive(f)
	}
}

// hint frees the message of a call that changes no number, but only when pages come and go.
func hint(msg *C.char) { C.free(unsafe.Pointer(msg)) }

// Close gives the File's share of the mapping back.
func (f *File) Close() error {
	if f.c != nil {
		f.cleanup.Stop()
		C.golens_file_free(f.c)
		f.c = nil
	}
	return nil
}

// Tensor returns the bytes from offset on as a tensor. An offset that is no
// multiple of the element's size gives a copy.
func (f *File) Tensor(offset int64, d DType, shape ...int64) (*Tensor, error) {
	op := fmt.Sprintf("read %v tensor of shape %v at %d of %s", d, shape, offset, f.path)
	if f.c == nil {
		return nil, closed(op)
	}
	defer runtime.KeepAlive(f)
	bytes, err := bytesOf(op, d, shape)
	if err != nil {
		return nil, err
	}
	var out *C.golens_tensor
	if err := check(op, C.golens_file_tensor(f.c, C.int64_t(offset), C.int64_t(bytes), C.int(d), dims(shape), C.int(len(shape)), &out)); err != nil {
		return nil, err
	}
	return ownTensor(out), nil
}

// Forget tells the system that these bytes, once read, are not needed in memory. They come
// back when they are read again. Pages that somebody wrote to through a tensor are no longer
// the file's: they stay, with what was written. All stay where the system does not tell which
// these are (/proc/self/pagemap). Bytes outside the file are not looked at.
func (f *File) Forget(offset, bytes int64) {
	if f.c != nil {
		hint(C.golens_file_forget(f.c, C.int64_t(offset), C.int64_t(bytes)))
		runtime.KeepAlive(f)
	}
}
