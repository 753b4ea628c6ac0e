package digests

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// later is a clock that is well ahead of the files that a test has just written,
// so that they are as good as old.
func later() time.Time { return time.Now().Add(time.Hour) }

// A subject is a file whose digest is asked for through a cache.
type subject struct {
	cache cache
	file  *os.File
	reads int // how often hash was called
}

func newSubject(t *testing.T, contents string) *subject {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("nothing is remembered on this system")
	}
	s := &subject{cache: cache{dir: filepath.Join(t.TempDir(), "digests"), now: later}}
	s.open(t, filepath.Join(t.TempDir(), "weights"), contents)
	return s
}

// open has the subject be a new file at a path.
func (s *subject) open(t *testing.T, path, contents string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s.file = f
}

func (s *subject) stamps() ([]Stamp, bool) {
	stamp, ok := StampOf(s.file)
	return []Stamp{stamp}, ok
}

func (s *subject) hash() ([Size]byte, error) {
	s.reads++
	b, err := os.ReadFile(s.file.Name())
	return sha256.Sum256(b), err
}

// want asks for the digest, which must be that of contents, and must have taken
// so many readings of the file.
func (s *subject) want(t *testing.T, contents string, reads int) {
	t.Helper()
	before := s.reads
	got, err := s.cache.of(s.stamps, []byte("about"), s.hash)
	if err != nil || got != sha256.Sum256([]byte(contents)) {
		t.Fatalf("digest %x (%v), not that of %q", got, err, contents)
	}
	if s.reads-before != reads {
		t.Fatalf("the file was read %d times, want %d", s.reads-before, reads)
	}
}

// tick waits until the file system's clock, which moves in steps of milliseconds,
// has another time than it had.
func tick() { time.Sleep(30 * time.Millisecond) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUnchangedFileIsReadOnce(t *testing.T) {
	s := newSubject(t, "first")
	s.want(t, "first", 1)
	s.want(t, "first", 0)
	// Another process opens it anew.
	f, err := os.Open(s.file.Name())
	must(t, err)
	defer f.Close()
	s.file = f
	s.want(t, "first", 0)
}

// TestEveryChangeIsSeen changes a remembered file in each way that leaves its
// name, and mostly its length and time as well.
func TestEveryChangeIsSeen(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, s *subject){
		"written in place, with the time put back": func(t *testing.T, s *subject) {
			info, err := s.file.Stat()
			must(t, err)
			f, err := os.OpenFile(s.file.Name(), os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteAt([]byte("other"), 0)
			must(t, errors.Join(err, f.Close(), os.Chtimes(s.file.Name(), info.ModTime(), info.ModTime())))
		},
		"replaced, with the time put back": func(t *testing.T, s *subject) {
			info, err := s.file.Stat()
			must(t, err)
			path := s.file.Name()
			s.open(t, path+".new", "other")
			must(t, os.Chtimes(path+".new", info.ModTime(), info.ModTime()))
			must(t, os.Rename(path+".new", path))
			f, err := os.Open(path)
			must(t, err)
			t.Cleanup(func() { f.Close() })
			s.file = f
		},
		"longer": func(t *testing.T, s *subject) { must(t, os.WriteFile(s.file.Name(), []byte("other, and longer"), 0)) },
		"empty":  func(t *testing.T, s *subject) { must(t, os.Truncate(s.file.Name(), 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t, "first")
			s.want(t, "first", 1)
			tick()
			change(t, s)
			now, err := os.ReadFile(s.file.Name())
			must(t, err)
			s.want(t, string(now), 1)
			s.want(t, string(now), 0)
		})
	}
}

func TestWhatADigestIsOfBelongsToTheKey(t *testing.T) {
	s := newSubject(t, "first")
	s.want(t, "first", 1)
	if _, err := s.cache.of(s.stamps, []byte("another selection"), s.hash); err != nil || s.reads != 2 {
		t.Errorf("%d readings (%v), want one more: another selection has another digest", s.reads, err)
	}
	twice := func() ([]Stamp, bool) {
		stamps, ok := s.stamps()
		return append(stamps, stamps...), ok
	}
	if _, err := s.cache.of(twice, []byte("about"), s.hash); err != nil || s.reads != 3 {
		t.Errorf("%d readings (%v), want one more: two files are not one", s.reads, err)
	}
}

// TestAFileJustChangedIsNotRemembered has a clock by which the file is younger
// than settling.
func TestAFileJustChangedIsNotRemembered(t *testing.T) {
	s := newSubject(t, "first")
	s.cache.now = func() time.Time {
		stamp, _ := StampOf(s.file)
		return time.Unix(0, stamp.since).Add(settling)
	}
	s.want(t, "first", 1)
	s.want(t, "first", 1)
	// An old time of the last writing does not make it older.
	old := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(s.file.Name(), old, old))
	s.want(t, "first", 1)
	s.want(t, "first", 1)
	now := s.cache.now()
	s.cache.now = func() time.Time { return now.Add(1) }
	s.want(t, "first", 1)
	s.want(t, "first", 0)
}

func TestAFileChangedWhileItIsReadIsNotRemembered(t *testing.T) {
	s := newSubject(t, "first")
	hash := func() ([Size]byte, error) {
		sum, err := s.hash()
		tick()
		must(t, os.WriteFile(s.file.Name(), []byte("other"), 0))
		return sum, err
	}
	got, err := s.cache.of(s.stamps, []byte("about"), hash)
	if err != nil || got != sha256.Sum256([]byte("first")) {
		t.Fatalf("digest %x (%v), not that of what was read", got, err)
	}
	s.want(t, "other", 1)
	if names, _ := os.ReadDir(s.cache.dir); len(names) != 1 {
		t.Errorf("%d digests are kept, want only that of the file at rest", len(names))
	}
}

