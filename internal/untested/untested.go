// Package untested skips tests so that nobody takes a skipped test for one that passed. The go
// command prints nothing of a package that passes. So a line goes to the standard error of the go
// command itself, for every package and reason.
package untested

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Missing skips a test because the machine lacks something that every test machine must have, and
// prints a line. If GOLENS_CI or CI is set, as by .ci/run, the test fails instead, because there a
// skipped test would hide a fault.
func Missing(t testing.TB, format string, a ...any) {
	t.Helper()
	if os.Getenv("GOLENS_CI") != "" || os.Getenv("CI") != "" {
		t.Fatalf(format+" (a machine where GOLENS_CI or CI is set has to have it)", a...)
	}
	Here(t, format, a...)
}

// Here skips a test that not every machine can run, such as a test of a GPU, and prints a line.
func Here(t testing.TB, format string, a ...any) {
	t.Helper()
	say(fmt.Sprintf(format, a...))
	t.Skipf(format, a...)
}

var told sync.Map // reasons

// say writes a line once for each reason.
func say(why string) {
	if _, again := told.LoadOrStore(why, true); again {
		return
	}
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	line := fmt.Sprintf("NOT TESTED in %s: %s\n", name, strings.ReplaceAll(why, "\n", " "))
	if f := goCommand(); f != nil {
		defer f.Close()
		if _, err := f.WriteString(line); err == nil {
			return
		}
	}
	os.Stderr.WriteString(line)
}

// goCommand returns the standard error of the go command that runs this test, or nil where
// the system does not tell of it.
func goCommand() *os.File {
	of := fmt.Sprintf("/proc/%d/", os.Getppid())
	name, err := os.ReadFile(of + "comm")
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return nil
	}
	f, err := os.OpenFile(of+"fd/2", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil
	}
	return f
}
