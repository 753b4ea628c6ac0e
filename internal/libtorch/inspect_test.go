package libtorch

import (
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestInspectWheel(t *testing.T) {
	dir := fake{version: "2.11.0+cu130"}.write(t, filepath.Join(t.TempDir(), "with space/torch"))
	in, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if in.Dir != dir || in.Version != "2.11.0+cu130" || in.CUDA != "13.0" {
		t.Errorf("got %+v", in)
	}
	if len(in.Build) != 40 || strings.Trim(in.Build, "0123456789abcdef") != "" {
		t.Errorf("build %q is not the linker's sha1 id", in.Build)
	}
}

// TestInspectVersion reads the version from each of the places that hold it.
func TestInspectVersion(t *testing.T) {
	tests := []struct {
		name, file, text, want string
	}{
		{"archive", "build-version", "2.13.0+cpu\n", "2.13.0+cpu"},
		{"header of 2.10 and later", "include/torch/headeronly/version.h", "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION \\\n  \"2.12.1\"\n", "2.12.1"},
		{"header of before", "include/torch/csrc/api/include/torch/version.h", "#define TORCH_VERSION \"2.10.0\"\n", "2.10.0"},
		{"development build", "version.py", "__version__ = '2.13.0a0+git70d99e9'\ncuda: Optional[str] = None\n", "2.13.0a0+git70d99e9"},
		{"nowhere", "empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := fake{}.write(t, t.TempDir())
			writeFile(t, filepath.Join(dir, test.file), test.text)
			in, err := Inspect(dir)
			if test.want == "" {
				if err == nil || !strings.Contains(err.Error(), "no version found") {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if in.Version != test.want || in.CUDA != "" {
				t.Errorf("version %q, CUDA %q, want %q and none", in.Version, in.CUDA, test.want)
			}
		})
	}
}

func TestInspectRefuses(t *testing.T) {
	good := fake{version: "2.11.0"}
	tests := []struct {
		name string
		fake fake
		harm func(t *testing.T, dir string)
		want string
	}{
		{"no folder", good, func(t *testing.T, dir string) { os.RemoveAll(dir) }, "no such file"},
		{"no library", good, func(t *testing.T, dir string) { os.Remove(dir + "/lib/libtorch_cpu.so") }, "lib/libtorch_cpu.so: no such file"},
		{"folder around it", good, func(t *testing.T, dir string) {
			rename(t, dir, dir+"-inner")
			mkdir(t, dir)
			rename(t, dir+"-inner", dir+"/libtorch")
		}, "did you mean"},
		{"a file", good, func(t *testing.T, dir string) { os.RemoveAll(dir); writeFile(t, dir, "") }, "is not a folder"},
		{"half a download", good, func(t *testing.T, dir string) {
			if err := os.Truncate(dir+"/lib/libtorch_cpu.so", 100); err != nil {
				t.Fatal(err)
			}
		}, "half a download"},
		{"empty library", good, func(t *testing.T, dir string) { writeFile(t, dir+"/lib/libc10.so", "") }, "lib/libc10.so cannot be read"},
		{"all but the last bytes", good, cutSegment, "is cut short"},
		{"too old", fake{version: "2.9.1"}, nil, "2.9.1 is too old"},
		{"another processor", good, otherMachine, "EM_S390"},
		{"needs what is not there", fake{version: "2.11.0", needs: "libcudart.so.99"}, nil, "needs libcudart.so.99"},
		{"rpath leads nowhere", fake{version: "2.11.0", needs: "libcudart.so.99", rpath: "$ORIGIN/../nvidia"}, nil, "needs libcudart.so.99"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			dir := test.fake.write(t, filepath.Join(parent, "torch"))
			if test.harm != nil {
				test.harm(t, dir)
			}
			in, err := Inspect(dir)
			if err == nil {
				t.Fatalf("accepted: %+v", in)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %q names neither %q nor the folder", err, test.want)
			}
		})
	}
}

// TestInspectNeeded accepts a library that libtorch's own rpath leads to, as in
// a wheel, whose CUDA libraries lie beside the torch folder.
func TestInspectNeeded(t *testing.T) {
	const needed = "libcudart.so.99"
	for _, rpath := range []string{"$ORIGIN/../../nvidia/lib", "/nowhere:${ORIGIN}/../../nvidia/lib:$ORIGIN"} {
		site := t.TempDir()
		dir := fake{version: "2.11.0", needs: needed, rpath: rpath}.write(t, filepath.Join(site, "torch"))
		compile(t, filepath.Join(site, "nvidia/lib", needed), "")
		if _, err := Inspect(dir); err != nil {
			t.Errorf("rpath %s: %v", rpath, err)
		}
	}
}

// TestBuildTells gives two builds of one version different names, with and
// without the linker's id.
func TestBuildTells(t *testing.T) {
	dir := fake{version: "2.11.0"}.write(t, t.TempDir())
	path := filepath.Join(dir, "lib/libtorch_cpu.so")
	names := map[string]bool{}
	for _, flags := range [][]string{nil, {"-Wl,--build-id=0x0123456789"}, {"-Wl,--build-id=none"}} {
		compile(t, path, "int other(void) { return 8; }", flags...)
		in, err := Inspect(dir)
		if err != nil {
			t.Fatal(err)
		}
		names[in.Build] = true
		if again, _ := Inspect(dir); again.Build != in.Build {
			t.Errorf("build %s became %s", in.Build, again.Build)
		}
	}
	if len(names) != 3 || !names["0123456789"] {
		t.Errorf("names of three builds: %v", names)
	}
}

// cutSegment leaves libtorch_cpu.so with its headers, and promises a byte more than it has.
func cutSegment(t *testing.T, dir string) {
	path := dir + "/lib/libtorch_cpu.so"
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(f)
	if err != nil {
		t.Fatal(err)
	}
	const first, size, filesz = 64, 56, 32 // of the program headers of 64-bit ELF, and p_filesz in one
	for i, p := range e.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		if _, err := f.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(info.Size())-p.Off+1), int64(first+i*size+filesz)); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the library has no segment")
}

// otherMachine makes libtorch_cpu.so one for a mainframe.
func otherMachine(t *testing.T, dir string) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the processor is not checked on", runtime.GOARCH)
	}
	f, err := os.OpenFile(dir+"/lib/libtorch_cpu.so", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const offset = 18 // of e_machine in the header
	if _, err := f.WriteAt(binary.LittleEndian.AppendUint16(nil, uint16(elf.EM_S390)), offset); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
