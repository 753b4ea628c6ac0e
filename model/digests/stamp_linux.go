package digests

import (
	"os"
	"syscall"
)

// StampOf returns the state of an open file. It returns false for a file that is not regular, or
// if the system does not say.
func StampOf(f *os.File) (Stamp, bool) {
	info, err := f.Stat()
	if err != nil {
		return Stamp{}, false
	}
	return StampIn(info)
}

// StampIn is StampOf for a FileInfo.
func StampIn(info os.FileInfo) (Stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() {
		return Stamp{}, false
	}
	return Stamp{device: uint64(s.Dev), inode: s.Ino, size: s.Size, written: s.Mtim.Nano(), since: s.Ctim.Nano()}, true
}
