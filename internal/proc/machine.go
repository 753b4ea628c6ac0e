package proc

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// CPU returns the name of the processor, or the architecture if the system gives no name.
var CPU = sync.OnceValue(func() string {
	if name, ok := field("/proc/cpuinfo", "model name"); ok {
		return name
	}
	return runtime.GOARCH
})

// Available returns how many bytes of memory the system can give, and whether that is known.
func Available() (int64, bool) {
	text, ok := field("/proc/meminfo", "MemAvailable")
	if !ok {
		return 0, false
	}
	n, err := number(text)
	return n, err == nil
}

// field returns the value of the first line "key: value" of a file.
func field(path, key string) (string, bool) {
	f, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// Mapped returns the path of the mapped file of a name, such as a library, or "".
func Mapped(name string) string {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if at := strings.IndexByte(s.Text(), '/'); at >= 0 && filepath.Base(s.Text()[at:]) == name {
			return s.Text()[at:]
		}
	}
	return ""
}
