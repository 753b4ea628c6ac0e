// Package untested skips tests so that nobody takes a skipped test for one that passed. The
// go command shows nothing of a package that passes, so a line goes round it, to the
// standard error of the go command itself, for every package and reason.
package untested

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Missing skips a test for want of what a machine that tests golens has to have, and says so
// loudly. Where GOLENS_CI or CI is set, as by .ci/run, the test fails: there a skipped test
// would hide what is wrong.
func Missing(t testing.TB, format string, a ...any) {
	t.Helper()
	if os.Getenv("GOLENS_CI") != "" || os.Getenv("CI") != "" {
		t.Fatalf(format+" (a machine where GOLENS_CI or CI is set has to have it)", a...)
	}
	Here(t, format, a...)
}

// Here skips a test that not every machine can run, such as one of a GPU, and says so loudly.
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
