package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// A Error says which file could not be written, why, and what to do about it.
type Error struct {
	Path string // as the user named it
	Err  error
}

func (e *Error) Unwrap() error { return e.Err }

// Error returns one line, without the name of the temporary file.
func (e *Error) Error() string {
	if errors.Is(e.Err, context.Canceled) {
		return fmt.Sprintf("write %s: stopped, nothing was written: %v", e.Path, e.Err)
	}
	cause := e.Err
	var at *fs.PathError
	var link *os.LinkError
	if errors.As(e.Err, &at) {
		cause = at.Err
	} else if errors.As(e.Err, &link) {
		cause = link.Err
	}
	return fmt.Sprintf("write %s: %v%s", e.Path, cause, e.remedy())
}

func (e *Error) remedy() string {
	switch {
	case errors.Is(e.Err, syscall.ENOSPC), errors.Is(e.Err, syscall.EDQUOT):
		return "; free some space or write to another disk"
	case errors.Is(e.Err, fs.ErrPermission), errors.Is(e.Err, syscall.EROFS):
		return "; choose a file in a folder that you may write to"
	case errors.Is(e.Err, fs.ErrNotExist), errors.Is(e.Err, syscall.ENOTDIR):
		return "; make its folder first"
	case errors.Is(e.Err, syscall.ENAMETOOLONG):
		return "; choose a shorter name"
	}
	return ""
}
