package reference

import (
	"path/filepath"
	"strings"
	"testing"
)

// A thread count asked for within one process gives the bits of a process that has
// never had another, whatever was asked for before.
func TestThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("starts another Python process")
	}
	r := Request{Model: Model(t, "12x96"), IDs: IDs(1, 1, 50257)}
	used := start(t)
	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	python, err := interpreter(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		fresh, err := launch(python, filepath.Join(folder, "scripts", "reference.py"), "serve")
		if err != nil {
			t.Fatal(err)
		}
		defer fresh.stop()
		r.Threads = threads
		fields, err := r.fields("lens", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		want, err := fresh.do(fields)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []int{2, 1} {
			r.Threads = before
			Lens(t, r)
			got, err := used.do(fields)
			if err != nil {
				t.Fatal(err)
			}
			if got.Versions.Threads != threads {
				t.Errorf("asked for %d threads, got %d", threads, got.Versions.Threads)
			}
			for name, array := range got.arrays {
				EqualArrays(t, name, array, want.arrays[name])
			}
		}
	}
}

// A process that ends is reported with what it wrote last.
func TestProcessEnds(t *testing.T) {
	if _, err := launch("sh", "-c", "echo no module named torch >&2"); err == nil {
		t.Error("a process that never answers was accepted")
	} else if want := "no module named torch"; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
}
