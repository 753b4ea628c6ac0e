package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/golens/golens/internal/libtorch"
	"github.com/golens/golens/model/chat"
	"github.com/golens/golens/torch"
)

// A test binary that finds this variable is the program itself: some things, such
// as signals, are a process's own.
const asProgram = "GOLENS_TEST_RUN_AS_PROGRAM"

// asUser, where it is set too, is the user that the program becomes.
const asUser = "GOLENS_TEST_RUN_AS_USER"

func TestMain(m *testing.M) {
	chat.Child()
	if os.Getenv(asProgram) != "" {
		if id, err := strconv.Atoi(os.Getenv(asUser)); err == nil {
			if err := syscall.Setuid(id); err != nil {
				panic(err)
			}
		}
		main()
		panic("main came back")
	}
	for _, name := range []string{modelVariable, "NO_COLOR", "COLUMNS", "COLORTERM", "TERM"} {
		os.Unsetenv(name)
	}
	os.Exit(withCache(m.Run))
}

// withCache runs with a cache for the program that is not the user's own.
func withCache(run func() int) int {
	dir, err := os.MkdirTemp("", "golens-cache-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if err := emptyCache(dir); err != nil {
		panic(err)
	}
	// Programs that start in other folders use the same libtorch.
	lib, err := torch.Describe()
	if err != nil {
		panic(err)
	}
	os.Setenv("LIBTORCH", lib.Dir)
	os.Setenv("XDG_CACHE_HOME", dir)
	return run()
}

// emptyCache makes dir a cache that holds the user's shims alone.
func emptyCache(dir string) error {
	user, err := libtorch.Cache()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "golens"), 0o755); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(user, "shims"), filepath.Join(dir, "golens", "shims"))
}

// An outcome is what a run of the program left behind.
type outcome struct {
	code        int
	out, stderr string
}

// golens runs the program within the test, with nothing on standard input. Threads
// that it sets are put back.
func golens(t *testing.T, args ...string) outcome {
	t.Helper()
	return golensWith(t, "", args...)
}

func golensWith(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	threads := torch.Threads()
	var out, stderr bytes.Buffer
	code := run(context.Background(), append([]string{"golens"}, args...), strings.NewReader(stdin), &out, &stderr)
	if err := torch.SetThreads(threads); err != nil {
		t.Fatal(err)
	}
	return outcome{code, out.String(), stderr.String()}
}

// good is golens for a run that has to succeed without a word on standard error.
func good(t *testing.T, args ...string) string {
	t.Helper()
	got := golens(t, args...)
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("golens %q: exit status %d: %s", args, got.code, got.stderr)
	}
	return got.out
}

// program returns the program as a process of its own, not yet started.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// files returns the names in a folder, hidden ones too.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// put writes a file into a folder and returns its path.
func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
