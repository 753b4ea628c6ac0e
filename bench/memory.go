package bench

import (
	"fmt"
	"os"

	"github.com/golens/golens/internal/proc"
)

// peak returns the process's peak memory since the last reset, in bytes, with the pages of the
// weights that were read. It is 0 if the system does not say.
func peak() int64 {
	bytes, err := proc.Status("VmHWM")
	if err != nil {
		return 0
	}
	return bytes
}

// load returns the average number of processes that wanted to run during the last minute, and
// whether the system says.
func load() (average float64, ok bool) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false
	}
	_, err = fmt.Sscan(string(text), &average)
	return average, err == nil
}
