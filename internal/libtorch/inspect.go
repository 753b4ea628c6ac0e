package libtorch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Inspect returns the libtorch in dir, a folder with lib/, such as the torch folder
// of a Python environment or an unpacked libtorch archive. The error says why golens cannot
// run with it: missing or short libraries, a version below 2.10, another
// processor, or a library that libtorch_cpu.so needs and would not find.
func Inspect(dir string) (*Install, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, unwrapPath(err))
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	in := &Install{Dir: dir}
	if err := in.has("lib/libtorch_cpu.so", "lib/libc10.so"); err != nil {
		return nil, err
	}
	if err := readVersion(in); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := checkOldest(in.Version); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := readELF(in); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return in, nil
}

// CheckHeaders returns an error unless a shim can be built with this libtorch.
func (in *Install) CheckHeaders() error {
	return in.has("include/ATen/ATen.h", "include/torch/script.h", "include/torch/csrc/api/include/torch/types.h")
}

// has returns an error that names the first of the files that is not there.
func (in *Install) has(files ...string) error {
	for _, file := range files {
		if _, err := os.Stat(filepath.Join(in.Dir, file)); err != nil {
			return fmt.Errorf("%s: no usable libtorch: %s: %w%s", in.Dir, file, unwrapPath(err), nested(in.Dir))
		}
	}
	return nil
}

// nested returns a hint if dir is the folder around libtorch rather than libtorch.
func nested(dir string) string {
	for _, inner := range []string{"libtorch", "torch"} {
		if _, err := os.Stat(filepath.Join(dir, inner, "lib", "libtorch_cpu.so")); err == nil {
			return fmt.Sprintf(" (did you mean %s?)", filepath.Join(dir, inner))
		}
	}
	return ""
}

var (
	pyVersion  = regexp.MustCompile(`(?m)^__version__\s*=\s*['"]([^'"]+)['"]`)
	pyCUDA     = regexp.MustCompile(`(?m)^cuda\b[^=\n]*=\s*['"]([^'"]+)['"]`)
	cppVersion = regexp.MustCompile(`#define\s+TORCH_VERSION\s*\\?\s*"([^"]+)"`)
)

// readVersion fills in.Version and in.CUDA from, in this order: version.py of a
// Python package, build-version of a libtorch archive, the headers.
func readVersion(in *Install) error {
	if text, err := os.ReadFile(filepath.Join(in.Dir, "version.py")); err == nil {
		if m := pyVersion.FindSubmatch(text); m != nil {
			in.Version = string(m[1])
			if m := pyCUDA.FindSubmatch(text); m != nil {
				in.CUDA = string(m[1])
			}
			return nil
		}
	}
	if text, err := os.ReadFile(filepath.Join(in.Dir, "build-version")); err == nil {
		if in.Version = strings.TrimSpace(string(text)); in.Version != "" {
			return nil
		}
	}
	// 2.10 moved the macros to headeronly; the old header remains and includes it.
	for _, header := range []string{"torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"} {
		if text, err := os.ReadFile(filepath.Join(in.Include(), header)); err == nil {
			if m := cppVersion.FindSubmatch(text); m != nil {
				in.Version = string(m[1])
				return nil
			}
		}
	}
	return errors.New("no version found in version.py, build-version or the headers")
}

// unwrapPath drops the path of a file error whose message names the path already.
func unwrapPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
