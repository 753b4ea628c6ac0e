package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/golens/golens/internal/untested"
)

// TestTextMemory: a text of several times the windows takes no more memory. What is held
// of a window are matrices [T,V] of 51 MB, states and small results; the heap's own noise
// is some MB, so that half a matrix tells one that stays from none.
func TestTextMemory(t *testing.T) {
	const prose = "It was the best of times, it was the worst of times; and the cat sat on the mat. "
	const half = 256 * 50257 * 4 / 2
	dir := t.TempDir()
	peak := func(sentences int) int64 {
		path := put(t, dir, "text.txt", []byte(strings.Repeat(prose, sentences)))
		cmd := program(t, "lens", "--file", path, "--layers", "12", "--threads", "1", "--json", os.DevNull, "--quiet")
		cmd.Env = append(cmd.Env, "OMP_WAIT_POLICY=PASSIVE")
		if got := finish(t, cmd); got.code != 0 {
			t.Fatalf("exit status %d: %s", got.code, got.stderr)
		}
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			untested.Here(t, "the system does not tell what a process took")
		}
		return usage.Maxrss << 10
	}
	short, long := peak(30), peak(150) // 3 and 15 windows
	if grown := long - short; grown > half {
		t.Errorf("%d MB more memory for five times the text: %d MB, then %d MB", grown>>20, short>>20, long>>20)
	}
}
