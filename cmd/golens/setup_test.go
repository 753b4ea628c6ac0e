package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golens/golens/torch"
)

// without returns the environment of this process without what leads to a libtorch, and with
// more: golens's cache is empty and there is no Python.
func without(t *testing.T, more ...string) []string {
	t.Helper()
	var out []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "LIBTORCH", "PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "XDG_CACHE_HOME":
		default:
			out = append(out, v)
		}
	}
	return append(append(out, "XDG_CACHE_HOME="+t.TempDir()), more...)
}

// TestComputesNothing: what computes nothing needs no libtorch, and what does says in one
// sentence what to do.
func TestComputesNothing(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	run := func(args ...string) outcome {
		cmd := program(t, args...)
		cmd.Env = without(t, asProgram+"=1", "LIBTORCH="+nowhere)
		cmd.Dir = t.TempDir()
		return finish(t, cmd)
	}
	for _, args := range [][]string{{"--help"}, {"lens", "--help"}, {"version"}, {"tokens", "Are cats good?"}, {"model", "list"}, {"help", "study"}} {
		if got := run(args...); got.code != 0 || got.out == "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
	for _, args := range [][]string{{"lens", "x"}, {"generate", "x"}, {"sweep", "x", "--target", "y", "--scale", "0.5"}, {"hidden", "x"}, {"model", "info"}, {"setup"}} {
		refused(t, run(args...), 1, "$LIBTORCH: "+nowhere+": no such file or directory")
	}
}

// TestNoLibtorch: where none is found at all, the sentence names the one command, soon.
func TestNoLibtorch(t *testing.T) {
	best := time.Hour
	for range 5 {
		cmd := program(t, "lens", "x")
		cmd.Env, cmd.Dir = without(t, asProgram+"=1", "PATH=/nowhere"), t.TempDir()
		begun := time.Now()
		refused(t, finish(t, cmd), 1, "golens: no libtorch was found: run golens setup")
		best = min(best, time.Since(begun))
	}
	t.Logf("it is said after %v", best)
}

// libtorchOfTests returns the folder of the libtorch that this process uses.
func libtorchOfTests(t *testing.T) string {
	t.Helper()
	lib, err := torch.Describe()
	if err != nil {
		t.Fatal(err)
	}
	return lib.Dir
}

const foreignProgram = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/golens/golens/lens"
	"github.com/golens/golens/model"
)

