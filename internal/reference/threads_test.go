package reference

import (
	"path/filepath"
	"strings"
	"testing"
)

// A thread count takes effect within one process, whatever was asked for before: it
// gives the bits of a process that has never had another.
func TestThreads(t *testing.T) {
	if testing.Short() {
		t.Skip("starts another Python process")
	}
	fields := map[int]map[string]any{}
	for _, threads := range []int{1, 2} {
		r := Request{Model: Model(t, "12x96"), IDs: IDs(1, 1, 50257), Threads: threads}
		var err error
		if fields[threads], err = r.fields("lens", t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(p *process, threads int) Arrays {
		t.Helper()
		a, err := p.do(fields[threads])
		if err != nil {
			t.Fatal(err)
		}
		if a.Versions.Threads != threads {
			t.Errorf("asked for %d threads, got %d", threads, a.Versions.Threads)
		}
		return a.arrays
	}
	used := start(t)
	one, two := ask(used, 1), ask(used, 2)
	again := ask(used, 1)

	folder, err := root()
	if err != nil {
		t.Fatal(err)
	}
	python, err := interpreter(folder)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := launch(python, filepath.Join(folder, "scripts", "reference.py"), "serve")
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.stop()
	for name, array := range ask(fresh, 2) {
		EqualArrays(t, "2 threads: "+name, two[name], array)
	}
	for name, array := range one {
		EqualArrays(t, "1 thread again: "+name, again[name], array)
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
