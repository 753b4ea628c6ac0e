// Package proc reads what Linux knows of this process and of the machine.
package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Status returns a number of /proc/self/status, such as the process's memory now, VmRSS, or its
// peak, VmHWM. Numbers in kB are returned in bytes.
func Status(name string) (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); key == name {
			return number(value)
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", name)
}

// number reads "12 kB" or "12".
func number(text string) (int64, error) {
	digits, kilo := strings.CutSuffix(strings.TrimSpace(text), " kB")
	n, err := strconv.ParseInt(digits, 10, 64)
	if kilo {
		n <<= 10
	}
	return n, err
}

// ErrNotMapped is the error for a file that the process has not mapped.
var ErrNotMapped = errors.New("the file is not mapped")

// Resident returns how many bytes of the mappings of a file are in the process's memory. path must
// have no links.
func Resident(path string) (int64, error) {
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return 0, err
	}
	var sum int64
	here, found := false, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if first, _, _ := strings.Cut(line, " "); !strings.HasSuffix(first, ":") { // a mapping's own line
			here = strings.HasSuffix(line, " "+path)
			found = found || here
		} else if here && first == "Rss:" {
			n, err := number(strings.TrimPrefix(line, first))
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	if !found {
		return 0, fmt.Errorf("%s: %w", path, ErrNotMapped)
	}
	return sum, nil
}

// ResetPeak starts VmHWM again.
func ResetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// Populates reports whether the system can load pages without a read of them, as Linux does from
// 5.14 on.
func Populates() bool {
	const populateRead = 22 // MADV_POPULATE_READ
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return false
	}
	defer syscall.Munmap(page)
	return syscall.Madvise(page, populateRead) == nil
}
