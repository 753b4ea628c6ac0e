package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func writing(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// only says that dir holds the named files and nothing else, least of all a
// temporary one.
func only(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%s holds %v, want %v", dir, got, names)
	}
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != want {
		t.Errorf("%s holds %q, want %q", path, b, want)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	for _, text := range []string{"one", "two"} {
		if err := WriteFile(t.Context(), path, writing(text)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text)
	}
	only(t, dir, "a.json")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o640 {
		t.Errorf("a new file has mode %v under umask 027", info.Mode())
	}
}

// What stood there before stays when writing fails half way.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := WriteFile(t.Context(), path, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("half", 1<<20))
		return broken
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = WriteFile(ctx, path, func(w io.Writer) error {
		cancel()
		_, err := io.WriteString(w, strings.Repeat("half", 1<<20))
		return err
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("error %v", err)
	}
	only(t, dir, "a.json")
	holds(t, path, "before")
}

func TestWriteFileKeepsModeAndLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o777); err != nil {
		t.Fatal(err)
	}
	target, link := filepath.Join(dir, "real", "a.json"), filepath.Join(dir, "link.json")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(t.Context(), link, writing("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, target, "new")
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file became %v (%v)", info.Mode(), err)
	}
	only(t, filepath.Join(dir, "real"), "a.json")
}

// What is no regular file is written as it stands: a pipe, a device.
func TestWriteFileInPlace(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		b, err := os.ReadFile(pipe)
		got <- fmt.Sprint(string(b), err)
	}()
	if err := WriteFile(t.Context(), pipe, writing("through")); err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "through<nil>" {
		t.Errorf("read %s", s)
	}
}

// A link to a file that is not there yet brings that file.
func TestWriteFileThroughDanglingLinks(t *testing.T) {
	dir := t.TempDir()
	for link, to := range map[string]string{"a": "b", "b": filepath.Join(dir, "c.json"), "lost": "no/such.json", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteFile(t.Context(), filepath.Join(dir, "a"), writing("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, filepath.Join(dir, "c.json"), "new")
	for link, want := range map[string]string{"lost": "lost: no such file or directory; make its folder first", "loop": "loop: too many levels of symbolic links"} {
		if err := WriteFile(t.Context(), filepath.Join(dir, link), writing("new")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", link, err)
		}
	}
	only(t, dir, "a", "b", "c.json", "loop", "lost")
}

// A pipe without a name, as a shell's >(...) and /dev/stdout are, is written too.
func TestWriteFileToDescriptor(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// A link of our own to it, since a mistake would put a file in the link's place.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", w.Fd()), link); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(link); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(t.Context(), link, writing("through")); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); string(got) != "through" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		root       bool // root is not held back
	}{
		{"", "no file name", true},
		{dir, "it is a folder", true},
		{filepath.Join(dir, "no", "such.json"), "no such file or directory; make its folder first", true},
		{filepath.Join(file, "x.json"), "not a directory; make its folder first", true},
		{filepath.Join(dir, strings.Repeat("n", 300)), "choose a shorter name", true},
		{filepath.Join(locked, "a.json"), "permission denied; choose a file in a folder that you may write to", false},
		{"/sys/a.json", "choose a file in a folder that you may write to", true}, // nobody may
		{"/dev/full", "no space left on device; free some space", true},
	} {
		if os.Geteuid() == 0 && !c.root {
			continue
		}
		if _, err := os.Stat(filepath.Dir(c.path)); strings.HasPrefix(c.path, "/sys/") && err != nil {
			continue
		}
		if _, err := os.Stat(c.path); c.path == "/dev/full" && err != nil {
			continue
		}
		err := WriteFile(t.Context(), c.path, writing("x"))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: %v, want %q in it", c.path, err, c.want)
		}
	}
	only(t, dir, "file", "locked")
	only(t, locked)
}

// Two files are written at a time, and an error names the one at fault.
func TestFileTakesItsPlaceOnClose(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "one"); err != nil {
		t.Fatal(err)
	}
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is there before it is closed (%v)", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f.Drop() // does nothing any more
	holds(t, path, "one")

	g, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(g, "two"); err != nil {
		t.Fatal(err)
	}
	g.Drop()
	holds(t, path, "one")
	only(t, dir, "a.json")
}

func TestErrorsNameTheFile(t *testing.T) {
	full, err := Create("/dev/full")
	if err != nil {
		t.Skip(err)
	}
	defer full.Drop()
	path := filepath.Join(t.TempDir(), "a.json")
	err = WriteFile(t.Context(), path, func(io.Writer) error {
		if _, err := io.WriteString(full, "x"); err != nil {
			return err
		}
		return fmt.Errorf("in a format: %w", full.Flush())
	})
	var at *Error
	if !errors.As(err, &at) || at.Path != "/dev/full" || !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "a.json") {
		t.Errorf("error %v", err)
	}
}
