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

// A fake is a tree that looks like libtorch, of libraries that hold one function.
type fake struct {
	version string // of version.py; "" writes none
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
	compile(t, filepath.Join(dir, "lib/libc10.so"), "void golens_fake10(void) {}")
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

// fakePython writes a virtual environment's interpreter at path, beside whose packages the torch
// in dir lies ("" for none), and which says so when it is asked. It returns its path.
func fakePython(t *testing.T, path, dir string) string {
	t.Helper()
	writeFile(t, path, fmt.Sprintf("#!/bin/sh\necho 'a greeting of the site'\nprintf 'golens-torch\\t%%s\\t%%s\\n' \"$0\" '%s'\n", dir))
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	prefix := filepath.Dir(filepath.Dir(path))
	writeFile(t, filepath.Join(prefix, "pyvenv.cfg"), "")
	site := filepath.Join(prefix, "lib/python3.11/site-packages")
	mkdir(t, site)
	if dir != "" {
		if err := os.Symlink(dir, filepath.Join(site, "torch")); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
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
