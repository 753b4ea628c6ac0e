package libtorch

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Sources are the texts that a shim is built from.
type Sources struct {
	FS fs.FS // C++ sources, and the headers beside them
	// Variant is a part of the file's name and of what is built: "" or "asan", a shim with the
	// address sanitizer for programs that have it.
	Variant string
}

// A Shim is the library through which golens calls one minor version of libtorch.
type Shim struct {
	Path     string
	Boundary string // names the functions, and all else of its sources
	Torch    string // the minor version it was built for: "2.11"
}

// section holds what a shim was built with, in lines of a key and a value (shim/table.cc).
const section = ".golens"

// ShimError says that a libtorch serves as soon as a shim was built for it.
type ShimError struct {
	Install *Install
	Err     error // why a file that is there does not serve, else nil
}

func (e *ShimError) Error() string {
	text := fmt.Sprintf("libtorch %s in %s has no shim yet", e.Install.Version, e.Install.Dir)
	if e.Err != nil {
		text = fmt.Sprintf("the shim for libtorch %s does not serve: %v", e.Install.Version, e.Err)
	}
	return text
}

func (e *ShimError) Unwrap() error { return e.Err }

// Boundary returns the name of what a shim of these sources looks like to Go: a digest of all
// texts and of how they are compiled.
func (s Sources) Boundary() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, compileFlags, linkFlags, s.Variant)
	err := fs.WalkDir(s.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(s.FS, path)
		fmt.Fprintln(h, path, len(text))
		h.Write(text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:12], err
}

// ShimName returns the file name of the shim for a libtorch.
func (s Sources) ShimName(in *Install) (string, error) {
	boundary, err := s.Boundary()
	if err != nil {
		return "", err
	}
	name := "libgolens_torch-" + in.Minor() + "-" + boundary
	if s.Variant != "" {
		name += "-" + s.Variant
	}
	return name + ".so", nil
}

// Cache returns golens's own folder in the user's cache.
func Cache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for golens's own files: %w", err)
	}
	return filepath.Join(dir, "golens"), nil
}

// ShimFolders returns where shims lie: beside the program, as in a release, and in the cache,
// where BuildShim puts them.
func ShimFolders() []string {
	var out []string
	if exe, err := os.Executable(); err == nil {
		out = append(out, filepath.Dir(exe), filepath.Join(filepath.Dir(exe), "..", "lib", "golens"))
	}
	if cache, err := Cache(); err == nil {
		out = append(out, filepath.Join(cache, "shims"))
	}
	return out
}

// FindShim returns the shim for a libtorch; a *ShimError where there is none that serves.
func (s Sources) FindShim(in *Install) (*Shim, error) {
	name, err := s.ShimName(in)
	if err != nil {
		return nil, err
	}
	for _, dir := range ShimFolders() {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil { // none, or a folder that is closed to this user
			continue
		}
		shim, err := s.readShim(path, in)
		if err != nil {
			return nil, &ShimError{in, fmt.Errorf("%s %w", path, err)}
		}
		return shim, nil
	}
	return nil, &ShimError{Install: in}
}

// readShim looks at a file without loading any of it: code that was built for another libtorch
// may do anything.
func (s Sources) readShim(path string, in *Install) (*Shim, error) {
	f, err := openELF(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	shim := &Shim{Path: path}
	if sec := f.Section(section); sec != nil && sec.Type != elf.SHT_NOBITS {
		data, err := sec.Data()
		if err != nil {
			return nil, fmt.Errorf("cannot be read: %w", err)
		}
		for line := range strings.Lines(strings.TrimRight(string(data), "\x00")) {
			switch key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); key {
			case "boundary":
				shim.Boundary = value
			case "torch":
				shim.Torch = value
			}
		}
	}
	boundary, err := s.Boundary()
	switch {
	case err != nil:
		return nil, err
	case shim.Torch == "" || shim.Boundary == "":
		return nil, errors.New("is no shim of golens")
	case shim.Boundary != boundary:
		return nil, fmt.Errorf("has the boundary %s, and this golens has %s", shim.Boundary, boundary)
	case shim.Torch != in.Minor():
		return nil, fmt.Errorf("was built for libtorch %s", shim.Torch)
	}
	return shim, nil
}

// Fits returns an error unless the libtorch that is loaded is of the minor version that the
// shim was built for. number is what its aoti_torch_abi_version says: major, minor and patch in
// the three highest bytes; 0 for a libtorch that has no such function.
func (s *Shim) Fits(number uint64) error {
	if number == 0 {
		return errors.New("the libtorch there does not say its version")
	}
	if major, minor, _ := numbers(number); fmt.Sprintf("%d.%d", major, minor) != s.Torch {
		return fmt.Errorf("the libtorch there is %s by its own word, and %s was built for %s", VersionOf(number), s.Path, s.Torch)
	}
	return nil
}

// VersionOf returns the version that aoti_torch_abi_version states: "2.11.0".
func VersionOf(number uint64) string {
	major, minor, patch := numbers(number)
	return fmt.Sprintf("%d.%d.%d", major, minor, patch)
}

func numbers(number uint64) (major, minor, patch int) {
	return int(number >> 56), int(number >> 48 & 0xff), int(number >> 40 & 0xff)
}

// machine is this program's processor in an ELF header, 0 where it is not checked.
func machine() elf.Machine {
	return map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
}
