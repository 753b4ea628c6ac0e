// Package libtorch finds the libtorch that golens runs with, and the shim through which golens
// calls it: a small library that is built once for each minor version of libtorch. It says
// whether a libtorch fits, and builds shims. It only reads files, and loads nothing.
package libtorch

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
)

// The oldest libtorch that golens runs with.
const minMajor, minMinor = 2, 10

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

// Libraries returns what is loaded, in this order.
func (in *Install) Libraries() []string {
	return []string{in.Lib() + "/libc10.so", in.Lib() + "/libtorch_cpu.so"}
}

// Minor returns what a shim is built for: "2.11", and of a development build, whose structs may
// be those of no release, the whole version.
func (in *Install) Minor() string {
	public, _, _ := strings.Cut(in.Version, "+")
	if strings.Trim(public, ".0123456789") != "" {
		return public
	}
	major, minor, _ := parseVersion(in.Version)
	return fmt.Sprintf("%d.%d", major, minor)
}

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

// Error is one sentence with the one command that helps; Places tells the rest.
func (e *NoneError) Error() string {
	if in := lacksShim(e.Skipped); in != nil {
		return fmt.Sprintf("libtorch %s in %s is not ready for golens: run %s", in.Version, in.Dir, SetupCommand())
	}
	return "no libtorch was found: run " + SetupCommand()
}

// Places returns a line for each place that was looked at, with why it does not serve.
func (e *NoneError) Places() string {
	var b strings.Builder
	for _, s := range e.Skipped {
		fmt.Fprintf(&b, "%v\n", s)
	}
	return b.String()
}

// SetupCommand returns what makes a libtorch ready: a command of golens, or of the module that
// imports it.
func SetupCommand() string {
	const program = "github.com/golens/golens/cmd/golens"
	if info, ok := debug.ReadBuildInfo(); ok && info.Path != program && info.Main.Path != "github.com/golens/golens" {
		return "go run " + program + " setup"
	}
	return "golens setup"
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
