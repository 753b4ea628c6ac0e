package libtorch

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The loader's own list of the system's libraries.
const loaderCache = "/etc/ld.so.cache"

// readELF checks the two libraries that golens links with and fills in.Build.
func readELF(in *Install) error {
	for _, name := range []string{"libc10.so", "libtorch_cpu.so"} {
		path := filepath.Join(in.Lib(), name)
		f, err := elf.Open(path)
		if err != nil {
			return fmt.Errorf("lib/%s cannot be read (half a download?): %w", name, err)
		}
		if err := checkMachine(f); err != nil {
			f.Close()
			return fmt.Errorf("lib/%s %w", name, err)
		}
		if name == "libc10.so" {
			err = checkABI(f)
		} else {
			in.Build = buildID(f, path)
			err = checkNeeded(f, in.Lib())
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("lib/%s %w", name, err)
		}
	}
	return nil
}

// checkMachine returns an error if f is for another processor than this program.
func checkMachine(f *elf.File) error {
	want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	if want != 0 && f.Machine != want {
		return fmt.Errorf("is for %s, this is %s", f.Machine, want)
	}
	return nil
}

// checkABI returns an error if libc10.so was compiled with the C++ strings of
// before GCC 5, as wheels up to 2.6 were: code compiled with today's would not
// link. The symbol looked at takes a std::string, whose mangled name tells.
func checkABI(f *elf.File) error {
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("has no readable symbols: %w", err)
	}
	old := false
	for _, s := range symbols {
		if !strings.Contains(s.Name, "torchCheckFail") {
			continue
		}
		if strings.Contains(s.Name, "__cxx11") {
			return nil
		}
		old = old || strings.HasSuffix(s.Name, "RKSs")
	}
	if old {
		return errors.New("has the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0), golens needs a build with the new one")
	}
	return nil
}

// checkNeeded returns an error that names the libraries that f needs and that
// the loader would not find: neither beside it, nor in its own rpath, nor in
// LD_LIBRARY_PATH, nor among the system's.
func checkNeeded(f *elf.File, lib string) error {
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("has no readable dynamic section: %w", err)
	}
	system, err := os.ReadFile(loaderCache)
	if err != nil {
		return nil // a system that keeps no list: nothing can be said before loading
	}
	folders := append([]string{lib}, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		entries, _ := f.DynString(tag)
		for _, entry := range entries {
			entry = strings.NewReplacer("$ORIGIN", lib, "${ORIGIN}", lib).Replace(entry)
			folders = append(folders, filepath.SplitList(entry)...)
		}
	}
	var missing []string
	for _, name := range needed {
		if !inFolders(name, folders) && !bytes.Contains(system, []byte("/"+name+"\x00")) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("needs %s, not found in its own search path or the system's", strings.Join(missing, " and "))
	}
	return nil
}

func inFolders(name string, folders []string) bool {
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return true
		}
	}
	return false
}

// buildID returns the id that the linker gave to this very build, or, for a
// library without one, a digest of its size and time of change.
func buildID(f *elf.File, path string) string {
	if section := f.Section(".note.gnu.build-id"); section != nil {
		if id := parseBuildID(section.Open(), f.ByteOrder); id != "" {
			return id
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return "unknown"
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", info.Size(), info.ModTime().UnixNano()))
	return hex.EncodeToString(sum[:20])
}

// parseBuildID returns the description of the note in r, in hexadecimal. A note
// is three 32-bit words (length of name, length of description, type), the name
// "GNU\x00", then the description.
func parseBuildID(r io.Reader, order binary.ByteOrder) string {
	var head struct{ Name, Desc, Type uint32 }
	if binary.Read(r, order, &head) != nil || head.Name != 4 || head.Desc == 0 || head.Desc > 64 {
		return ""
	}
	data := make([]byte, 4+head.Desc)
	if _, err := io.ReadFull(r, data); err != nil {
		return ""
	}
	return hex.EncodeToString(data[4:])
}
