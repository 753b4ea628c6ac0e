package torch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golens/golens/internal/proc"
	"github.com/golens/golens/torch"
)

// TestPreloadWithoutMemory: where there is no memory for the list of what is to come, or for
// the thread, nothing comes, and nothing else happens.
func TestPreloadWithoutMemory(t *testing.T) {
	if gate := os.Getenv("GOLENS_TEST_GATE"); gate != "" {
		f := must(torch.Map(numbers(t, 1<<20)))(t)
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 500 {
			f.Preload(0, 4<<20)
			f.Forget(1<<20, 1<<20)
		}
		if err := os.Remove(gate); err != nil {
			t.Fatal(err)
		}
		f.Preload(0, 4<<20)
		x := must(f.Tensor(0, torch.Float32, 1<<20))(t)
		if v := values[float32](t, x); v[0] != 0 || v[1<<20-1] != 1<<20-1 {
			t.Errorf("the file begins with %v and ends with %v", v[0], v[1<<20-1])
		}
		x.Close()
		f.Close()
		fmt.Println("it went on")
		return
	}
	if instrumented {
		t.Skip("a sanitizer brings an operator new of its own, which must come first")
	}
	// While the gate is there, operator new has no memory for what a deque's part or a
	// thread takes.
	gate := filepath.Join(t.TempDir(), "gate")
	out := run(t, "new.so", `
}
void *operator new(std::size_t n) {
  if ((n == 512 || n < 100) && access(getenv("GOLENS_TEST_GATE"), F_OK) == 0) throw std::bad_alloc();
  if (void *p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
extern "C" {`, "LD_PRELOAD", "TestPreloadWithoutMemory", "GOLENS_TEST_GATE="+gate)
	if !strings.Contains(out, "it went on") {
		t.Errorf("it says %q", out)
	}
}

// systemThreads returns how many threads of the system the process has.
func systemThreads(t testing.TB) int {
	t.Helper()
	return int(must(proc.Status("Threads"))(t))
}

// named returns how many threads of the process have a name.
func named(t testing.TB, name string) int {
	t.Helper()
	n := 0
	for _, file := range must(filepath.Glob("/proc/self/task/*/comm"))(t) {
		if data, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(data)) == name {
			n++
		}
	}
	return n
}

var fresh atomic.Int32 // threads named by TestThreads

// TestThreads: the count holds on every thread of the system, whenever it came to be.
func TestThreads(t *testing.T) {
	b := work(t)
	before := torch.Threads()
	t.Cleanup(func() { torch.SetThreads(before) })
	x := b.tensor(make([]float32, 1<<20), 1024, 1024)
	m := b.module("def forward(self, x: Tensor) -> Tensor:\n    return torch.mm(x, x.narrow(1, 0, 64)).exp()\n")
	end := make(chan bool)
	var all sync.WaitGroup
	defer func() { close(end); all.Wait() }()
	// onThread runs f on a thread of the system that no other goroutine has until the end.
	onThread := func(f func()) {
		done := make(chan bool)
		all.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			f()
			done <- true
			<-end
		})
		<-done
	}
	// Threads that ran before have their helpers already: after these, fresh ones come.
	for range 32 {
		onThread(func() {})
	}
	// helpers returns how many threads a product makes for itself on a fresh thread.
	// They inherit its name, which those of Go's runtime do not.
	helpers := func() (n int) {
		onThread(func() {
			name := fmt.Sprint("fresh ", fresh.Add(1))
			if err := os.WriteFile("/proc/thread-self/comm", []byte(name), 0); err != nil {
				t.Error(err)
			}
			if out, err := m.Call("forward", x); err != nil {
				t.Error(err)
			} else {
				out[0].Close()
			}
			n = named(t, name) - 1
		})
		return n
	}
	for _, n := range []int{1, 3, 2} {
		if err := torch.SetThreads(n); err != nil {
			t.Fatal(err)
		}
		if torch.Threads() != n {
			t.Errorf("set to %d: %d", n, torch.Threads())
		}
		for range 3 {
			if got := helpers(); got != n-1 {
				t.Errorf("with %d threads, a product on a fresh one has %d helpers", n, got)
			}
		}
	}
	for _, n := range []int{0, -1, 1025, 1 << 40} {
		failed(t, torch.SetThreads(n), "threads: the number must be from 1 to 1024")
	}
	if torch.Threads() != 2 {
		t.Errorf("a refused count was taken: %d", torch.Threads())
	}
}
