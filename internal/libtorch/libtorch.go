// Package libtorch finds the libtorch that golens is compiled and linked
// against, says whether it fits, and prints the flags that cgo needs for it.
// It reads files only: nothing of libtorch is loaded, and "C" is not imported,
// so that it works before there is anything to link with.
package libtorch

import (
	"fmt"
	"strconv"
	"strings"
)

// The oldest libtorch that golens compiles against.
const minMajor, minMinor = 2, 6

// An Install is one libtorch on this machine.
type Install struct {
	Dir     string    // absolute path of the folder that holds include/ and lib/
	Version string    // as libtorch states it, such as "2.11.0+cu130"
	Build   string    // hexadecimal name of this very build of libtorch_cpu.so
	CUDA    string    // CUDA version it was built for, "" for a CPU build or where unknown
	Python  string    // the interpreter that imports this torch, "" where none was asked
	Source  string    // where it was found, such as "$LIBTORCH" or "the project's .venv"
	Skipped []Skipped // places that come earlier in the search and did not serve
}

// Include returns the folder of the ATen and c10 headers.
func (in *Install) Include() string { return in.Dir + "/include" }

// Lib returns the folder of libtorch_cpu.so and libc10.so.
func (in *Install) Lib() string { return in.Dir + "/lib" }

// String returns one line: the version, the folder, and why it was chosen.
func (in *Install) String() string {
	return fmt.Sprintf("libtorch %s in %s (%s)", in.Version, in.Dir, in.Source)
}

// A Skipped names a place where libtorch was looked for and why it was passed over.
type Skipped struct {
	Source string // the place, such as "python3 on PATH"
	Reason string // why nothing there serves
}

func (s Skipped) String() string { return s.Source + ": " + s.Reason }

// checkVersion returns an error if version is below the oldest one supported,
// cannot be read, or is not the one that is wanted ("" accepts every version).
// A wanted version without a local part ("2.11.0") accepts any ("2.11.0+cpu").
func checkVersion(version, want string) error {
	major, minor, ok := parseVersion(version)
	if !ok {
		return fmt.Errorf("version %q is not understood", version)
	}
	if major < minMajor || major == minMajor && minor < minMinor {
		return fmt.Errorf("version %s is too old, golens needs %d.%d or newer", version, minMajor, minMinor)
	}
	public, _, _ := strings.Cut(version, "+")
	if want != "" && want != version && want != public {
		return fmt.Errorf("version %s is not the %s asked for by TORCH_VERSION", version, want)
	}
	return nil
}

// parseVersion returns the first two numbers of a version such as "2.12.0a0+git1f2".
func parseVersion(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil && major >= 0 && minor >= 0
}