func main() {
	m, err := model.Open("", model.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer m.Close()
	r, err := lens.Read(context.Background(), m, []int64{464, 835}, lens.Options{Top: 1})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(r.TopIDs), r.Manifest.Libtorch)
}
`

// TestSetup: a program of another module builds where there is no libtorch and without a
// network, says which command makes one ready, and reads a lens after that command. So does
// golens itself, which says the second time that nothing is to be done.
func TestSetup(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command and the shim once more, which takes a minute")
	}
	libtorch := libtorchOfTests(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "main.go", []byte(foreignProgram))
	put(t, dir, "go.sum", sums)
	put(t, dir, "go.mod", []byte("module example.org/foreign\n\ngo 1.26\n\nrequire github.com/golens/golens v0.0.0\n\nreplace github.com/golens/golens => "+root+"\n"))
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	env := without(t)
	sh := func(script string, more ...string) (string, error) {
		cmd := exec.Command("sh", "-c", script)
		cmd.Dir, cmd.Env = dir, append(append(env, "GOCACHE="+strings.TrimSpace(string(cache)), "GOFLAGS=-mod=mod "+os.Getenv("GOFLAGS"), "GOPROXY=off", "GOWORK=off"), more...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	run := func(args ...string) outcome {
		cmd := program(t, args...)
		cmd.Env, cmd.Dir = append(env, asProgram+"=1"), dir
		return finish(t, cmd)
	}

	if out, err := sh("go build -o foreign ."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const command = "go run github.com/golens/golens/cmd/golens setup"
	out, err := sh("./foreign", "PATH=/nowhere")
	if err == nil || strings.TrimSpace(out) != "no libtorch was found: run "+command {
		t.Fatalf("without libtorch: %v, %q", err, out)
	}
	// An environment with torch is activated.
	env = append(env, "PYTHONPATH="+filepath.Dir(libtorch))
	if out, err = sh("./foreign"); err == nil || !strings.HasSuffix(strings.TrimSpace(out), "is not ready for golens: run "+command) {
		t.Fatalf("without a shim: %v, %q", err, out)
	}
	refused(t, run("lens", "x"), 1, "is not ready for golens: run golens setup")
	refused(t, run("lens", "x", "--libtorch", libtorch), 1, "--libtorch: libtorch ", "has no shim yet: run golens setup --libtorch "+libtorch)
	if got := run("doctor"); got.code != exitDiffers || !strings.Contains(got.out, "fail  libtorch") || !strings.Contains(got.out, "has no shim yet") {
		t.Errorf("doctor: %+v", got)
	}

	if out, err = sh(command); err != nil || !strings.Contains(out, "building its shim") {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err = sh("./foreign")
	if rows, version, _ := strings.Cut(strings.TrimSpace(out), " "); err != nil || rows != "26" || !strings.HasPrefix(version, "2.") {
		t.Errorf("the foreign program says %v, %q", err, out)
	}
	if got := run("setup"); got.code != 0 || !strings.HasSuffix(got.out, ".so\n") || strings.Contains(got.stderr, "building its shim") {
		t.Errorf("setup a second time: %+v", got)
	}
	if got := run("lens", "Are cats good?"); got.code != 0 || !strings.Contains(got.out, "L11") {
		t.Errorf("lens: %+v", got)
	}
	if got := run("doctor"); got.code != 0 || !strings.Contains(got.out, "which is used") {
		t.Errorf("doctor: %+v", got)
	}
	refused(t, run("setup", "--torch", "2.99.0", "--libtorch", libtorch), 1, "is not the 2.99.0 asked for")
}

// TestCrossed: a libtorch of another version than its folder says, with the shim for what the
// folder says, is refused before a function of the shim is called; so is half a libtorch.
func TestCrossed(t *testing.T) {
	lib, err := torch.Describe()
	if err != nil {
		t.Fatal(err)
	}
	shim, err := os.ReadFile(lib.Shim)
	if err != nil {
		t.Fatal(err)
	}
	minor := lib.Version[:strings.LastIndex(lib.Version, ".")]
	// The folder says 2.99, and its library is the tests' own.
	dir, cache := filepath.Join(t.TempDir(), "torch"), t.TempDir()
	put(t, dir, "version.py", []byte("__version__ = '2.99.0'\n"))
	link(t, filepath.Join(lib.Dir, "lib"), filepath.Join(dir, "lib"))
	link(t, filepath.Join(lib.Dir, "..", "nvidia"), filepath.Join(dir, "..", "nvidia")) // libraries of CUDA, which it finds from its folder
	crossed := bytes.Replace(shim, []byte("torch "+minor+"\n"), []byte("torch 2.99\n"), 1)
	name := strings.Replace(filepath.Base(lib.Shim), "-"+minor+"-", "-2.99-", 1)
	put(t, filepath.Join(cache, "golens", "shims"), name, crossed)
	run := func(dir string) outcome {
		cmd := program(t, "lens", "x")
		cmd.Env = append(without(t), asProgram+"=1", "LIBTORCH="+dir, "XDG_CACHE_HOME="+cache)
		return finish(t, cmd)
	}
	refused(t, run(dir), 1, "is "+lib.Version+" by its own word, and ", name+" was built for 2.99")

	// A library that ends after its first megabyte.
	half := filepath.Join(t.TempDir(), "torch")
	put(t, half, "version.py", []byte("__version__ = '"+lib.Version+"'\n"))
	f, err := os.Open(filepath.Join(lib.Dir, "lib", "libtorch_cpu.so"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	part := make([]byte, 1<<20)
	if _, err := io.ReadFull(f, part); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(half, "lib"), "libtorch_cpu.so", part)
	link(t, filepath.Join(lib.Dir, "lib", "libc10.so"), filepath.Join(half, "lib", "libc10.so"))
	refused(t, run(half), 1, "lib/libtorch_cpu.so cannot be read (half a download?)")
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
