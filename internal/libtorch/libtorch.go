// Package libtorch finds the libtorch to compile and link golens with. It says whether a libtorch
// fits, and prints the flags that cgo needs. It only reads files: it loads nothing of libtorch and
// does not import "C", so that it works before there is anything to link with.
package libtorch

import (
	"errors"
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

// CheckVersion returns an error unless this libtorch has the version wanted. "" means any version,
// and "2.11.0" every build of it ("2.11.0+cpu").
func (in *Install) CheckVersion(want string) error {
	public, _, _ := strings.Cut(in.Version, "+")
	if want != "" && want != in.Version && want != public {
		return fmt.Errorf("%s: version %s is not the %s asked for by TORCH_VERSION", in.Dir, in.Version, want)
	}
	return nil
}

// String returns one line: the version, the folder, and why it was chosen.
func (in *Install) String() string {
	return fmt.Sprintf("libtorch %s in %s (%s)", in.Version, in.Dir, in.Source)
}

// A Skipped is a place that has no usable libtorch.
type Skipped struct {
	Source string // the place, such as "python3 on PATH"
	Err    error  // why nothing there serves
}

// Empty reports whether there was no libtorch at all, so that nothing of the user's was passed
// over.
func (s Skipped) Empty() bool { return errors.Is(s.Err, errNoTorch) }

func (s Skipped) String() string { return fmt.Sprintf("%s: %v", s.Source, s.Err) }

// A NoneError says that no searched place has a usable libtorch.
type NoneError struct {
	Skipped []Skipped // every place
}

func (e *NoneError) Error() string {
	var b strings.Builder
	b.WriteString("no libtorch found: run make setup, or name one by LIBTORCH (a folder with include/ and lib/) or PYTHON (an interpreter with torch)")
	for _, s := range e.Skipped {
		fmt.Fprintf(&b, "\n  %v", s)
	}
	return b.String()
}

// errNoTorch is in the error of a place that holds no libtorch at all.
var errNoTorch = errors.New("no torch")

// checkOldest returns an error if version is below the oldest one supported, or
// cannot be read.
func checkOldest(version string) error {
	major, minor, ok := parseVersion(version)
	if !ok {
		return fmt.Errorf("version %q is not understood", version)
	}
	if major < minMajor || major == minMajor && minor < minMinor {
		return fmt.Errorf("version %s is too old, golens needs %d.%d or newer", version, minMajor, minMinor)
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
