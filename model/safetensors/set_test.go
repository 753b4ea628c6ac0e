package safetensors

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// put writes a file of the test's folder.
func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	path := put(t, t.TempDir(), "x.safetensors", file(ab, 14))
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Files[0]; f.Path != path || f.Size != int64(8+len(ab)+14) || f.Metadata != nil {
		t.Errorf("Files[0] = %+v", f)
	}
	e, ok := s.Lookup("b")
	if !ok {
		t.Fatal("no tensor b")
	}
	r := s.Reader(e)
	got := make([]byte, 2)
	if _, err := r.ReadAt(got, 4); err != nil || !bytes.Equal(got, []byte{12, 13}) {
		t.Errorf("bytes 4 and 5 of b are %v (%v), want 12 and 13", got, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.ReadAt(got, 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a read after Close gives %v, want %v", err, os.ErrClosed)
	}
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("gone", dangling); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		is         error
	}{
		{filepath.Join(dir, "none"), "open weights: stat " + dir, fs.ErrNotExist},
		{dangling, "a link to a file that is gone", fs.ErrNotExist},
		{dir, "not a file; give a .safetensors file", nil},
		{pipe, "not a file", nil},
		{"/dev/zero", "not a file", nil},
		{put(t, dir, "short", []byte("{}")), "the file has 2 bytes", nil},
	} {
		s, err := Open(c.path)
		if s != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("Open(%s): %v, want an error with that path and %q", c.path, err, c.want)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("Open(%s): %v does not wrap %v", c.path, err, c.is)
		}
	}
}

// TestOpenShrunk changes a file under an open set: its bytes are gone, and the
// digest says so.
func TestOpenShrunk(t *testing.T) {
	path := put(t, t.TempDir(), "x.safetensors", file(ab, 14))
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Truncate(path, int64(8+len(ab)+10)); err != nil {
		t.Fatal(err)
	}
	e, _ := s.Lookup("b")
	if b, err := io.ReadAll(s.Reader(e)); err != nil || len(b) != 2 {
		t.Errorf("%d bytes of b are left (%v), want 2", len(b), err)
	}
	if _, err := s.Digest(); err == nil || !strings.Contains(err.Error(), `tensor "b": its bytes end at 2 of 6: the file was changed`) {
		t.Errorf("Digest: %v", err)
	}
}
