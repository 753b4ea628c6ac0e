package model_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/golens/golens/internal/clock"
	"github.com/golens/golens/internal/reference"
	"github.com/golens/golens/model"
	"github.com/golens/golens/torch"
)

// TestKnownDigest holds that a folder's and an archive's digests are remembered,
// as a cache that has them shows, and are those of what is there when it changes.
func TestKnownDigest(t *testing.T) {
	cache := t.TempDir()
	later(t)
	if err := torch.Open(); err != nil { // by the user's own cache
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", cache)
	kept := func() int {
		names, _ := os.ReadDir(filepath.Join(cache, "golens", "digests"))
		return len(names)
	}
	work := t.TempDir()
	folder, archive := filepath.Join(work, "folder"), filepath.Join(work, "m.pt")
	if err := os.CopyFS(folder, os.DirFS(reference.Model(t, "4x64-untied"))); err != nil {
		t.Fatal(err)
	}
	m := open(t, folder, model.Options{})
	if err := m.Export(archive); err != nil {
		t.Fatal(err)
	}
	if kept() != 0 {
		t.Error("an export, which is to be checked, remembers a digest")
	}
	for _, path := range []string{folder, archive} {
		same := func(m *model.Model) string {
			t.Helper()
			want, err := m.Digest()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if got, err := m.KnownDigest(); err != nil || got != want {
					t.Errorf("%s: known digest %s (%v), want %s", path, got, err, want)
				}
			}
			return want
		}
		before := kept()
		m := open(t, path, model.Options{})
		first := same(m)
		if runtime.GOOS == "linux" && kept() != before+1 {
			t.Errorf("%s: %d digests are kept, want one more than %d", path, kept(), before)
		}
		same(open(t, path, model.Options{}))

		if path == folder {
			flipLastByte(t, filepath.Join(folder, "model.safetensors"))
		} else { // by the archive of what the folder has now
			if err := open(t, folder, model.Options{}).Export(archive[:len(archive)-3] + "-new.pt"); err != nil {
				t.Fatal(err)
			}
			for _, ext := range []string{"", model.SidecarExt} { // an archive goes with its own sidecar only
				if err := os.Rename(archive[:len(archive)-3]+"-new.pt"+ext, archive+ext); err != nil {
					t.Fatal(err)
				}
			}
		}
		if second := same(open(t, path, model.Options{})); second == first {
			t.Errorf("%s: another file has the digest of the one before", path)
		}
		if path == archive {
			if got, err := m.KnownDigest(); err != nil || got != first {
				t.Errorf("%s: the model in memory has the digest %s (%v), want %s: it was read before the change", path, got, err, first)
			}
		}
	}
}

// flipLastByte changes the last byte of a file, and puts its time back.
func flipLastByte(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil {
		t.Fatal(err)
	}
	last[0] ^= 1
	if _, err := f.WriteAt(last[:], info.Size()-1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// later has the test be an hour later: a file that was just written is not remembered.
func later(t *testing.T) {
	clock.Now = func() time.Time { return time.Now().Add(time.Hour) }
	t.Cleanup(func() { clock.Now = time.Now })
}
