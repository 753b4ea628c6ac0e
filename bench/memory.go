package bench

import (
	"fmt"
	"os"

	"github.com/golens/golens/internal/proc"
)

// peak returns the most memory that the process had since it was last reset, in bytes, with
// the weights' pages that were read; 0 where the system does not tell.
func peak() int64 {
	bytes, err := proc.Status("VmHWM")
	if err != nil {
		return 0
	}
	return bytes
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