func TestSettled(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	ago := func(d time.Duration) int64 { return at.Add(-d).UnixNano() }
	for _, c := range []struct {
		written, since int64
		want           bool
	}{
		{ago(time.Hour + 1), ago(time.Hour + 1), true},
		{ago(0), ago(time.Hour + 1), false},               // written just now, by a clock of its own
		{ago(-time.Hour), ago(time.Hour + 1), false},      // a time to come
		{ago(time.Hour + 1), ago(time.Second + 1), false}, // changed just now
		{ago(time.Hour + 1), ago(-time.Hour - 1), false},
		{ago(settling + 1), ago(settling + 1), true},
		{ago(settling), ago(settling), false},
		{ago(time.Hour + 1), ago(time.Hour), false}, // whole seconds
		{ago(time.Hour), ago(time.Hour + 1), true},  // as cp -p and tar leave it
	} {
		if got := (Stamp{written: c.written, since: c.since}).Settled(at); got != c.want {
			t.Errorf("written %d and changed %d ns before: settled %v, want %v", at.UnixNano()-c.written, at.UnixNano()-c.since, got, c.want)
		}
	}
}

// TestABadCacheIsAsNone puts things that hold no digest in the place of the file
// that holds one.
func TestABadCacheIsAsNone(t *testing.T) {
	s := newSubject(t, "first")
	s.want(t, "first", 1)
	stamps, _ := s.stamps()
	path := filepath.Join(s.cache.dir, keyOf(stamps, []byte("about")).String())
	good, err := os.ReadFile(path)
	must(t, err)
	other := []byte(contents(key{1}, sha256.Sum256([]byte("other"))))
	garbage := map[string][]byte{
		"empty": {}, "text": []byte("nothing"), "zeros": make([]byte, len(good)), "cut": good[:len(good)-1],
		"longer": append(bytes.Clone(good), '\n'), "upper case": bytes.ToUpper(good), "of another key": other,
	}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 1
		garbage[fmt.Sprintf("byte %d", i)] = flipped
	}
	for name, text := range garbage {
		must(t, os.WriteFile(path, text, 0o600))
		t.Log(name)
		s.want(t, "first", 1)
		s.want(t, "first", 0) // and it is put right
	}
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o700))
	s.want(t, "first", 1)
	s.want(t, "first", 1)
	if names, _ := os.ReadDir(s.cache.dir); len(names) != 1 {
		t.Errorf("%d names in the folder, want none but the one that is in the way", len(names))
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	s := newSubject(t, "first")
	must(t, os.WriteFile(s.cache.dir, nil, 0o600)) // a file has the folder's name
	s.want(t, "first", 1)
	s.want(t, "first", 1)
}

func TestAFolderThatCannotBeWritten(t *testing.T) {
	s := newSubject(t, "first")
	must(t, os.Mkdir(s.cache.dir, 0o500))
	if f, err := os.CreateTemp(s.cache.dir, ""); err == nil {
		f.Close()
		t.Skip("this user may write everywhere")
	}
	s.want(t, "first", 1)
	s.want(t, "first", 1)
}

// TestWithoutAUsersCache holds that Of works where the system names no cache.
func TestWithoutAUsersCache(t *testing.T) {
	s := newSubject(t, "first")
	t.Setenv("XDG_CACHE_HOME", "not/absolute")
	for want := 1; want < 3; want++ {
		if _, err := Of(s.stamps, nil, s.hash); err != nil || s.reads != want {
			t.Errorf("%d readings (%v), want %d", s.reads, err, want)
		}
	}
}

func TestErrorsAreNotRemembered(t *testing.T) {
	s := newSubject(t, "first")
	broken := errors.New("broken")
	if _, err := s.cache.of(s.stamps, []byte("about"), func() (sum [Size]byte, err error) { return sum, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want that of the hash", err)
	}
	s.want(t, "first", 1)
}

// TestTheFolderIsBounded fills it and looks what is left.
func TestTheFolderIsBounded(t *testing.T) {
	c := cache{dir: filepath.Join(t.TempDir(), "digests"), now: later}
	must(t, os.Mkdir(c.dir, 0o700))
	left := filepath.Join(c.dir, "new-123")
	must(t, os.WriteFile(left, nil, 0o600))
	must(t, os.Chtimes(left, time.Time{}, time.Now().Add(-48*time.Hour)))
	sum := [Size]byte{7}
	name := func(i int) key { return sha256.Sum256(fmt.Append(nil, i)) }
	for i := range most + 10 {
		c.write(name(i), sum)
		// As far apart as in use: times of files move in steps.
		at := time.Now().Add(time.Duration(i-2*most) * time.Minute)
		must(t, os.Chtimes(filepath.Join(c.dir, name(i).String()), at, at))
	}
	names, err := os.ReadDir(c.dir)
	must(t, err)
	if len(names) != most {
		t.Errorf("%d files are kept, want %d", len(names), most)
	}
	for i := range most + 10 {
		if _, ok := c.read(name(i)); ok != (i >= 10) {
			t.Errorf("digest %d of %d is kept: %v", i, most+10, ok)
		}
	}
}

// TestManyAtOnce has writers and readers of one key, as parallel processes are.
func TestManyAtOnce(t *testing.T) {
	s := newSubject(t, "first")
	want := sha256.Sum256([]byte("first"))
	done := make(chan error)
	for range 8 {
		go func() {
			for range 50 {
				got, err := s.cache.of(s.stamps, nil, func() ([Size]byte, error) { return want, nil })
				if err == nil && got != want {
					err = fmt.Errorf("digest %x", got)
				}
				if err != nil {
					done <- err
					return
				}
				os.RemoveAll(s.cache.dir)
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
