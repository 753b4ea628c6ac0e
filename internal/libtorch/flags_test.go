package libtorch

import (
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is a module whose package torch is linked with a fake libtorch.
var program = map[string]string{
	"go.mod":        "module example\n\ngo 1.26\n",
	"main.go":       "package main\n\nimport \"example/torch\"\n\nfunc main() { println(torch.Fake()) }\n",
	"torch/fake.cc": "#include <torch/script.h>\nextern \"C\" int golens_fake(void);\nextern \"C\" int fake(void) { return GOLENS_FAKE + golens_fake(); }\n",
	"torch/fake.go": "package torch\n\n// #cgo LDFLAGS: -ltorch_cpu -lc10\n// int fake(void);\nimport \"C\"\n\nfunc Fake() int { return int(C.fake()) }\n",
}

// TestFlagsBuild compiles, links and runs a program by the written file, and by
// the environment, with libtorch in a folder whose name has a space.
func TestFlagsBuild(t *testing.T) {
	base := t.TempDir()
	in, err := Inspect(fake{version: "2.11.0"}.write(t, filepath.Join(base, "a place/torch")))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "program")
	for name, text := range program {
		writeFile(t, filepath.Join(dir, name), text)
	}
	local := filepath.Join(dir, "torch/libtorch_local.go")
	shell := func(script string) string {
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_CXXFLAGS=", "CGO_LDFLAGS=", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return strings.TrimSpace(string(out))
	}

	writeFile(t, local, "//go:build !libtorch_env\n\npackage torch\n\nthis would not compile\n")
	if got := shell(in.Environment() + "go build -tags libtorch_env -o env . && ./env"); got != "49" {
		t.Errorf("built by the environment: printed %q, want 42 + 7", got)
	}
	if changed, err := in.WriteLocal(local); err != nil || !changed {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	if got := shell("go build -o local . && ./local"); got != "49" {
		t.Errorf("built by the written file: printed %q, want 42 + 7", got)
	}
	if got := shell("gofmt -l torch"); got != "" {
		t.Errorf("gofmt would change %s", got)
	}
}

// TestLocalFile reads the flags back as the go command does.
func TestLocalFile(t *testing.T) {
	for _, place := range []string{"/opt/torch", "/home/a user/torch", "/home/jürgen/~t@1%^!/torch"} {
		if err := CheckPath(place); err != nil {
			t.Error(err)
		}
		in := &Install{Dir: place, Version: "2.11.0", Build: "0a1b"}
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "local.go"), string(in.LocalFile()))
		pkg, err := build.ImportDir(dir, 0)
		if err != nil {
			t.Fatalf("%s: %v", place, err)
		}
		if pkg.Name != "torch" || !slices.Equal(pkg.CgoCXXFLAGS, in.CXXFlags()) || !slices.Equal(pkg.CgoLDFLAGS, in.LDFlags()) {
			t.Errorf("%s: read back %q %q", place, pkg.CgoCXXFLAGS, pkg.CgoLDFLAGS)
		}
		context := build.Default
		context.BuildTags = []string{"libtorch_env"}
		if match, err := context.MatchFile(dir, "local.go"); err != nil || match {
			t.Errorf("with the tag libtorch_env the file is still built (%v)", err)
		}
	}
}

// TestWriteLocal leaves a right file alone and replaces one of another build.
func TestWriteLocal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libtorch_local.go")
	in := &Install{Dir: "/opt/torch", Version: "2.11.0", Build: "0a"}
	for i, want := range []bool{true, false} {
		if changed, err := in.WriteLocal(path); err != nil || changed != want {
			t.Errorf("write %d: changed %v, error %v", i, changed, err)
		}
	}
	in.Build = "0b"
	if changed, err := in.WriteLocal(path); err != nil || !changed {
		t.Errorf("another build at the same place: changed %v, error %v", changed, err)
	}
	if left, _ := filepath.Glob(filepath.Dir(path) + "/.*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := in.WriteLocal(filepath.Join(t.TempDir(), "none/file.go")); err == nil {
		t.Error("a folder that does not exist was written to")
	}
}
