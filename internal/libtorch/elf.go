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
	"strings"
)

// The loader's own list of the system's libraries.
const loaderCache = "/etc/ld.so.cache"

// readELF checks the two libraries that golens loads and fills in.Build.
func readELF(in *Install) error {
	for _, path := range in.Libraries() {
		name := "lib/" + filepath.Base(path)
		f, err := openELF(path)
		if err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
		if filepath.Base(path) == "libtorch_cpu.so" {
			in.Build = buildID(f, path)
			err = checkNeeded(f, in.Lib())
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
	}
	return nil
}

// openELF opens a library that can be loaded: whole, and for this processor. The loader does
// not check that a file has all of its segments, and a missing page ends the process.
func openELF(path string) (*elf.File, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read (half a download?): %w", err)
	}
	if want := machine(); want != 0 && f.Machine != want {
		f.Close()
		return nil, fmt.Errorf("is for %s, this is %s", f.Machine, want)
	}
	info, err := os.Stat(path)
	if err != nil {
		f.Close()
		return nil, unwrapPath(err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Off+p.Filesz > uint64(info.Size()) {
			f.Close()
			return nil, fmt.Errorf("is cut short: it has %d bytes, and needs %d", info.Size(), p.Off+p.Filesz)
		}
	}
	return f, nil
}

// checkNeeded returns an error that names the libraries that f needs and that
// the loader would not find: neither beside it, nor in its own rpath, nor in
// LD_LIBRARY_PATH, nor among the system's.
func checkNeeded(f *elf.File, lib string) error {
	names, err := missing(f, lib)
	if err != nil {
		return fmt.Errorf("has no readable dynamic section: %w", err)
	}
	if len(names) > 0 {
		return fmt.Errorf("needs %s, not found in its own search path or the system's", strings.Join(names, " and "))
	}
	return nil
}

// missing returns the libraries that f, in the folder lib, needs and that are not found.
func missing(f *elf.File, lib string) ([]string, error) {
	needed, paths, err := dynamic(f)
	if err != nil {
		return nil, err
	}
	system, err := os.ReadFile(loaderCache)
	if err != nil {
		return nil, nil // a system that keeps no list: nothing can be said before loading
	}
	folders := append([]string{lib}, filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))...)
	for _, entry := range paths {
		entry = strings.NewReplacer("$ORIGIN", lib, "${ORIGIN}", lib).Replace(entry)
		folders = append(folders, filepath.SplitList(entry)...)
	}
	var out []string
	for _, name := range needed {
		if !inFolders(name, folders) && !bytes.Contains(system, []byte("/"+name+"\x00")) {
			out = append(out, name)
		}
	}
	return out, nil
}

// dynamic returns the libraries that f needs, and its rpaths. debug/elf reads all strings of the
// file for that, which in libtorch are the names of all its functions: some megabytes.
func dynamic(f *elf.File) (needed, paths []string, err error) {
	section := f.SectionByType(elf.SHT_DYNAMIC)
	if section == nil || int(section.Link) >= len(f.Sections) || f.Class != elf.ELFCLASS64 {
		return nil, nil, errors.New("there is none of 64 bits")
	}
	data, err := section.Data()
	if err != nil {
		return nil, nil, err
	}
	for ; len(data) >= 16; data = data[16:] {
		tag, value := elf.DynTag(f.ByteOrder.Uint64(data)), f.ByteOrder.Uint64(data[8:])
		switch tag {
		case elf.DT_NULL:
			return needed, paths, nil
		case elf.DT_NEEDED, elf.DT_RPATH, elf.DT_RUNPATH:
			text := make([]byte, 4096) // the longest path
			n, err := f.Sections[section.Link].ReadAt(text, int64(value))
			text, _, ended := bytes.Cut(text[:n], []byte{0})
			if !ended {
				return nil, nil, fmt.Errorf("a name in it has no end: %w", err)
			}
			if tag == elf.DT_NEEDED {
				needed = append(needed, string(text))
			} else {
				paths = append(paths, string(text))
			}
		}
	}
	return needed, paths, nil
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

// Needs returns the packages, as pip names them, with the libraries that the libtorch in dir
// needs and would not find. A CUDA build's libtorch_cpu.so is linked with two of CUDA's.
func Needs(dir string) ([]string, error) {
	f, err := openELF(filepath.Join(dir, "lib", "libtorch_cpu.so"))
	if err != nil {
		return nil, fmt.Errorf("%s: lib/libtorch_cpu.so %w", dir, err)
	}
	defer f.Close()
	names, err := missing(f, filepath.Join(dir, "lib"))
	if err != nil {
		return nil, fmt.Errorf("%s: lib/libtorch_cpu.so has no readable dynamic section: %w", dir, err)
	}
	var out []string
	for _, name := range names {
		library, major, _ := strings.Cut(name, ".so.")
		pkg := map[string]string{"libcudart": "nvidia-cuda-runtime", "libcupti": "nvidia-cuda-cupti"}[library]
		if pkg == "" {
			return nil, fmt.Errorf("%s: lib/libtorch_cpu.so needs %s, and no package with it is known", dir, name)
		}
		if major == "12" { // later packages are named without the number
			pkg += "-cu12"
		}
		out = append(out, pkg+"=="+major+".*")
	}
	return out, nil
}
