package bench

import (
	"fmt"
	"os"
	"strings"
)

// beginPeak begins the process's peak of memory anew, and says whether the system
// allows that.
func beginPeak() bool {
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) == nil
}

// peak returns the most memory that the process had since beginPeak, in bytes, with the
// weights' pages that were read; 0 where the system does not tell.
func peak() (bytes int64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(text), "\nVmHWM:")
	if _, err := fmt.Sscanf(line, "%d kB", &bytes); err != nil {
		return 0
	}
	return bytes << 10
}

// load returns how many processes wanted to run during the last minute, as the system
// counts, and whether it tells.
func load() (average float64, ok bool) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false
	}
	_, err = fmt.Sscan(string(text), &average)
	return average, err == nil
}
