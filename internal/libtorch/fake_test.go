package libtorch

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Names that libc10.so exports in builds of today's C++ ABI and of the old one.
const (
	newABI = "_ZN3c106detail14torchCheckFailEPKcS2_jRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
	oldABI = "_ZN3c106detail14torchCheckFailEPKcS2_jRKSs"
)

// A fake is a tree that looks like libtorch, of libraries that hold one function.
type fake struct {
	version string // of version.py; "" writes none
	abi     string // exported by libc10.so; "" means newABI
	needs   string // a library such as "libcudart.so.99" that libtorch_cpu.so needs
	rpath   string // of libtorch_cpu.so
}

// write makes the tree in dir and returns dir.
func (f fake) write(t *testing.T, dir string) string {
	t.Helper()
	for _, header := range []string{"ATen/ATen.h", "torch/script.h", "torch/csrc/api/include/torch/types.h"} {
		writeFile(t, filepath.Join(dir, "include", header), "#define GOLENS_FAKE 42\n")
	}
	if f.version != "" {
		writeFile(t, filepath.Join(dir, "version.py"), fmt.Sprintf(
			"from typing import Optional\n__all__ = ['__version__']\n__version__ = '%s'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n", f.version))
	}
	if f.abi == "" {
		f.abi = newABI
	}
	compile(t, filepath.Join(dir, "lib/libc10.so"), "void "+f.abi+"(void) {}")
	var flags []string
	if f.needs != "" {
		path := filepath.Join(t.TempDir(), f.needs)
		compile(t, path, "", "-Wl,-soname,"+f.needs)
		flags = append(flags, "-Wl,--no-as-needed", path)
	}
	if f.rpath != "" {
		flags = append(flags, "-Wl,-rpath,"+f.rpath)
	}
	compile(t, filepath.Join(dir, "lib/libtorch_cpu.so"), "int golens_fake(void) { return 7; }", flags...)
	return dir
}

// compile makes a shared library of C source text.
func compile(t *testing.T, path, source string, flags ...string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	args := append([]string{"-shared", "-fPIC", "-nostdlib", "-Wl,--build-id=sha1", "-o", path, "-x", "c", "-", "-x", "none"}, flags...)
	cc := cmp.Or(os.Getenv("CC"), "gcc")
	cmd := exec.Command(cc, args...)
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", cc, args, err, out)
	}
}

// fakePython writes a program that answers as an interpreter with the torch in
// dir does ("" for none), and returns its path.
func fakePython(t *testing.T, path, dir string) string {
	t.Helper()
	writeFile(t, path, fmt.Sprintf("#!/bin/sh\necho 'a greeting of the site'\nprintf 'golens-torch\\t%%s\\t%%s\\n' \"$0\" '%s'\n", dir))
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	mkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}
